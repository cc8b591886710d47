// Counts this program's allocations: the linker sends its calls of cudaMalloc, cudaMallocManaged and cudaFree
// here (--wrap in CMakeLists.txt). What CUDA's libraries allocate for themselves does not pass through.
#include <cuda_runtime.h>

#include "allocated.hpp"

using device_bench::Ledger;

extern "C" {

cudaError_t __real_cudaMalloc(void** block, std::size_t bytes);
cudaError_t __real_cudaMallocManaged(void** block, std::size_t bytes, unsigned flags);
cudaError_t __real_cudaFree(void* block);

cudaError_t __wrap_cudaMalloc(void** block, std::size_t bytes) {
  const cudaError_t code = __real_cudaMalloc(block, bytes);
  if (code == cudaSuccess) Ledger::of_program().add(*block, bytes);
  return code;
}
cudaError_t __wrap_cudaMallocManaged(void** block, std::size_t bytes, unsigned flags) {
  const cudaError_t code = __real_cudaMallocManaged(block, bytes, flags);
  if (code == cudaSuccess) Ledger::of_program().add(*block, bytes);
  return code;
}
cudaError_t __wrap_cudaFree(void* block) {
  Ledger::of_program().remove(block);
  return __real_cudaFree(block);
}

}  // extern "C"
