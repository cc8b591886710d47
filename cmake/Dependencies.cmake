# The libraries nwm and its programs use: how each is found, what it is called elsewhere, and what is said when
# it is missing.
#
#   nwm_find(NAME)        looks for one; the target nwm_target_NAME exists afterwards if it is there
#   nwm_offer(OUT NAME)   one that can be done without
#   nwm_require(NAME...)  all of them, or configuring stops with the list of what to install
include_guard(GLOBAL)
set(nwm_cmake_dir ${CMAKE_CURRENT_LIST_DIR})
set(nwm_dependencies_dir ${PROJECT_BINARY_DIR}/dependencies) # what was built from source

macro(nwm_dependency name target debian)
  set(nwm_target_${name} ${target})
  set(nwm_debian_${name} ${debian})
endmacro()
#              name      target                     Debian package
nwm_dependency(Eigen3    Eigen3::Eigen              libeigen3-dev)
nwm_dependency(xsimd     xsimd                      libxsimd-dev)
nwm_dependency(OpenMP    OpenMP::OpenMP_CXX         libgomp1) # comes with g++
nwm_dependency(Threads   Threads::Threads           libc6-dev) # comes with g++
nwm_dependency(ZLIB      ZLIB::ZLIB                 zlib1g-dev)
nwm_dependency(PNG       PNG::PNG                   libpng-dev)
nwm_dependency(GIF       GIF::GIF                   libgif-dev)
nwm_dependency(Spectra   Spectra::Spectra           libspectra-dev)
nwm_dependency(CLI11     CLI11::CLI11               libcli11-dev)
nwm_dependency(Thrust    nwm::thrust                libthrust-dev)
nwm_dependency(MPI       MPI::MPI_CXX               "libopenmpi-dev;openmpi-bin")
nwm_dependency(NCCL      nwm::nccl_library          libnccl-dev) # of NVIDIA's own apt source
nwm_dependency(Boost     Boost::unit_test_framework libboost-test-dev)
nwm_dependency(benchmark benchmark::benchmark       libbenchmark-dev)
nwm_dependency(Doxygen   Doxygen::doxygen           doxygen)
nwm_dependency(Python3   Python3::Interpreter       python3)

function(nwm_find name)
  if(TARGET ${nwm_target_${name}})
    return()
  endif()
  list(APPEND CMAKE_PREFIX_PATH ${nwm_dependencies_dir})
  set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON) # seen by a project that has nwm as a subdirectory, too
  if(name STREQUAL "Eigen3")
    include(${nwm_cmake_dir}/nwm-eigen.cmake)
  elseif(name STREQUAL "xsimd")
    include(${nwm_cmake_dir}/nwm-xsimd.cmake)
  elseif(name STREQUAL "OpenMP")
    find_package(OpenMP QUIET COMPONENTS CXX)
  elseif(name STREQUAL "Threads")
    set(THREADS_PREFER_PTHREAD_FLAG ON)
    find_package(Threads QUIET)
  elseif(name STREQUAL "Boost")
    find_package(Boost 1.67 QUIET COMPONENTS unit_test_framework)
  elseif(name STREQUAL "Thrust")
    include(${nwm_cmake_dir}/nwm-thrust.cmake)
  elseif(name STREQUAL "MPI")
    set(MPI_CXX_SKIP_MPICXX ON) # its C interface is called
    find_package(MPI QUIET COMPONENTS CXX)
  elseif(name STREQUAL "NCCL")
    include(${nwm_cmake_dir}/nwm-nccl.cmake)
  elseif(name STREQUAL "Doxygen")
    find_package(Doxygen 1.9.4 QUIET)
  elseif(name STREQUAL "Python3")
    find_package(Python3 3.9 QUIET COMPONENTS Interpreter)
  elseif(name MATCHES "^(ZLIB|PNG|GIF)$")
    find_package(${name} QUIET)
  else()
    find_package(${name} QUIET CONFIG)
  endif()
endfunction()

# Sets `out` to those names that cannot be found.
function(nwm_missing out)
  set(missing "")
  foreach(name IN LISTS ARGN)
    nwm_find(${name})
    if(NOT TARGET ${nwm_target_${name}})
      list(APPEND missing ${name})
    endif()
  endforeach()
  set(${out} "${missing}" PARENT_SCOPE)
endfunction()

# Sets `out` to the Debian packages of the names.
function(nwm_debian_packages out)
  set(packages "")
  foreach(name IN LISTS ARGN)
    list(APPEND packages ${nwm_debian_${name}})
  endforeach()
  set(${out} "${packages}" PARENT_SCOPE)
endfunction()

# Sets `out` to whether one is there, brought in as a Debian package where NWM_PROVIDE_DEPENDENCIES asks for that.
function(nwm_offer out name)
  nwm_missing(missing ${name})
  if(missing AND NWM_PROVIDE_DEPENDENCIES)
    include(${nwm_cmake_dir}/ProvideDependencies.cmake)
    nwm_provide_by_apt(${missing})
    nwm_missing(missing ${missing})
  endif()
  if(missing)
    set(${out} OFF PARENT_SCOPE)
  else()
    set(${out} ON PARENT_SCOPE)
  endif()
endfunction()

function(nwm_require)
  list(REMOVE_DUPLICATES ARGN)
  nwm_missing(missing ${ARGN})
  if(missing AND NWM_PROVIDE_DEPENDENCIES)
    include(${nwm_cmake_dir}/ProvideDependencies.cmake)
    nwm_provide(${missing})
    nwm_missing(missing ${missing})
  endif()
  if(missing)
    nwm_debian_packages(packages ${missing})
    list(JOIN missing ", " names)
    list(JOIN packages " " packages)
    set(hint "or let CMake bring them in:\n    -DNWM_PROVIDE_DEPENDENCIES=ON")
    if(NWM_PROVIDE_DEPENDENCIES)
      set(hint "Neither apt-get nor the pinned sources could bring them in (see above).")
    endif()
    message(FATAL_ERROR "nwm: not found: ${names}\nOn Debian or Ubuntu install them with\n"
                        "    apt-get install ${packages}\n"
                        "elsewhere name their folders in CMAKE_PREFIX_PATH\n${hint}\n")
  endif()
endfunction()
