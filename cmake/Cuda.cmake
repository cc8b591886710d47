# nwm::cuda: what a .cu file needs that trains on an NVIDIA GPU. CMAKE_CUDA_ARCHITECTURES is the user's; without
# it there is code for compute capability 9.0, and PTX that newer ones take.
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
find_package(CUDAToolkit 12 REQUIRED)
find_package(CCCL QUIET CONFIG HINTS ${CUDAToolkit_LIBRARY_DIR}/cmake) # else nvcc brings its own Thrust

add_library(nwm_cuda INTERFACE)
add_library(nwm::cuda ALIAS nwm_cuda)
# The runtime that CMake links by itself (CMAKE_CUDA_RUNTIME_LIBRARY, static unless said otherwise) is the only
# one: beside CUDA::cudart a program would have two.
target_link_libraries(nwm_cuda INTERFACE nwm CUDA::cublas)
if(TARGET CCCL::Thrust)
  target_include_directories(nwm_cuda SYSTEM INTERFACE $<TARGET_PROPERTY:CCCL::Thrust,INTERFACE_INCLUDE_DIRECTORIES>)
endif()
# Kernels are constexpr functions; Eigen's headers make nvcc warn (20012), and sizes that are 0 where a backend
# needs no memory (186). CMake 3.25 knows no cuda_std_20 of CUDA 13.
target_compile_options(nwm_cuda INTERFACE
                       $<$<COMPILE_LANGUAGE:CUDA>:-std=c++20 --expt-relaxed-constexpr -diag-suppress=20012,186>)
