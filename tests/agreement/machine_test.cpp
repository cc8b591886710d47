// The whole machine on both CPU backends and on other vector architectures in one process: scores, series,
// loss and gradient agree. Also: a machine runs on the backend in its type.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE agreement_machine

#include "../gradient/machine.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <string_view>
#include <type_traits>
#include <vector>

#include "architectures.hpp"
#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/backend/cpu/simd.hpp"
#include "nwm/readout/fft.hpp"
#include "nwm/readout/linear.hpp"
#include "nwm/train/trainer.hpp"

namespace {

using nwm::cpu::Scalar;
using nwm::cpu::Simd;

template <class B, class Real, class Readout = nwm::readout::Linear>
using Machine = nwm::WaveMachine<nwm::Shape{.height = 5,
                                            .width = 11,
                                            .image_channels = 3,
                                            .oscillators = 2,
                                            .steps = 9,
                                            .classes = 4,
                                            .encoder_width = 5},
                                 Readout, nwm::head::Hidden<12>, nwm::cell::Wave, B, Real>;

/// ‖a − b‖ / ‖b‖.
template <class A, class B>
double distance(const std::vector<A>& a, const std::vector<B>& b) {
  double difference = 0, norm = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double x = static_cast<double>(a[i]), y = static_cast<double>(b[i]);
    difference += (x - y) * (x - y);
    norm += y * y;
  }
  return std::sqrt(difference / norm);
}

template <class M, class Specification>
void agree(double bound, double gradient_bound) {
  tools::Problem<M> problem;
  tools::Problem<Specification> specification;
  const double loss = specification.loss();
  BOOST_TEST(std::abs(problem.loss() - loss) < bound * loss);
  BOOST_TEST(distance(problem.scores(), specification.scores()) < bound);
  BOOST_TEST(distance(problem.series(), specification.series()) < bound);
  const auto mine = problem.gradient();
  const auto theirs = specification.gradient();
  for (const nwm::Slice& slice : M::layout.slices) {
    const auto part = [&](const auto& all) {
      const auto begin = all.begin() + static_cast<std::ptrdiff_t>(slice.offset);
      return std::vector(begin, begin + static_cast<std::ptrdiff_t>(slice.size));
    };
    if (slice.trained) BOOST_TEST(distance(part(mine), part(theirs)) < gradient_bound, slice.name.view());
    else BOOST_TEST(std::ranges::all_of(part(mine), [](auto v) { return v == 0; }), slice.name.view());
  }
}

/// Counts the operations requested of a backend and passes them on.
template <class Inner>
struct Counting : Inner {
  static constexpr std::string_view name = "counting";
  static inline std::size_t maps = 0, couplings = 0, products = 0;

  template <class Real, class Kernel>
  static void map(std::size_t count, const Kernel& kernel) {
    ++maps;
    Inner::template map<Real>(count, kernel);
  }
  template <class S, class G, nwm::Activation f, class Real, std::size_t n>
  static void couple(const Real* parameters, const std::array<const Real*, n>& parts, Real* out,
                     Real* scratch) {
    ++couplings;
    Inner::template couple<S, G, f>(parameters, parts, out, scratch);
  }
  template <std::size_t M, std::size_t K, std::size_t N, bool add = false, class Real>
  static void multiply(const Real* a, std::size_t lda, const Real* x, std::size_t ldx, Real* y,
                       std::size_t ldy) {
    ++products;
    Inner::template multiply<M, K, N, add>(a, lda, x, ldx, y, ldy);
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(double_precision) {
  agree<Machine<Simd<>, double>, Machine<Scalar, double>>(1e-12, 1e-11);
  agree<Machine<Simd<>, double, nwm::readout::Fft>, Machine<Scalar, double, nwm::readout::Fft>>(1e-12, 1e-11);
}

BOOST_AUTO_TEST_CASE(single_precision) {
  agree<Machine<Simd<>, float>, Machine<Scalar, float>>(1e-5, 1e-4);
  agree<Machine<Scalar, float>, Machine<Scalar, double>>(1e-5, 1e-4);
}

#if XSIMD_WITH_SSE2
BOOST_AUTO_TEST_CASE(another_architecture_beside_the_default_one) {
  agree<Machine<Simd<xsimd::sse2>, float>, Machine<Scalar, float>>(1e-5, 1e-4);
  if constexpr (!std::is_same_v<xsimd::sse2, xsimd::default_arch>)
    static_assert(!std::is_same_v<Machine<Simd<xsimd::sse2>, float>, Machine<Simd<>, float>>);
}
#endif

BOOST_AUTO_TEST_CASE(the_backend_asked_for_is_the_one_that_runs) {
  using Counted = Counting<Scalar>;
  using M = Machine<Counted, double>;
  static_assert(std::is_same_v<M::Backend, Counted>);
  static_assert(std::is_same_v<Machine<Scalar, double>::with<Counted>, M>);
  static_assert(std::is_same_v<M::with<Simd<>, float>, Machine<Simd<>, float>>);
  static_assert(std::is_same_v<nwm::DefaultBackend, Simd<>>);
  using Plain = Machine<Scalar, double>;
  using Fast = Machine<Simd<>, double>;
  BOOST_TEST(Plain::Backend::name == "scalar");
  BOOST_TEST(Fast::Backend::name == "simd");
  BOOST_TEST(M::Backend::name == "counting");

  tools::Problem<M> problem;
  tools::Problem<Plain> plain;
  BOOST_TEST(Counted::couplings == 0u);
  const auto scores = problem.scores();
  // Encoders of 3, 3 and 4 layers, and one coupling a step.
  BOOST_TEST(Counted::couplings == 3u + 3u + 4u + M::steps);
  BOOST_TEST(Counted::products >= 3u);  // the readout and two layers of the head, for each tile
  BOOST_TEST(Counted::maps >= M::steps);
  BOOST_TEST((scores == plain.scores()));  // Scalar ran beneath: bit for bit

  // The optimiser runs on this backend as well.
  const std::size_t before = Counted::maps;
  const std::vector<double> gradient = problem.gradient();
  const std::size_t between = Counted::maps;
  BOOST_TEST(between > before);
  nwm::optimizer::Stepper<M, nwm::optimizer::Adam> adam;
  adam.step(problem.machine.parameters(), gradient, 1e-3);
  BOOST_TEST(Counted::maps > between);
}
