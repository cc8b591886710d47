// ceiling/copy and ceiling/matrix/<precision>: the device's limits, measured in the same run. The floors of
// all other benchmarks are computed from them.
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "numbers.hpp"
#include "nwm/backend/device/precision.hpp"
#include "timing.hpp"

namespace device_bench {
namespace {

using namespace nwm::device;

template <class Precision>
using B = Place::Backend<1, Precision>;

/// Copies one half of the memory to the other; counts bytes read and written.
void copy(Entry& entry, const Options& options) {
  using Here = B<precision::Full>;
  constexpr std::size_t size = Place::gpu ? std::size_t{1} << 28 : std::size_t{1} << 16;  // 1 GiB each
  const Numbers<Here> from(size, -1, 1);
  Numbers<Here> to(size, -1, 1, 2);
  measure(entry, options, {.bytes = 2.0 * size * sizeof(float)},
          [&] { Here::copy(size, from.data(), to.data()); });
}

constexpr std::size_t n = Place::gpu ? 8192 : 64;
constexpr bench::Work product_work{.flops = 2.0 * n * n * n, .bytes = 3.0 * n * n * sizeof(float)};

/// The product of two n × n matrices of float, computed as models do in this precision.
template <class Precision>
void product(Entry& entry, const Options& options) {
  using Here = B<Precision>;
  const Numbers<Here> a(n * n, -1, 1), x(n * n, -1, 1, 2);
  Numbers<Here> y(n * n, 0, 1);
  measure(entry, options, product_work,
          [&] { Here::template multiply<n, n, n>(a.data(), n, x.data(), n, y.data(), n); });
}

const bool copied = add("ceiling/copy", copy);
const bool full = add("ceiling/matrix/float32", product<precision::Full>);
const bool tf32 = add("ceiling/matrix/tf32", product<precision::Tf32>);
const bool converted = add("ceiling/matrix_of_float/bf16", product<precision::Bf16>);

#if defined(__CUDACC__)

/// n × n numbers of bfloat16 in the device's memory.
class Bf16Matrix {
 public:
  explicit Bf16Matrix(std::uint64_t seed) : memory_(n * n / 2) {  // two fit in a float
    const auto block = bench::random_numbers(std::size_t{1} << 20, -1, 1, seed);
    std::vector<std::uint16_t> numbers(n * n);
    for (std::size_t i = 0; i < numbers.size(); ++i)
      numbers[i] = static_cast<std::uint16_t>(
          std::bit_cast<std::uint32_t>(precision::Bf16::rounded(block.data()[i % block.size()])) >> 16);
    NWM_CUDA(cudaMemcpy(memory_.data(), numbers.data(), 2 * numbers.size(), cudaMemcpyHostToDevice));
  }
  void* data() { return memory_.data(); }

 private:
  CudaMemories::Memory<float> memory_;
};

/// Factors and result in bfloat16, sums in float: the fastest product in this precision.
void bf16_product(Entry& entry, const Options& options) {
  Bf16Matrix a(1), x(2), y(3);
  const float one = 1, zero = 0;
  constexpr int side = static_cast<int>(n);
  measure(entry, options, {.flops = product_work.flops, .bytes = product_work.bytes / 2}, [&] {
    NWM_CUDA(cublasGemmEx(CudaContext::current().blas(), CUBLAS_OP_N, CUBLAS_OP_N, side, side, side, &one,
                          x.data(), CUDA_R_16BF, side, a.data(), CUDA_R_16BF, side, &zero, y.data(),
                          CUDA_R_16BF, side, CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT));
  });
}
const bool bf16 = add("ceiling/matrix/bf16", bf16_product);

#else

const bool bf16 = add("ceiling/matrix/bf16", product<precision::Bf16>);

#endif

}  // namespace
}  // namespace device_bench
