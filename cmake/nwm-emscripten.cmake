# nwm::emscripten: em++, the compiler for WebAssembly, as a program.
find_program(NWM_EMXX em++ DOC "Emscripten's C++ compiler")
mark_as_advanced(NWM_EMXX)
if(NWM_EMXX)
  add_executable(nwm::emscripten IMPORTED GLOBAL)
  set_target_properties(nwm::emscripten PROPERTIES IMPORTED_LOCATION ${NWM_EMXX})
endif()
