# cmake -D COMPILER= -D COMPILER_ID= -D FLAGS= -D INCLUDES= -D PRECOMPILED= -P precompile.cmake
# Precompiles the header that nearly all sources here include. Anew each time: headers may have changed.
cmake_minimum_required(VERSION 3.25)
include(${CMAKE_CURRENT_LIST_DIR}/compiler.cmake)

file(REMOVE_RECURSE ${PRECOMPILED})
file(WRITE ${precompiled_source} "#include \"${header}\"\n")
execute_process(COMMAND ${compiler} -x c++-header ${precompiled_source} -o ${precompiled} COMMAND_ERROR_IS_FATAL ANY)
