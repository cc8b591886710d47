# nwm_provide_from_source(NAME...): builds pinned releases of missing dependencies into a folder of the build tree,
# where nwm_find looks too. For machines on which no package manager may be used.
#
# Archives are taken from NWM_DOWNLOADS when they are there (as NAME-FILE), and downloaded into it otherwise; their
# SHA-256 must be the one below. Where the sums come from: Eigen, xsimd, giflib, libpng, Spectra and Google Benchmark:
# the upstream archives Debian 12 builds its packages from, in its signed .dsc files; zlib and CLI11, which Debian
# repacks: `git archive` of the tagged tree gives the same bytes; Boost: the sum boost.org published.
include_guard(GLOBAL)

set(NWM_DOWNLOADS ${PROJECT_BINARY_DIR}/downloads CACHE PATH "Folder of the pinned sources' archives")

function(nwm_pinned name url sum)
  set(nwm_pinned_url_${name} ${url} PARENT_SCOPE)
  set(nwm_pinned_sum_${name} ${sum} PARENT_SCOPE)
  set(nwm_pinned_options_${name} "${ARGN}" PARENT_SCOPE) # for the release's own CMake
endfunction()

nwm_pinned(Eigen3 https://gitlab.com/libeigen/eigen/-/archive/3.4.0/eigen-3.4.0.tar.bz2
           b4c198460eba6f28d34894e3a5710998818515104d6e74e5cc331ce31e46e626
           -DBUILD_TESTING=OFF -DEIGEN_BUILD_DOC=OFF)
nwm_pinned(xsimd https://github.com/xtensor-stack/xsimd/archive/refs/tags/8.1.0.tar.gz
           d52551360d37709675237d2a0418e28f70995b5b7cdad7c674626bcfbbf48328)
nwm_pinned(ZLIB https://github.com/madler/zlib/archive/refs/tags/v1.2.13.tar.gz
           1525952a0a567581792613a9723333d7f8cc20b87a81f920fb8bc7e3f2251428)
nwm_pinned(PNG https://github.com/pnggroup/libpng/archive/refs/tags/v1.6.39.tar.gz
           a00e9d2f2f664186e4202db9299397f851aea71b36a35e74910b8820e380d441
           -DPNG_TESTS=OFF)
nwm_pinned(GIF https://downloads.sourceforge.net/project/giflib/giflib-5.2.1.tar.gz
           31da5562f44c5f15d63340a09a4fd62b48c45620cd302f77a6d9acf0077879bd)
nwm_pinned(Spectra https://github.com/yixuan/spectra/archive/refs/tags/v1.0.1.tar.gz
           919e3fbc8c539a321fd5a0766966922b7637cc52eb50a969241a997c733789f3)
nwm_pinned(CLI11 https://github.com/CLIUtils/CLI11/archive/refs/tags/v2.1.2.tar.gz
           26291377e892ba0e5b4972cdfd4a2ab3bf53af8dac1f4ea8fe0d1376b625c8cb
           -DCLI11_BUILD_TESTS=OFF -DCLI11_BUILD_EXAMPLES=OFF -DCLI11_BUILD_DOCS=OFF)
nwm_pinned(Boost https://archives.boost.io/release/1.74.0/source/boost_1_74_0.tar.bz2
           83bfc1507731a0906e387fc28b7ef5417d591429e51e788417fe9ff025e116b1)
nwm_pinned(benchmark https://github.com/google/benchmark/archive/refs/tags/v1.7.1.tar.gz
           6430e4092653380d9dc4ccb45a1e2dc9259d581f4866dc0759713126056bc1d7
           -DBENCHMARK_ENABLE_TESTING=OFF -DBENCHMARK_ENABLE_GTEST_TESTS=OFF -DBENCHMARK_INSTALL_DOCS=OFF)

# Releases without a CMake build: cmake/pinned/ has one.
set(nwm_pinned_build_GIF giflib)
set(nwm_pinned_build_Boost boost_test)

# Sets `out` to the path of the archive with the right sum, or to nothing where it cannot be had.
function(nwm_pinned_archive name out)
  set(${out} "" PARENT_SCOPE)
  set(url ${nwm_pinned_url_${name}})
  cmake_path(GET url FILENAME file)
  set(archive ${NWM_DOWNLOADS}/${name}-${file})
  if(NOT EXISTS ${archive})
    message(STATUS "nwm: downloading ${url}")
    file(DOWNLOAD ${url} ${archive}.part STATUS status TLS_VERIFY ON INACTIVITY_TIMEOUT 30)
    list(GET status 0 code)
    if(NOT code EQUAL 0)
      list(GET status 1 reason)
      message(STATUS "nwm: not to be had: ${reason}")
      file(REMOVE ${archive}.part)
      return()
    endif()
    file(RENAME ${archive}.part ${archive})
  endif()
  file(SHA256 ${archive} sum)
  if(NOT sum STREQUAL nwm_pinned_sum_${name})
    message(FATAL_ERROR "nwm: ${archive} is not the release that is pinned\n  expected SHA-256 "
                        "${nwm_pinned_sum_${name}}\n  found            ${sum}\nDelete it to download it again.")
  endif()
  set(${out} ${archive} PARENT_SCOPE)
endfunction()

function(nwm_pinned_run step log)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_FILE ${log} ERROR_FILE ${log})
  if(NOT result STREQUAL "0")
    message(FATAL_ERROR "nwm: ${step} failed: ${result}; its output is in ${log}")
  endif()
endfunction()

function(nwm_provide_from_source)
  set(names ${ARGN})
  if("PNG" IN_LIST names)
    nwm_missing(zlib ZLIB)
    list(PREPEND names ${zlib}) # before libpng, which is built on it
    list(REMOVE_DUPLICATES names)
  endif()
  foreach(name IN LISTS names)
    if(NOT DEFINED nwm_pinned_url_${name})
      message(STATUS "nwm: no source of ${name} is pinned")
      continue()
    endif()
    nwm_pinned_archive(${name} archive)
    if(NOT archive)
      continue()
    endif()
    message(STATUS "nwm: building ${name} from ${archive}")
    set(work ${PROJECT_BINARY_DIR}/dependencies-build/${name})
    file(REMOVE_RECURSE ${work})
    file(ARCHIVE_EXTRACT INPUT ${archive} DESTINATION ${work}/source)
    file(GLOB source ${work}/source/*)
    set(options ${nwm_pinned_options_${name}})
    if(nwm_pinned_build_${name})
      list(APPEND options -DPINNED_SOURCE=${source})
      set(source ${nwm_cmake_dir}/pinned/${nwm_pinned_build_${name}})
    endif()
    nwm_pinned_run("configuring ${name}" ${work}/configure.log
      ${CMAKE_COMMAND} -S ${source} -B ${work}/build -G ${CMAKE_GENERATOR} -DCMAKE_BUILD_TYPE=Release
      -DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER} -DCMAKE_INSTALL_PREFIX=${nwm_dependencies_dir}
      -DCMAKE_PREFIX_PATH=${nwm_dependencies_dir} -DCMAKE_INSTALL_LIBDIR=lib -Wno-dev ${options})
    nwm_pinned_run("building ${name}" ${work}/build.log ${CMAKE_COMMAND} --build ${work}/build --parallel 2)
    nwm_pinned_run("installing ${name}" ${work}/install.log ${CMAKE_COMMAND} --install ${work}/build)
    file(REMOVE_RECURSE ${work})
  endforeach()
endfunction()
