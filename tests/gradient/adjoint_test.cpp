// ⟨A x, y⟩ = ⟨x, Aᵀ y⟩ for stencils and dense products: an adjoint is the transpose of what it belongs to, to
// rounding, in the input and in the parameters.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE gradient_adjoint

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <span>
#include <tuple>
#include <vector>

#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/backend/cpu/simd.hpp"
#include "nwm/check/check_gradient.hpp"
#include "nwm/memory/buffer.hpp"
#include "nwm/time/linear_scan.hpp"
#include "tools.hpp"

namespace {

using nwm::Activation;
using nwm::Grid;
using tools::dot;
using tools::minus;
using tools::mismatch;
using tools::random_vector;
constexpr double bound = 1e-12;

template <std::size_t n>
std::array<const double*, n> split(const std::vector<double>& x) {
  std::array<const double*, n> parts;
  for (std::size_t p = 0; p < n; ++p) parts[p] = x.data() + p * (x.size() / n);
  return parts;
}

/// One stencil from n parts of one channel count: adjoint in the input, in the parameters, and what a null
/// pointer leaves out.
template <class B, class G, std::size_t channels, std::size_t n, std::size_t out, std::size_t size,
          class Boundary, bool bias>
void stencil_is_transposed() {
  using S = nwm::Stencil<channels * n, out, size, Boundary, bias>;
  BOOST_TEST_CONTEXT(B::name << ", " << G::height << "x" << G::width << ", " << n << " parts of " << channels
                             << " to " << out << ", size " << size << ", edge " << Boundary::source(-1, 5)
                             << Boundary::source(5, 5)) {
    nwm::Buffer<double> scratch(B::template scratch<S, G> + 1);
    std::vector<double> p = random_vector(S::parameters, 1), x = random_vector(S::in * G::sites, 2),
                        g = random_vector(S::out * G::sites, 3), y(g.size()), offset(g.size());
    const auto parts = split<n>(x);
    B::template couple<S, G, Activation::none>(p.data(), parts, y.data(), scratch.data());
    // What is added to is not overwritten.
    const std::vector<double> x_before = random_vector(x.size(), 4), p_before = random_vector(p.size(), 5);
    std::vector<double> dx = x_before, dp = p_before;
    std::array<double*, n> dparts;
    for (std::size_t k = 0; k < n; ++k) dparts[k] = dx.data() + k * (x.size() / n);
    B::template couple_adjoint<S, G>(p.data(), parts, g.data(), dparts, dp.data(), scratch.data());
    dx = minus(dx, x_before), dp = minus(dp, p_before);
    BOOST_TEST(mismatch(dot(y, g), dot(p, dp), y, g) < bound);

    const std::vector<double> nothing(x.size());
    B::template couple<S, G, Activation::none>(p.data(), split<n>(nothing), offset.data(), scratch.data());
    const std::vector<double> linear = minus(y, offset);
    BOOST_TEST(mismatch(dot(linear, g), dot(x, dx), linear, g) < bound);
    BOOST_TEST(dot(dx, dx) > 0);
    BOOST_TEST(dot(dp, dp) > 0);

    // Without parameters, and without the first part: the rest is the same.
    std::vector<double> again = x_before;
    dparts[0] = nullptr;
    for (std::size_t k = 1; k < n; ++k) dparts[k] = again.data() + k * (x.size() / n);
    B::template couple_adjoint<S, G>(p.data(), parts, g.data(), dparts, static_cast<double*>(nullptr),
                                     scratch.data());
    again = minus(again, x_before);
    double rest = 0, first = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (i < x.size() / n) first = std::max(first, std::abs(again[i]));
      else rest = std::max(rest, std::abs(again[i] - dx[i]));
    }
    BOOST_TEST(first == 0);
    BOOST_TEST(rest < bound);
    std::vector<double> alone = p_before;
    B::template couple_adjoint<S, G>(p.data(), parts, g.data(), std::array<double*, n>{}, alone.data(),
                                     scratch.data());
    const std::vector<double> difference = minus(minus(alone, p_before), dp);
    BOOST_TEST(dot(difference, difference) < bound * dot(dp, dp));
  }
}

template <class B, class Boundary>
void stencils() {
  stencil_is_transposed<B, Grid<7, 9>, 3, 1, 2, 3, Boundary, true>();
  stencil_is_transposed<B, Grid<5, 2>, 2, 2, 4, 3, Boundary, false>();
  stencil_is_transposed<B, Grid<7, 9>, 3, 1, 2, 1, Boundary, true>();
}

/// More parts, thin grids, few and many channels.
template <class B, class Boundary>
void odd_stencils() {
  stencil_is_transposed<B, Grid<3, 11>, 1, 3, 1, 3, Boundary, true>();
  stencil_is_transposed<B, Grid<2, 17>, 1, 1, 3, 3, Boundary, true>();
  stencil_is_transposed<B, Grid<1, 5>, 2, 1, 1, 3, Boundary, false>();
  stencil_is_transposed<B, Grid<5, 3>, 2, 2, 4, 1, Boundary, false>();
}

/// y = a x, its transpose and its outer product, with rows further apart than they are long.
template <class B, std::size_t M, std::size_t K, std::size_t N>
void product_is_transposed() {
  BOOST_TEST_CONTEXT(B::name << ", " << M << " x " << K << " x " << N) {
    constexpr std::size_t lda = K + 2, ldx = N + 3, ldy = N + 1;
    const auto dense = [](const std::vector<double>& m, std::size_t rows, std::size_t columns,
                          std::size_t ld) {
      std::vector<double> v;
      for (std::size_t i = 0; i < rows; ++i)
        for (std::size_t j = 0; j < columns; ++j) v.push_back(m[i * ld + j]);
      return v;
    };
    const auto untouched = [](const std::vector<double>& m, const std::vector<double>& before,
                              std::size_t columns, std::size_t ld) {
      for (std::size_t i = 0; i < m.size(); ++i)
        if (i % ld >= columns && m[i] != before[i]) return false;
      return true;
    };
    const std::vector<double> a = random_vector(M * lda, 1), x = random_vector(K * ldx, 2),
                              g = random_vector(M * ldy, 3);
    const std::vector<double> y0 = random_vector(M * ldy, 4), x0 = random_vector(K * ldx, 5),
                              a0 = random_vector(M * lda, 6);
    std::vector<double> y = y0, dx = x0, da = a0;
    B::template multiply<M, K, N>(a.data(), lda, x.data(), ldx, y.data(), ldy);
    B::template multiply_transposed<M, K, N>(a.data(), lda, g.data(), ldy, dx.data(), ldx);
    B::template multiply_outer<M, K, N>(g.data(), ldy, x.data(), ldx, da.data(), lda);
    BOOST_TEST(untouched(y, y0, N, ldy));
    BOOST_TEST(untouched(dx, x0, N, ldx));
    BOOST_TEST(untouched(da, a0, K, lda));
    const auto out = dense(y, M, N, ldy), gradient = dense(g, M, N, ldy);
    const double forward = dot(out, gradient);
    BOOST_TEST(mismatch(forward, dot(dense(x, K, N, ldx), dense(dx, K, N, ldx)), out, gradient) < bound);
    BOOST_TEST(mismatch(forward, dot(dense(a, M, K, lda), dense(minus(da, a0), M, K, lda)), out, gradient) <
               bound);
    BOOST_TEST(forward != 0);
    // Adding is setting on top of what was there.
    std::vector<double> sum = y0;
    B::template multiply<M, K, N, true>(a.data(), lda, x.data(), ldx, sum.data(), ldy);
    const auto added = minus(minus(dense(sum, M, N, ldy), dense(y0, M, N, ldy)), out);
    BOOST_TEST(dot(added, added) < bound * bound * dot(out, out));
  }
}

/// A linear recurrence of random, stable columns.
struct Recurrence {
  static constexpr std::size_t columns = 11;
  std::size_t steps;
  std::vector<double> block = random_vector(6 * columns, 1, -0.5, 0.5),
                      force = random_vector(steps * columns, 2), start = random_vector(2 * columns, 3),
                      x_weight = random_vector(steps * columns, 4),
                      z_weight = random_vector(steps * columns, 5), x = force, z = force;
  explicit Recurrence(std::size_t steps_) : steps(steps_) {
    for (std::size_t c = 0; c < columns; ++c) block[c] += 0.3, block[3 * columns + c] -= 0.3;
  }

  template <class B>
  nwm::model::LinearScan<B, double> scan(std::size_t chunks, std::size_t threads) const {
    const double* m = block.data();
    return {{columns, {m, m + columns, m + 2 * columns, m + 3 * columns}, {m + 4 * columns, m + 5 * columns}},
            steps,
            chunks,
            threads};
  }
  /// Σ x_weight x + z_weight z, step by step as the equation says.
  double value() {
    double sum = 0;
    for (std::size_t c = 0; c < columns; ++c) {
      double a = start[c], b = start[columns + c];
      const auto m = [&](std::size_t j) { return block[j * columns + c]; };
      for (std::size_t t = 0; t < steps; ++t) {
        const std::size_t at = t * columns + c;
        const double next = m(0) * a + m(1) * b + m(4) * force[at];
        b = m(2) * a + m(3) * b + m(5) * force[at];
        a = next;
        x[at] = a, z[at] = b;
        sum += x_weight[at] * a + z_weight[at] * b;
      }
    }
    return sum;
  }
};
double furthest(const std::vector<double>& a, const std::vector<double>& b) {
  double worst = 0, largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    worst = std::max(worst, std::abs(a[i] - b[i]));
    largest = std::max(largest, std::abs(b[i]));
  }
  return worst / largest;
}

using Backends = std::tuple<nwm::cpu::Scalar, nwm::cpu::Simd<>>;

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(periodic_stencils, B, Backends) { stencils<B, nwm::Periodic>(); }
BOOST_AUTO_TEST_CASE_TEMPLATE(clamped_stencils, B, Backends) { stencils<B, nwm::Zero>(); }
BOOST_AUTO_TEST_CASE_TEMPLATE(reflecting_stencils, B, Backends) { stencils<B, nwm::Reflecting>(); }
BOOST_AUTO_TEST_CASE_TEMPLATE(odd_periodic_stencils, B, Backends) { odd_stencils<B, nwm::Periodic>(); }
BOOST_AUTO_TEST_CASE_TEMPLATE(odd_reflecting_stencils, B, Backends) { odd_stencils<B, nwm::Reflecting>(); }

BOOST_AUTO_TEST_CASE_TEMPLATE(dense_products, B, Backends) {
  product_is_transposed<B, 3, 5, 7>();
  product_is_transposed<B, 8, 16, 64>();
  product_is_transposed<B, 1, 4, 9>();
  product_is_transposed<B, 6, 1, 3>();
  product_is_transposed<B, 33, 13, 17>();
  product_is_transposed<B, 5, 12, 1>();
  product_is_transposed<B, 1, 1, 1>();
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_scan_is_the_recurrence_forward_and_back, B, Backends) {
  constexpr std::size_t n = Recurrence::columns;
  for (const std::size_t steps : {1u, 2u, 7u, 64u, 129u}) {
    Recurrence r(steps);
    const double expected = r.value();
    std::vector<double> one_chunk;
    for (const std::size_t chunks : {1u, 2u, 3u, 4u, 5u, 13u, 1000u})
      for (const std::size_t threads : {1u, 3u})
        BOOST_TEST_CONTEXT(B::name << ", " << steps << " steps, " << chunks << " chunks, " << threads) {
          const auto scan = r.scan<B>(chunks, threads);
          std::vector<double> x(steps * n), z(steps * n), scratch(scan.scratch());
          scan.run(r.force.data(), r.start.data(), x.data(), z.data(), scratch.data());
          BOOST_TEST(furthest(x, r.x) < bound);
          BOOST_TEST(furthest(z, r.z) < bound);

          // By the chain of all gradients: force, start, M and c in one row. What M and c had stays.
          std::vector<double> gradient(steps * n + 8 * n);
          double *of_start = gradient.data() + steps * n, *of_step = of_start + 2 * n;
          std::fill_n(of_step, 6 * n, 0.25);
          scan.run_back(r.force.data(), r.start.data(), x.data(), z.data(), r.x_weight.data(),
                        r.z_weight.data(), gradient.data(), of_start, of_step, scratch.data());
          for (std::size_t i = 0; i < 6 * n; ++i) of_step[i] -= 0.25;
          if (one_chunk.empty()) one_chunk = gradient;
          BOOST_TEST(furthest(gradient, one_chunk) < bound);
          // The value is linear in (force, start) together.
          const std::vector<double> linear(gradient.begin(), of_step - gradient.data() + gradient.begin());
          std::vector<double> given = r.force;
          given.insert(given.end(), r.start.begin(), r.start.end());
          BOOST_TEST(mismatch(expected, dot(linear, given), linear, given) < bound);
        }
    // The plain recurrence's gradient in M and c against differences.
    const auto report = nwm::check_gradient(
        std::span(r.block), std::span<const double>(one_chunk).subspan(steps * n + 2 * n, 6 * n),
        [&] { return r.value(); }, {.tolerance = 1e-7});
    BOOST_TEST(report.ok());
    // Without a gradient of z.
    const auto scan = r.scan<B>(3, 1);
    std::vector<double> zero(steps * n), a(steps * n), b = a, start(2 * n), step(6 * n),
                                                       scratch(scan.scratch());
    const auto back = [&](const double* z_gradient, std::vector<double>& to) {
      scan.run_back(r.force.data(), r.start.data(), r.x.data(), r.z.data(), r.x_weight.data(), z_gradient,
                    to.data(), start.data(), step.data(), scratch.data());
    };
    back(nullptr, a);
    back(zero.data(), b);
    BOOST_TEST(a == b, boost::test_tools::per_element());
  }
}
