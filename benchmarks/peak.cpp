// The limits of the machine, measured in the same run as the benchmarks compared with them:
//   part/gemm_peak/eigen, nwm   a single-precision matrix product on each thread: Eigen's, 1024³, and the
//                    library's own, with factors that stay in the second-level cache
//   part/fma_peak    fused multiply-adds on registers alone: the upper limit for any program
//   part/copy_peak   copying between arrays that do not fit in cache; counts bytes read and written
#include <Eigen/Core>
#include <array>
#include <xsimd/xsimd.hpp>

#include "measure.hpp"
#include "nwm/backend/default.hpp"

namespace {

constexpr Eigen::Index n = 1024;
using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic>;
struct Product {
  Matrix a = Matrix::Random(n, n), b = Matrix::Random(n, n), c = Matrix::Zero(n, n);
};

using Pack = xsimd::batch<float>;
constexpr std::size_t chains = 12,
                      rounds = 1 << 20;  // enough chains in flight for two units of latency 4 to 6
struct Chains {
  float a = 0.999f, b = 0.001f, result = 0;
};

struct Copy {
  static constexpr std::size_t size = 32 << 20;  // 128 MB each
  nwm::Buffer<float> from{size}, to{size};
};

constexpr std::size_t m = 256;
struct OwnProduct {
  nwm::Buffer<float> a = bench::random_numbers(m * m, -1, 1), b = bench::random_numbers(m * m, -1, 1, 2),
                     c{m * m};
};

const bool own = bench::add("part/gemm_peak/nwm", [](benchmark::State& state) {
  constexpr std::size_t repeats = 64;
  bench::measure_part<OwnProduct>(state, {.flops = 2.0 * repeats * m * m * m}, [](OwnProduct& p) {
    for (std::size_t i = 0; i < repeats; ++i) {
      nwm::DefaultBackend::multiply<m, m, m>(p.a.data(), m, p.b.data(), m, p.c.data(), m);
      benchmark::ClobberMemory();
    }
  });
});

const bool gemm = bench::add("part/gemm_peak/eigen", [](benchmark::State& state) {
  bench::measure_part<Product>(state, {.flops = 2.0 * n * n * n},
                               [](Product& p) { p.c.noalias() = p.a * p.b; });
});

const bool fma = bench::add("part/fma_peak", [](benchmark::State& state) {
  bench::measure_part<Chains>(state, {.flops = 2.0 * rounds * chains * Pack::size}, [](Chains& m) {
    std::array<Pack, chains> sum;
    for (std::size_t i = 0; i < chains; ++i) sum[i] = Pack(static_cast<float>(i));
    const Pack a(m.a), b(m.b);
    for (std::size_t r = 0; r < rounds; ++r)
      for (Pack& s : sum) s = xsimd::fma(s, a, b);
    for (const Pack& s : sum) m.result += xsimd::hadd(s);
    benchmark::DoNotOptimize(m.result);
  });
});

const bool copy = bench::add("part/copy_peak", [](benchmark::State& state) {
  bench::measure_part<Copy>(state, {.bytes = 2.0 * Copy::size * sizeof(float)},
                            [](Copy& m) { std::copy_n(m.from.data(), Copy::size, m.to.data()); });
});

}  // namespace
