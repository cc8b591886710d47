# Installs nwm into an empty folder, then configures, builds and runs the consumer against it, with its optional
# parts and without, and asks for what the package must refuse.
cmake_minimum_required(VERSION 3.25)

function(run)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE result)
  if(NOT result STREQUAL "0")
    list(JOIN ARGV " " command)
    message(FATAL_ERROR "${result}: ${command}")
  endif()
endfunction()

function(must_fail expected)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  string(REGEX REPLACE "[ \n]+" " " output "${output}")
  if(result STREQUAL "0" OR NOT output MATCHES "${expected}")
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "expected to fail with '${expected}': ${command}\n${output}")
  endif()
endfunction()

file(REMOVE_RECURSE ${WORK}/find_package)
set(prefix ${WORK}/find_package/prefix)
set(build ${WORK}/find_package/build)
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${prefix})

list(JOIN PREFIX_PATH ":" folders)
set(ENV{CMAKE_PREFIX_PATH} ${prefix}:${folders})
set(configure ${CMAKE_COMMAND} -S ${SOURCE} -G Ninja -D CMAKE_CXX_COMPILER=${COMPILER}
              -D CONSUMER_VERSION=${VERSION})
run(${configure} -B ${build} -D CMAKE_BUILD_TYPE=${CONFIG})
run(${CMAKE_COMMAND} --build ${build})
run(${build}/consumer)
run(${build}/consumer_with_parts)
run(${build}/version)
run(${build}/consumer_of_drums)
if(EXISTS ${build}/consumer_over_ranks)
  run(${build}/consumer_over_ranks)
endif()

# The package is where it was installed, not where it was built.
file(READ ${build}/nwm_include_dir.txt folder)
if(NOT folder STREQUAL "${prefix}/include")
  message(FATAL_ERROR "the consumer's headers come from ${folder}, not from ${prefix}/include")
endif()

must_fail("requested version \"99\"" ${configure} -B ${build}/newer -D CONSUMER_VERSION=99)
must_fail("no component sonar" ${configure} -B ${build}/component -D CONSUMER_COMPONENT=sonar)

# As a folder and as a package in one project, with several configurations and with several sources in one; and
# without giflib, which only an optional component asks for.
foreach(way folder_first package_first optional)
  set(folder ${WORK}/find_package/${way})
  run(${CMAKE_COMMAND} -S ${SOURCE}/ways -B ${folder} -G "Ninja Multi-Config" -D CMAKE_CXX_COMPILER=${COMPILER}
      -D CMAKE_UNITY_BUILD=ON -D CMAKE_DISABLE_FIND_PACKAGE_GIF=ON -D NWM_FOLDER=${SOURCE}/../.. -D WAY=${way})
  run(${CMAKE_COMMAND} --build ${folder} --config Debug)
  run(${folder}/Debug/ways)
endforeach()
