// Maps, reductions and products of cpu::Simd, on each vector architecture that the flags allow, against
// cpu::Scalar: sizes below, at and beside multiples of a register's size, in both precisions.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE agreement_backend

#include "nwm/backend/backend.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <limits>

#include "cases.hpp"
#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/backend/cpu/simd.hpp"
#include "nwm/backend/cpu/simd_bf16.hpp"
#include "nwm/backend/kernels.hpp"
#include "nwm/loss/cross_entropy_kernel.hpp"

namespace {

using nwm::cpu::Scalar;
using tools::Cases;
using tools::distance;
using tools::Numbers;

// The host's backends are such by the concept.
static_assert(nwm::Backend<Scalar> && nwm::Backend<nwm::cpu::Simd<>>);
#if defined(__AVX512BF16__)
static_assert(nwm::Backend<nwm::cpu::SimdBf16>);
#endif

template <class C, std::size_t M, std::size_t K, std::size_t N>
void products_agree() {
  using Real = typename C::R;
  using Simd = typename C::Simd;
  BOOST_TEST_CONTEXT(M << " x " << K << " x " << N) {
    constexpr std::size_t lda = K + 1, ldx = N + 2, ldy = N + 3;
    Numbers<Real> a(M * lda, 1), x(K * ldx, 2), y(M * ldy, 3);
    {
      Numbers<Real> one(M * ldy, 4), two = one;
      Scalar::multiply<M, K, N>(a.data(), lda, x.data(), ldx, one.data(), ldy);
      Simd::template multiply<M, K, N>(a.data(), lda, x.data(), ldx, two.data(), ldy);
      BOOST_TEST(distance(two, one) < C::bound);
      Scalar::multiply<M, K, N, true>(a.data(), lda, x.data(), ldx, one.data(), ldy);
      Simd::template multiply<M, K, N, true>(a.data(), lda, x.data(), ldx, two.data(), ldy);
      BOOST_TEST(distance(two, one) < C::bound);
    }
    {
      Numbers<Real> one(K * ldx, 4), two = one;
      Scalar::multiply_transposed<M, K, N>(a.data(), lda, y.data(), ldy, one.data(), ldx);
      Simd::template multiply_transposed<M, K, N>(a.data(), lda, y.data(), ldy, two.data(), ldx);
      BOOST_TEST(distance(two, one) < C::bound);
    }
    {
      Numbers<Real> one(M * lda, 4), two = one;
      Scalar::multiply_outer<M, K, N>(y.data(), ldy, x.data(), ldx, one.data(), lda);
      Simd::template multiply_outer<M, K, N>(y.data(), ldy, x.data(), ldx, two.data(), lda);
      BOOST_TEST(distance(two, one) < C::bound);
    }
  }
}

constexpr std::size_t counts[] = {0, 1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 33, 300};

/// The cross-entropy summed over n pixels; replaces scores (classes, n) by `scale` times its slope. target
/// (n) holds class numbers.
template <class B, std::size_t classes, std::size_t n, class Real>
double cross_entropy(Real* scores, const Real* target, double scale) {
  return B::template sum<Real>(
      n, nwm::loss::CrossEntropyKernel<classes, false, Real>{scale, 0, n, target, scores});
}

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(map_touches_every_index_once, C, Cases) {
  using Real = typename C::R;
  for (const std::size_t count : counts) {
    Numbers<Real> x(count, 1), a(count, 2), b = a;
    const auto kernel = [&](Real* to) {
      return [from = x.data(), to](auto lane) {
        using V = typename decltype(lane)::Value;
        using nwm::math::tanh;
        lane.store(to, lane.load(to) * V(0.5) + tanh(lane.load(from)));
      };
    };
    Scalar::map<Real>(count, kernel(a.data()));
    C::Simd::template map<Real>(count, kernel(b.data()));
    BOOST_TEST(distance(b, a) < C::bound);
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(sums_and_maxima, C, Cases) {
  using Real = typename C::R;
  using Simd = typename C::Simd;
  constexpr Real nan = std::numeric_limits<Real>::quiet_NaN();
  for (const std::size_t count : counts) {
    Numbers<Real> x(count, 1);
    // Not zero at zero: padding of the last register must not count.
    const auto kernel = [from = x.data()](auto lane) {
      using V = typename decltype(lane)::Value;
      return lane.load(from) - V(5);
    };
    const double a = Scalar::sum<Real>(count, kernel), b = Simd::template sum<Real>(count, kernel);
    BOOST_TEST(std::abs(a - b) <= 10 * C::bound * std::abs(a));
    BOOST_TEST(Simd::template maximum<Real>(count, kernel) == Scalar::maximum<Real>(count, kernel));
    // A NaN anywhere is reported.
    for (std::size_t i = 0; i < count; i += 1 + count / 20) {
      const Real before = x.data()[i];
      x.data()[i] = nan;
      BOOST_TEST(std::isnan(Simd::template maximum<Real>(count, kernel)));
      BOOST_TEST(std::isnan(Scalar::maximum<Real>(count, kernel)));
      BOOST_TEST(std::isnan(Simd::template sum<Real>(count, kernel)));
      x.data()[i] = before;
    }
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(rows_have_their_own_numbers_and_sums, C, Cases) {
  using Real = typename C::R;
  using Simd = typename C::Simd;
  constexpr std::size_t rows = 3;
  for (const std::size_t n : counts) {
    if (n == 0) continue;
    Numbers<Real> x(rows * n, 1), a(rows * n, 2), b = a, largest(2, 3);
    const std::array<double, rows> offset{1, -2, 0.5};
    const auto shifted = [&offset, n, from = x.data()](auto lane) {
      using V = typename decltype(lane)::Value;
      return lane.load(from) - V(offset[lane.index / n]);
    };
    const auto shift = [&](Real* to) { return [shifted, to](auto lane) { lane.store(to, shifted(lane)); }; };
    Scalar::map_rows<Real>(rows, n, shift(a.data()));
    Simd::template map_rows<Real>(rows, n, shift(b.data()));
    BOOST_TEST(distance(b, a) < C::bound);
    std::array<double, rows> one{7, 7, 7}, two{8, 8, 8};
    Scalar::sum_rows<Real>(rows, n, shifted, one.data());
    Simd::template sum_rows<Real>(rows, n, shifted, two.data());
    for (std::size_t r = 0; r < rows; ++r) {
      double wanted = 0;
      for (std::size_t i = 0; i < n; ++i) wanted += static_cast<double>(x.data()[r * n + i]) - offset[r];
      BOOST_TEST(std::abs(one[r] - wanted) <= 10 * C::bound * (1 + std::abs(wanted)));
      BOOST_TEST(std::abs(two[r] - wanted) <= 100 * C::bound * (1 + std::abs(wanted)));
    }
    const nwm::kernel::Read<Real> plain{x.data()};
    Scalar::maximum_to<Real>(rows * n, plain, largest.data());
    Simd::template maximum_to<Real>(rows * n, plain, largest.data() + 1);
    BOOST_TEST(largest.data()[0] == Scalar::maximum<Real>(rows * n, plain));
    BOOST_TEST(largest.data()[1] == largest.data()[0]);
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(products, C, Cases) {
  products_agree<C, 1, 1, 1>();
  products_agree<C, 3, 5, 1>();
  products_agree<C, 1, 7, 9>();
  products_agree<C, 5, 3, 17>();
  products_agree<C, 16, 33, 40>();
  products_agree<C, 51, 12, 63>();
}

BOOST_AUTO_TEST_CASE_TEMPLATE(biases_and_row_sums, C, Cases) {
  using Real = typename C::R;
  using Simd = typename C::Simd;
  for (const std::size_t n : counts) {
    const std::size_t rows = 5, stride = n + 2;
    Numbers<Real> bias(rows, 1), y1(rows * stride, 2), y2 = y1, sums1(rows, 3), sums2 = sums1;
    Scalar::add_row_sums(rows, n, y1.data(), stride, sums1.data());
    Simd::add_row_sums(rows, n, y2.data(), stride, sums2.data());
    BOOST_TEST(distance(sums2, sums1) < C::bound);
    Scalar::add_bias<nwm::Activation::relu>(rows, n, y1.data(), stride, bias.data());
    Simd::template add_bias<nwm::Activation::relu>(rows, n, y2.data(), stride, bias.data());
    BOOST_TEST(distance(y2, y1) < C::bound);
  }
}

BOOST_AUTO_TEST_CASE(memory_is_set_and_nothing_beside_it) {
  Numbers<float> from(12, 1), to(10, 2), wanted = to;
  for (std::size_t i = 0; i < 3; ++i) {
    wanted.data()[i] = from.data()[i];
    wanted.data()[5 + i] = from.data()[4 + i];
  }
  Scalar::copy_rows<float>(2, 3, from.data(), 4, to.data(), 5);
  BOOST_TEST((to.all == wanted.all));
  Scalar::copy<float>(4, from.data() + 2, to.data() + 1);
  for (std::size_t i = 0; i < 4; ++i) wanted.data()[1 + i] = from.data()[2 + i];
  BOOST_TEST((to.all == wanted.all));
  Scalar::fill(2, 3.0F, to.data() + 6);
  wanted.data()[6] = wanted.data()[7] = 3;
  BOOST_TEST((to.all == wanted.all));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(loss, C, Cases) {
  using Real = typename C::R;
  constexpr std::size_t n = 21, classes = 3;
  Numbers<Real> a(classes * n, 1), target(n, 2);
  for (std::size_t p = 0; p < n; ++p) target.data()[p] = static_cast<Real>(p % classes);
  Numbers<Real> b = a;
  const double one = cross_entropy<Scalar, classes, n>(a.data(), target.data(), 0.3);
  const double two = cross_entropy<typename C::Simd, classes, n>(b.data(), target.data(), 0.3);
  BOOST_TEST(std::abs(one - two) < 3 * C::bound * one);
  BOOST_TEST(distance(b, a) < C::bound);
}
