// Checks every call to CUDA. For .cu files only.
#pragma once

#include "nwm/push_macros.inc"

#include <cublas_v2.h>
#include <cuda_runtime.h>

#include <string>

#include "nwm/error.hpp"

namespace nwm::device {

/// Throws Error, naming the call, its file and line, unless `code` is success. Without a device, or with too
/// old a driver, the error says what is missing.
inline void check(cudaError_t code, const char* call, const char* file, int line) {
  if (code == cudaSuccess) return;
  cudaGetLastError();  // clears the error, so that the next call does not report it
  const std::string where = std::string(file) + ":" + std::to_string(line);
  const std::string found = std::string(cudaGetErrorName(code)) + " (" + cudaGetErrorString(code) + ")";
  if (code == cudaErrorInsufficientDriver) {
    int driver = 0, runtime = 0;
    cudaDriverGetVersion(&driver);
    cudaRuntimeGetVersion(&runtime);
    const auto version = [](int v) { return std::to_string(v / 1000) + "." + std::to_string(v % 1000 / 10); };
    throw Error(where, "driver", "one for CUDA " + version(runtime) + " or newer",
                driver == 0 ? "none" : "one for CUDA " + version(driver));
  }
  if (code == cudaErrorNoDevice) throw Error(where, "device", "a CUDA device", "none");
  throw Error(where, call, "success", found);
}
/// Throws Error where a call of cuBLAS failed.
inline void check(cublasStatus_t code, const char* call, const char* file, int line) {
  if (code == CUBLAS_STATUS_SUCCESS) return;
  throw Error(std::string(file) + ":" + std::to_string(line), call, "success", cublasGetStatusString(code));
}
/// Calls CUDA or cuBLAS, and throws Error, naming call, file and line, where that fails.
#define NWM_CUDA(call) ::nwm::device::check((call), #call, __FILE__, __LINE__)

}  // namespace nwm::device

#include "nwm/pop_macros.inc"
