// Stencils of cpu::Simd and their adjoints against cpu::Scalar's: every boundary, widths below, at and beside
// multiples of a register's size, in both precisions.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE agreement_stencil

#include <array>
#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <tuple>

#include "cases.hpp"
#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/backend/cpu/simd_small_grid.hpp"
#include "nwm/memory/buffer.hpp"

namespace {

using nwm::Activation;
using nwm::Buffer;
using nwm::Grid;
using nwm::cpu::Scalar;
using tools::Cases;
using tools::distance;
using tools::Numbers;

template <class C, class S, class G, Activation f, std::size_t n>
void stencils_agree() {
  using Real = typename C::R;
  using Simd = typename C::Simd;
  BOOST_TEST_CONTEXT(G::height << "x" << G::width << ", " << S::in << " to " << S::out << ", size " << S::size
                               << ", " << n << " parts, edge " << S::Boundary::source(-1, 9)) {
    Numbers<Real> p(S::parameters, 1), x(S::in * G::sites, 2), g(S::out * G::sites, 3);
    std::array<const Real*, n> parts;
    for (std::size_t k = 0; k < n; ++k) parts[k] = x.data() + k * (S::in / n) * G::sites;
    Buffer<Real> scratch(Simd::template scratch<S, G> + 1);
    Numbers<Real> a(S::out * G::sites, 4), b = a;
    Scalar::couple<S, G, f>(p.data(), parts, a.data(), scratch.data());
    Simd::template couple<S, G, f>(p.data(), parts, b.data(), scratch.data());
    BOOST_TEST(distance(b, a) < C::bound);

    Numbers<Real> dx_a(x.size(), 5), dx_b = dx_a, dp_a(p.size(), 6), dp_b = dp_a;
    std::array<Real*, n> into_a, into_b;
    for (std::size_t k = 0; k < n; ++k) {
      into_a[k] = dx_a.data() + k * (S::in / n) * G::sites;
      into_b[k] = dx_b.data() + k * (S::in / n) * G::sites;
    }
    Scalar::couple_adjoint<S, G>(p.data(), parts, g.data(), into_a, dp_a.data(), scratch.data());
    Simd::template couple_adjoint<S, G>(p.data(), parts, g.data(), into_b, dp_b.data(), scratch.data());
    BOOST_TEST(distance(dx_b, dx_a) < C::bound);
    BOOST_TEST(distance(dp_b, dp_a) < C::bound);
  }
}

using nwm::Stencil;
constexpr Activation none = Activation::none, relu = Activation::relu, tanh = Activation::tanh;

/// Widths beside, at, below and above a register's size.
template <class C, class Boundary>
void some_stencils() {
  stencils_agree<C, Stencil<3, 2, 3, Boundary>, Grid<7, 9>, relu, 1>();
  stencils_agree<C, Stencil<2, 2, 3, Boundary, false>, Grid<3, 3>, none, 2>();
}

template <class C, class Boundary>
void more_stencils() {
  stencils_agree<C, Stencil<4, 4, 3, Boundary, false>, Grid<5, 16>, none, 2>();
  stencils_agree<C, Stencil<1, 8, 3, Boundary>, Grid<3, 1>, tanh, 1>();
  stencils_agree<C, Stencil<1, 1, 3, Boundary, false>, Grid<4, 67>, none, 1>();
  stencils_agree<C, Stencil<3, 4, 1, Boundary>, Grid<5, 7>, relu, 1>();
  stencils_agree<C, Stencil<4, 1, 1, Boundary>, Grid<3, 5>, none, 2>();
}

/// Narrower than a register and of many channels: dense products (backend/cpu/simd_small_grid.hpp). Whatever
/// the way, bands of rows have the bits of the whole.
template <class C, class Boundary>
void small_grids() {
  using Real = typename C::R;
  using Simd = typename C::Simd;
  using S = Stencil<16, 32, 3, Boundary, false>;
  stencils_agree<C, S, Grid<8, 8>, none, 1>();
  stencils_agree<C, S, Grid<4, 4>, none, 2>();
  stencils_agree<C, S, Grid<8, 2>, none, 4>();
  using G = Grid<8, 8>;
  Numbers<Real> p(S::parameters, 1), x(S::in * G::sites, 2);
  const std::array<const Real*, 1> parts{x.data()};
  Buffer<Real> whole(S::out * G::sites), band(S::out * 4 * G::width), scratch(Simd::template scratch<S, G>);
  Simd::template couple<S, G, none>(p.data(), parts, whole.data(), scratch.data());
  Simd::template prepare_rows<S, G, Real, 1>(parts, scratch.data(), 0, 4);
  Simd::template prepare_rows<S, G, Real, 1>(parts, scratch.data(), 4, 8);
  bool same = true;
  for (const std::size_t first : {std::size_t{0}, std::size_t{4}}) {
    Simd::template couple_rows<S, G, 4, Real, 1>(p.data(), parts, band.data(), scratch.data(), first);
    for (std::size_t o = 0; o < S::out; ++o)
      for (std::size_t i = 0; i < 4 * G::width; ++i)
        same = same && band[o * 4 * G::width + i] == whole[o * G::sites + first * G::width + i];
  }
  BOOST_TEST(same);
}
using Wide = nwm::Stencil<16, 32, 3, nwm::Zero, false>;
#if defined(__AVX2__)
static_assert(nwm::cpu::detail::SmallGrid<Wide, Grid<4, 4>, float, xsimd::default_arch>::pays);
#endif
static_assert(!nwm::cpu::detail::SmallGrid<Wide, Grid<32, 32>, float, xsimd::default_arch>::pays);

}  // namespace

using Default = std::tuple<tools::Case<float, xsimd::default_arch>, tools::Case<double, xsimd::default_arch>>;
using One = std::tuple<tools::Case<float, xsimd::default_arch>>;

BOOST_AUTO_TEST_CASE_TEMPLATE(on_every_architecture, C, Cases) { some_stencils<C, nwm::Periodic>(); }
BOOST_AUTO_TEST_CASE_TEMPLATE(of_every_shape, C, Default) { more_stencils<C, nwm::Periodic>(); }
BOOST_AUTO_TEST_CASE_TEMPLATE(clamped, C, Default) { some_stencils<C, nwm::Zero>(); }
BOOST_AUTO_TEST_CASE_TEMPLATE(reflecting, C, Default) { some_stencils<C, nwm::Reflecting>(); }
BOOST_AUTO_TEST_CASE_TEMPLATE(reflecting_of_every_shape, C, One) { more_stencils<C, nwm::Reflecting>(); }
BOOST_AUTO_TEST_CASE_TEMPLATE(narrower_than_a_register, C, Cases) {
  small_grids<C, nwm::Zero>();
  small_grids<C, nwm::Periodic>();
}
