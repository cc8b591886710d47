# Runs a program that must refuse its command line: end with a failure, and say what matches REGEX.
#   cmake -D PROGRAM=... -D REGEX=... [-D ARGUMENTS=...] -P refusal_check.cmake
cmake_minimum_required(VERSION 3.25)

execute_process(COMMAND ${PROGRAM} ${ARGUMENTS} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
message("${output}")
if(result STREQUAL "0" OR NOT result MATCHES "^[0-9]+$")
  message(FATAL_ERROR "it ends with ${result}")
endif()
if(NOT output MATCHES "${REGEX}")
  message(FATAL_ERROR "it does not say '${REGEX}'")
endif()
