// The device backend on Thrust's host systems against cpu::Scalar: stencils and their adjoints over batched
// grids of one and more tiles, maps, reductions and products.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE device_host

#include "nwm/backend/device/host.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <limits>
#include <tuple>

#include "../agreement/cases.hpp"
#include "nwm/backend/backend.hpp"
#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/memory/buffer.hpp"

namespace {

using nwm::Activation;
using nwm::Grid;
using nwm::Stencil;
using nwm::cpu::Scalar;
using tools::distance;
using tools::Numbers;
#if defined(_OPENMP)
using Device = nwm::device::Host<nwm::device::OpenMp>;
#else
using Device = nwm::device::Host<>;
#endif
static_assert(nwm::device::System<nwm::device::Sequential>);
#if defined(_OPENMP)
static_assert(nwm::device::System<nwm::device::OpenMp>);
#endif
static_assert(nwm::Backend<Device> && nwm::Backend<nwm::device::Host<nwm::device::Sequential, 3>>);

template <class Real>
constexpr double bound = sizeof(Real) == 4 ? 2e-5 : 1e-13;

/// Image i of planes (channels, images, sites) as planes (channels, sites), and back.
template <class Real>
void exchange(Numbers<Real>& all, Numbers<Real>& one, std::size_t images, std::size_t sites, std::size_t i,
              bool back) {
  for (std::size_t k = 0; k < one.size(); ++k) {
    Real& there = all.data()[(k / sites * images + i) * sites + k % sites];
    if (back) there = one.data()[k];
    else one.data()[k] = there;
  }
}

/// The batch at once on the device backend, image by image on the specification.
template <class Real, class S, class G, Activation f, std::size_t n, std::size_t images>
void agree() {
  BOOST_TEST_CONTEXT(G::height << "x" << G::width << ", " << S::in << " to " << S::out << ", " << images
                               << " images, edge " << S::Boundary::source(-1, 9)) {
    using Batch = nwm::Batched<G, images>;
    constexpr std::size_t sites = G::sites;
    Numbers<Real> p(S::parameters, 1), x(S::in * Batch::sites, 2), g(S::out * Batch::sites, 3);
    Numbers<Real> out(S::out * Batch::sites, 4), dx(x.size(), 5), dp(S::parameters, 6);
    Numbers<Real> out_wanted = out, dx_wanted = dx, dp_wanted = dp;
    nwm::Buffer<Real> scratch(Device::scratch<S, Batch>);
    const auto parts = [](auto* from, std::size_t each) {
      std::array<decltype(from), n> result;
      for (std::size_t k = 0; k < n; ++k) result[k] = from + k * each;
      return result;
    };
    const auto inputs = [&](const Real* from, std::size_t all) { return parts(from, S::in / n * all); };

    Device::couple<S, Batch, f>(p.data(), inputs(x.data(), Batch::sites), out.data(), scratch.data());
    Device::couple_adjoint<S, Batch>(p.data(), inputs(x.data(), Batch::sites), g.data(),
                                     parts(dx.data(), S::in / n * Batch::sites), dp.data(), scratch.data());
    for (std::size_t i = 0; i < images; ++i) {
      Numbers<Real> x1(S::in * sites, 0), g1(S::out * sites, 0), out1 = g1, dx1 = x1;
      exchange(x, x1, images, sites, i, false);
      exchange(g, g1, images, sites, i, false);
      exchange(dx_wanted, dx1, images, sites, i, false);
      Scalar::couple<S, G, f>(p.data(), inputs(x1.data(), sites), out1.data(), static_cast<Real*>(nullptr));
      Scalar::couple_adjoint<S, G>(p.data(), inputs(x1.data(), sites), g1.data(),
                                   parts(dx1.data(), S::in / n * sites), dp_wanted.data(),
                                   static_cast<Real*>(nullptr));
      exchange(out_wanted, out1, images, sites, i, true);
      exchange(dx_wanted, dx1, images, sites, i, true);
    }
    BOOST_TEST(distance(out, out_wanted) < bound<Real>);
    BOOST_TEST(distance(dx, dx_wanted) < bound<Real>);
    BOOST_TEST(distance(dp, dp_wanted) < bound<Real>);
  }
}

template <class Real, class Boundary>
void some() {
  agree<Real, Stencil<2, 2, 3, Boundary, false>, Grid<3, 3>, Activation::none, 2, 3>();
  agree<Real, Stencil<5, 9, 3, Boundary>, Grid<9, 33>, Activation::relu, 1, 2>();
  agree<Real, Stencil<1, 2, 3, Boundary>, Grid<4, 1>, Activation::tanh, 1, 1>();
  agree<Real, Stencil<6, 3, 1, Boundary>, Grid<17, 5>, Activation::none, 3, 2>();
}

using Reals = std::tuple<float, double>;
constexpr std::size_t counts[] = {0, 1, 63, 64, 65, 1000};

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(periodic, Real, Reals) { some<Real, nwm::Periodic>(); }
BOOST_AUTO_TEST_CASE_TEMPLATE(clamped, Real, Reals) { some<Real, nwm::Zero>(); }
BOOST_AUTO_TEST_CASE_TEMPLATE(reflecting, Real, Reals) { some<Real, nwm::Reflecting>(); }

BOOST_AUTO_TEST_CASE(reductions_have_the_same_bits_on_every_system) {
  for (const std::size_t count : counts) {
    Numbers<float> x(count, 1);
    const auto kernel = [from = x.data()](auto lane) {
      return lane.load(from) - typename decltype(lane)::Value(5);
    };
    const double sum = Device::sum<float>(count, kernel);
    BOOST_TEST(sum == nwm::device::Host<>::sum<float>(count, kernel));
    BOOST_TEST(std::abs(sum - Scalar::sum<float>(count, kernel)) <= 1e-6 * std::abs(sum));
    BOOST_TEST(Device::maximum<float>(count, kernel) == Scalar::maximum<float>(count, kernel));
    std::array<double, 2> rows{7, 7};
    Device::sum_rows<float>(2, count / 2, kernel, rows.data());
    BOOST_TEST(rows[0] == Device::sum<float>(count / 2, kernel));
    BOOST_TEST(std::abs(rows[0] + rows[1] - Scalar::sum<float>(count / 2 * 2, kernel)) <=
               1e-6 * std::abs(sum));
    if (count == 0) continue;
    x.data()[count / 2] = std::numeric_limits<float>::quiet_NaN();
    BOOST_TEST(std::isnan(Device::maximum<float>(count, kernel)));
    BOOST_TEST(std::isnan(Device::sum<float>(count, kernel)));
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(biases_and_row_sums, Real, Reals) {
  for (const std::size_t n : counts) {
    const std::size_t rows = 5, stride = n + 2;
    Numbers<Real> bias(rows, 1), y1(rows * stride, 2), y2 = y1, sums1(rows, 3), sums2 = sums1;
    Scalar::add_row_sums(rows, n, y1.data(), stride, sums1.data());
    Device::add_row_sums(rows, n, y2.data(), stride, sums2.data());
    BOOST_TEST(distance(sums2, sums1) < bound<Real>);
    Scalar::add_bias<nwm::Activation::relu>(rows, n, y1.data(), stride, bias.data());
    Device::add_bias<nwm::Activation::relu>(rows, n, y2.data(), stride, bias.data());
    BOOST_TEST(distance(y2, y1) < bound<Real>);
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(products, Real, Reals) {
  constexpr std::size_t M = 5, K = 7, N = 19, lda = K + 1, ldx = N + 2, ldy = N + 3;
  Numbers<Real> a(M * lda, 1), x(K * ldx, 2), y(M * ldy, 3);
  Numbers<Real> y1(y.size(), 4), y2 = y1, x1(x.size(), 5), x2 = x1, a1(a.size(), 6), a2 = a1;
  Scalar::multiply<M, K, N>(a.data(), lda, x.data(), ldx, y1.data(), ldy);
  Device::multiply<M, K, N>(a.data(), lda, x.data(), ldx, y2.data(), ldy);
  BOOST_TEST(distance(y2, y1) < bound<Real>);
  Scalar::multiply<M, K, N, true>(a.data(), lda, x.data(), ldx, y1.data(), ldy);
  Device::multiply<M, K, N, true>(a.data(), lda, x.data(), ldx, y2.data(), ldy);
  BOOST_TEST(distance(y2, y1) < bound<Real>);
  Scalar::multiply_transposed<M, K, N>(a.data(), lda, y.data(), ldy, x1.data(), ldx);
  Device::multiply_transposed<M, K, N>(a.data(), lda, y.data(), ldy, x2.data(), ldx);
  BOOST_TEST(distance(x2, x1) < bound<Real>);
  Scalar::multiply_outer<M, K, N>(y.data(), ldy, x.data(), ldx, a1.data(), lda);
  Device::multiply_outer<M, K, N>(y.data(), ldy, x.data(), ldx, a2.data(), lda);
  BOOST_TEST(distance(a2, a1) < bound<Real>);
}
