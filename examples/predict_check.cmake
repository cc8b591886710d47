# nwm_predict on the weights that other examples left: it must find each one's machine, and say what it knows where it has
# none.   cmake -D PROGRAM=nwm_predict -D RUNS=<folder of their folders> -P predict_check.cmake
cmake_minimum_required(VERSION 3.25)

set(images ${RUNS}/train_npy/validation_images.npy)
# expect(WEIGHTS STATUS REGEX ...): the status it ends with, and what it prints, on either stream.
function(expect weights status)
  execute_process(COMMAND ${PROGRAM} ${RUNS}/${weights} ${images} --out labels.npy --scores scores.npy --series series.npy
                  WORKING_DIRECTORY ${RUNS}/train_npy RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  message("${output}")
  if(NOT result STREQUAL status)
    message(FATAL_ERROR "${weights}: it ends with ${result}")
  endif()
  foreach(regex IN LISTS ARGN)
    if(NOT output MATCHES "${regex}")
      message(FATAL_ERROR "${weights}: it does not print '${regex}'")
    endif()
  endforeach()
endfunction()

expect(train_npy/npy.safetensors 0 "^own: 60 images; pixels of each class: [0-9.]+ % .*; labels are in labels.npy")
# uint8 (60, 32, 32), and two of float32: (60, 5, 32, 32) and (60, 40, 4, 32, 32), each behind a header of 128 bytes.
foreach(pair "labels 61440" "scores 1228800" "series 39321600")
  separate_arguments(pair)
  list(GET pair 0 name)
  list(GET pair 1 values)
  file(SIZE ${RUNS}/train_npy/${name}.npy size)
  math(EXPR expected "${values} + 128")
  if(NOT size EQUAL expected)
    message(FATAL_ERROR "${name}.npy: expected ${expected} bytes, found ${size}")
  endif()
endforeach()
# Theirs are found, and want pictures of another size.
expect(nwm_demo/out/polygons.safetensors 1 "image size: expected .60, 3, 32, 32., found .60, 1, 32, 32.")
expect(first_program/polygons.safetensors 1 "image size: expected .60, 1, 24, 24., found .60, 1, 32, 32.")
expect(own_model/convolution.safetensors 1 "machine: expected one that this program is built with, found convolution"
       "own: wave_machine of 32 x 32 pixels" "change them, and build again")
