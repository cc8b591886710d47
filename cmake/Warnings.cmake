# nwm_warnings: what the project's own programs and tests are compiled with. Never part of nwm::nwm.
add_library(nwm_warnings INTERFACE)
target_compile_options(nwm_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion)
if(NOT NWM_HAS_OPENMP)
  target_compile_options(nwm_warnings INTERFACE -Wno-unknown-pragmas) # the omp ones
endif()
if(NWM_WERROR)
  target_compile_options(nwm_warnings INTERFACE -Werror)
endif()
