# cmake -D COMPILER= -D COMPILER_ID= -D FLAGS= -D INCLUDES= [-D PRECOMPILED=] -D SOURCE= -P compile_fail.cmake
# SOURCE must be refused with the text and in the number of lines it promises, and its twin must compile. PRECOMPILED is
# the folder that precompile.cmake filled; without one, each source takes its time.
cmake_minimum_required(VERSION 3.25)
include(${CMAKE_CURRENT_LIST_DIR}/compiler.cmake)

file(READ ${SOURCE} text)
cmake_path(GET SOURCE FILENAME name)

# The leading blank keeps CMake from wrapping the line.
macro(fail why)
  message("${errors}")
  message(FATAL_ERROR " ${name}: ${why}")
endmacro()

# Sets `out` to the value of the first `// key: value` of `text`, or to `otherwise`.
function(directive out key otherwise)
  if(text MATCHES "(^|\n)// ${key}: *([^\n]+)")
    set(${out} "${CMAKE_MATCH_2}" PARENT_SCOPE)
  else()
    set(${out} "${otherwise}" PARENT_SCOPE)
  endif()
endfunction()
directive(max_lines max-lines 12)
directive(max_errors max-errors 1)
directive(misuse_flags misuse-flags "") # of the misuse alone
separate_arguments(misuse_flags UNIX_COMMAND "${misuse_flags}")

if(COMPILER_ID STREQUAL "GNU")
  set(options -fmax-errors=${max_errors} -fdiagnostics-color=never -fno-diagnostics-show-caret)
elseif(COMPILER_ID MATCHES "Clang")
  set(options -ferror-limit=${max_errors} -fno-color-diagnostics -fno-caret-diagnostics)
else()
  message(FATAL_ERROR "no options known for the compiler ${COMPILER_ID}")
endif()
set(command ${compiler} -fsyntax-only ${options})
# Not where a macro is set before the header is read.
if(text MATCHES "^([^#]|#include)*#include \"${header}\"")
  list(APPEND command ${use_precompiled})
endif()

execute_process(COMMAND ${command} -DNWM_SHOULD_COMPILE ${SOURCE} RESULT_VARIABLE result ERROR_VARIABLE errors)
if(NOT result STREQUAL "0")
  fail("does not compile with NWM_SHOULD_COMPILE")
endif()

execute_process(COMMAND ${command} ${misuse_flags} ${SOURCE} RESULT_VARIABLE result ERROR_VARIABLE errors)
if(result STREQUAL "0")
  fail("compiled, but must not")
endif()

set(expectations 0)
while(text MATCHES "(^|\n)// expect: *([^\n]+)")
  set(line "${CMAKE_MATCH_0}")
  set(expected "${CMAKE_MATCH_2}")
  math(EXPR expectations "${expectations} + 1")
  if(NOT errors MATCHES "${expected}")
    fail("the output does not match: ${expected}")
  endif()
  string(FIND "${text}" "${line}" at)
  string(LENGTH "${line}" length)
  math(EXPR at "${at} + ${length}")
  string(SUBSTRING "${text}" ${at} -1 text)
endwhile()
if(expectations EQUAL 0)
  fail("no // expect: line")
endif()

# Clang names the precompiled header on the way; a user has none.
string(REGEX REPLACE "In file included from ${precompiled_source}[^\n]*\n" "" errors "${errors}")
string(REGEX REPLACE "[^\n]" "" breaks "${errors}")
string(LENGTH "${breaks}" lines)
if(lines GREATER max_lines)
  fail("${lines} lines of diagnostics, promised are ${max_lines}")
endif()
message(STATUS "${name}: refused in ${lines} lines as promised:\n${errors}")
