# nwm_warnings: what the project's own programs and tests are compiled with. Never part of nwm::nwm.
add_library(nwm_warnings INTERFACE)
# nvcc knows none of these; its own warnings are on.
target_compile_options(nwm_warnings INTERFACE
                       "$<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wpedantic;-Wshadow;-Wconversion>")
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 takes the AVX-512 intrinsics' own `__Y = __Y` for a mistake (GCC bug 105593); clang still looks.
  target_compile_options(nwm_warnings INTERFACE "$<$<COMPILE_LANGUAGE:CXX>:-Wno-maybe-uninitialized;-Wno-uninitialized>")
endif()
if(NOT NWM_HAS_OPENMP)
  target_compile_options(nwm_warnings INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Wno-unknown-pragmas>) # the omp ones
endif()
if(NWM_WERROR)
  target_compile_options(nwm_warnings INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Werror>)
endif()
