# nwm::cuda_toolkit: what a .cu file of nwm is compiled and linked with, where the project has the language CUDA.
# Used here and by the installed package.
find_package(CUDAToolkit 12 QUIET)
if(TARGET CUDA::cublas AND NOT TARGET nwm::cuda_toolkit)
  add_library(nwm::cuda_toolkit INTERFACE IMPORTED GLOBAL)
  # The runtime is the one that CMake links by itself (CMAKE_CUDA_RUNTIME_LIBRARY, static unless said otherwise):
  # with CUDA::cudart a program would have two.
  target_link_libraries(nwm::cuda_toolkit INTERFACE CUDA::cublas)
  find_package(CCCL QUIET CONFIG HINTS ${CUDAToolkit_LIBRARY_DIR}/cmake) # else nvcc brings its own Thrust
  if(TARGET CCCL::CCCL)
    target_link_libraries(nwm::cuda_toolkit INTERFACE CCCL::CCCL)
  endif()
  # Kernels are constexpr functions; Eigen's headers (20012) and empty arrays (186) make nvcc warn. CMake 3.25 knows
  # no cuda_std_20 of CUDA 13.
  target_compile_options(nwm::cuda_toolkit
                         INTERFACE $<$<COMPILE_LANGUAGE:CUDA>:-std=c++20 --expt-relaxed-constexpr
                                   -diag-suppress=20012,186>)
endif()
