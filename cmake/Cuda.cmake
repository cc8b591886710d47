# Switches the language CUDA on, for the cards of NWM_CUDA_ARCHITECTURES. CMAKE_CUDA_ARCHITECTURES and the environment's
# CUDAARCHS are the user's: where one is set, it counts.
include_guard(GLOBAL)
include(CheckLanguage)

check_language(CUDA)
if(NOT CMAKE_CUDA_COMPILER)
  message(FATAL_ERROR "nwm: NWM_CUDA needs nvcc of CUDA 12 or newer: put it on PATH or set CUDACXX")
endif()
# 80 is code for compute capability 8.0, which 8.6 and 8.9 run, too, and PTX that the driver compiles for newer ones.
set(NWM_CUDA_ARCHITECTURES "80;90a-real" CACHE STRING
    "Cards to compile for, as CMAKE_CUDA_ARCHITECTURES has them: 80 is 8.0 to 8.9 and PTX for later ones")
if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES AND NOT DEFINED ENV{CUDAARCHS})
  set(CMAKE_CUDA_ARCHITECTURES ${NWM_CUDA_ARCHITECTURES})
endif()
enable_language(CUDA)
include(${CMAKE_CURRENT_LIST_DIR}/nwm-cuda.cmake)
if(NOT TARGET nwm::cuda_toolkit)
  message(FATAL_ERROR "nwm: NWM_CUDA needs the CUDA toolkit's runtime and cuBLAS, of CUDA 12 or newer")
endif()
