# Compiles the consumer with a plain compiler line, -I and nothing else, and runs it.
cmake_minimum_required(VERSION 3.25)

function(run)
  execute_process(COMMAND ${ARGV} COMMAND_ECHO STDOUT RESULT_VARIABLE result)
  if(NOT result STREQUAL "0")
    message(FATAL_ERROR "${result}")
  endif()
endfunction()

set(folder ${WORK}/include_alone)
file(REMOVE_RECURSE ${folder})
file(MAKE_DIRECTORY ${folder})
list(REMOVE_ITEM INCLUDES "")
list(TRANSFORM INCLUDES PREPEND -I)
run(${COMPILER} -std=c++20 ${INCLUDES} ${SOURCE}/consumer.cpp -o ${folder}/consumer)
run(${folder}/consumer)
