# Switches the language CUDA on. CMAKE_CUDA_ARCHITECTURES is the user's; without it there is code for compute
# capability 9.0, and PTX that newer ones take.
include_guard(GLOBAL)
include(CheckLanguage)

check_language(CUDA)
if(NOT CMAKE_CUDA_COMPILER)
  message(FATAL_ERROR "nwm: NWM_CUDA needs nvcc of CUDA 12 or newer: put it on PATH or set CUDACXX")
endif()
if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
  set(CMAKE_CUDA_ARCHITECTURES 90)
endif()
enable_language(CUDA)
include(${CMAKE_CURRENT_LIST_DIR}/nwm-cuda.cmake)
if(NOT TARGET nwm::cuda_toolkit)
  message(FATAL_ERROR "nwm: NWM_CUDA needs the CUDA toolkit's runtime and cuBLAS, of CUDA 12 or newer")
endif()
