// Whether the programs of this folder have a GPU to run on.
#pragma once

#include <cuda_runtime.h>

#include <cstdio>

/// False, with what CUDA says in the name of `program`, where no device can be used.
inline bool device_present(const char* program) {
  int count = 0;
  const cudaError_t code = cudaGetDeviceCount(&count);
  if (code == cudaSuccess && count > 0) return true;
  std::fprintf(stderr, "%s: no device: %s\n", program,
               code == cudaSuccess ? "none found" : cudaGetErrorString(code));
  return false;
}
