# nwm::thrust: Thrust's headers alone, of a CUDA toolkit (newer ones keep them in include/cccl) or of Debian, for its
# host systems. Used here and by the installed package.
find_path(NWM_THRUST_INCLUDE_DIR thrust/for_each.h
          HINTS ${CUDAToolkit_ROOT} ENV CUDA_PATH /usr/local/cuda
          PATH_SUFFIXES include/cccl include)
if(NWM_THRUST_INCLUDE_DIR AND NOT TARGET nwm::thrust)
  add_library(nwm::thrust INTERFACE IMPORTED GLOBAL)
  target_include_directories(nwm::thrust SYSTEM INTERFACE ${NWM_THRUST_INCLUDE_DIR})
  # Without this Thrust takes for granted that nvcc compiles.
  target_compile_definitions(nwm::thrust INTERFACE
                             $<$<COMPILE_LANGUAGE:CXX>:THRUST_DEVICE_SYSTEM=THRUST_DEVICE_SYSTEM_CPP>)
endif()
