// Every cell that is driven at every step through check_cell, on the grids it is made for; couplings of all
// kinds against their transpose; and cells that are wrong on purpose.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE gradient_driven_cell

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "nwm/backend/cpu/simd.hpp"
#include "nwm/cell/co_rnn.hpp"
#include "nwm/cell/driven_wave.hpp"
#include "nwm/cell/horn.hpp"
#include "nwm/cell/lin_oss.hpp"
#include "nwm/cell/nwm23.hpp"
#include "nwm/cell/unicornn.hpp"
#include "nwm/cell/wave_rnn.hpp"
#include "nwm/check/check_cell.hpp"
#include "nwm/grid/abreast.hpp"
#include "nwm/random.hpp"
#include "nwm/time/couple_stage.hpp"

namespace {

using nwm::Abreast;
using nwm::Grid;
using Site = Abreast<Grid<1, 1>, 5>;
template <class Boundary = nwm::Periodic>
using RingOf = Abreast<Grid<1, 7, Boundary>, 3>;
template <class Boundary = nwm::Periodic>
using TorusOf = Abreast<Grid<5, 3, Boundary>, 2>;
using Ring = RingOf<>;
using Torus = TorusOf<>;
using Column = Abreast<Grid<6, 1>, 2>;

template <class Cell, class G, std::size_t channels = 3>
void passes(const nwm::CheckCellOptions<Cell>& options = {}) {
  const auto scalar = nwm::check_cell<Cell, nwm::cpu::Scalar, G, channels, 5>(options);
  BOOST_TEST(scalar.ok(), Cell::name << " on scalar\n" << scalar.text());
  const auto simd = nwm::check_cell<Cell, nwm::cpu::Simd<>, G, channels, 5>(options);
  BOOST_TEST(simd.ok(), Cell::name << " on simd\n" << simd.text());
}

/// Two values of `taps` taps a side from the drive and the state, smooth, so that nothing is at a kink.
template <std::size_t taps, bool zero_padding = false>
struct Taps {
  static constexpr std::string_view name = "taps";
  enum Field : std::size_t { u, h };
  static constexpr std::array fields{nwm::cell::driven(u, "u"), nwm::cell::resting_state(h, "h")};
  static constexpr std::size_t recorded = h;
  static constexpr nwm::cell::Coupling coupling{.name = "cell.W",
                                                .from = {u, h},
                                                .groups = 2,
                                                .size = taps,
                                                .bias = true,
                                                .zero_padding = zero_padding};
  template <class Site>
  static constexpr void update(const Taps&, const Site& now, Site& next) {
    using nwm::math::tanh;
    next[h] = tanh(now.coupled(0)) * now.coupled(1) + now[u];
  }
};

/// A state that goes on as the dense map of all states, with what it was at the start learned.
struct Turn {
  static constexpr std::string_view name = "turn";
  enum Field : std::size_t { u, x, pushed };
  static constexpr std::array fields{nwm::cell::driven(u, "u"),
                                     nwm::cell::random_state(x, "x.start", -1, 1, true),
                                     nwm::cell::intermediate(pushed, "pushed")};
  static constexpr std::size_t recorded = x;
  struct Push {
    template <class Site>
    static constexpr void update(const Turn&, const Site& now, Site& next) {
      next[pushed] = now[x] * now[x] + now[u];
    }
  };
  /// Goes into a field that it gathers.
  struct Whirl {
    static constexpr nwm::cell::Coupling coupling{
        .name = "cell.R", .from = {x, pushed}, .reach = nwm::cell::Reach::dense, .into = x};
  };
  using Stages = std::tuple<Push, Whirl>;
};

/// A pressure and a flow, coupled by gradient and divergence; a shift, a Laplacian and a coupling of each
/// channel by itself besides.
struct Flow {
  static constexpr std::string_view name = "flow";
  enum Field : std::size_t { u, p, q, r, slope_x, slope_y, spread, sum };
  static constexpr std::array fields{nwm::cell::driven(u, "u"),
                                     nwm::cell::resting_state(p, "p"),
                                     nwm::cell::resting_state(q, "q"),
                                     nwm::cell::resting_state(r, "r"),
                                     nwm::cell::intermediate(slope_x, "slope_x"),
                                     nwm::cell::intermediate(slope_y, "slope_y"),
                                     nwm::cell::intermediate(spread, "spread"),
                                     nwm::cell::intermediate(sum, "sum")};
  static constexpr std::size_t recorded = p;
  using Pattern = nwm::cell::Pattern;
  struct Slope {
    static constexpr nwm::cell::Coupling coupling{
        .name = "slope", .from = {p}, .groups = 2, .pattern = Pattern::gradient};
    template <class Site>
    static constexpr void update(const Flow&, const Site& now, Site& next) {
      using V = typename Site::Value;
      next[q] = now[q] - V(0.3) * now.coupled(0);
      next[r] = now[r] - V(0.3) * now.coupled(1);
    }
  };
  struct Divergence {
    static constexpr nwm::cell::Coupling coupling{
        .name = "divergence", .from = {q, r}, .pattern = Pattern::divergence, .into = sum};
  };
  struct Spread {
    static constexpr nwm::cell::Coupling coupling{
        .name = "spread", .from = {p}, .pattern = Pattern::laplacian, .into = spread};
  };
  struct Shift {
    static constexpr nwm::cell::Coupling coupling{
        .name = "shift", .from = {r}, .pattern = Pattern::shift, .into = slope_x};
  };
  struct Own {
    static constexpr nwm::cell::Coupling coupling{
        .name = "own", .from = {p, u}, .groups = 2, .bias = true, .depthwise = true};
    template <class Site>
    static constexpr void update(const Flow&, const Site& now, Site& next) {
      using V = typename Site::Value;
      using nwm::math::tanh;
      next[slope_y] = tanh(now.coupled(0)) * now.coupled(1);
      next[p] = now[p] - V(0.3) * (now[sum] - now[u]) + V(0.1) * now[spread] +
                V(0.1) * now[slope_x] * next[slope_y];
    }
  };
  using Stages = std::tuple<Slope, Divergence, Spread, Shift, Own>;
};

/// A stage whose coupling is asked for by itself.
template <nwm::cell::Reach reach, std::size_t groups, std::size_t size = 3>
struct Coupled {
  static constexpr std::string_view name = "coupled";
  enum Field : std::size_t { u, y };
  static constexpr std::array fields{nwm::cell::driven(u, "u"), nwm::cell::resting_state(y, "y")};
  static constexpr std::size_t recorded = y;
  static constexpr nwm::cell::Coupling coupling{
      .name = "cell.W", .from = {y}, .groups = groups, .size = size, .reach = reach};
  template <class Site>
  static constexpr void update(const Coupled&, const Site& now, Site& next) {
    next[y] = now.coupled(0) + now.coupled(groups - 1);
  }
};

/// |⟨g, W x⟩ − ⟨Wᵀ g, x⟩| and |⟨g, W x⟩ − ⟨W, gradient of W⟩|, of |⟨g, W x⟩|.
template <class Cell, class G, class B>
double transpose_error() {
  using C = nwm::model::StageCoupling<nwm::cell::Stage<Cell, 0>, G, 3, nwm::model::NoInput>;
  using Couple = nwm::model::CoupleStage<C, B>;
  constexpr std::size_t in = 3 * G::sites, out = C::Stage::groups * in;
  std::vector<double> w(C::parameters), x(in), g(out), y(out), back(in), w_gradient(w.size()),
      scratch(Couple::scratch);
  nwm::Random random(5);
  for (auto* v : {&w, &x, &g})
    for (double& value : *v) value = random.uniform(-1, 1);
  const std::array<const double*, 1> from{x.data()};
  Couple::forward(w.data(), from, y.data(), scratch.data());
  Couple::adjoint(w.data(), from, static_cast<const double*>(g.data()), std::array{back.data()},
                  w_gradient.data(), scratch.data());
  const auto dot = [](const std::vector<double>& a, const std::vector<double>& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
    return sum;
  };
  const double forward = dot(g, y);
  return std::max(std::abs(forward - dot(back, x)), std::abs(forward - dot(w, w_gradient))) /
         std::abs(forward);
}
template <class Cell, class G>
void transposes() {
  BOOST_TEST((transpose_error<Cell, G, nwm::cpu::Scalar>()) < 1e-12);
  BOOST_TEST((transpose_error<Cell, G, nwm::cpu::Simd<>>()) < 1e-12);
}

/// A backend whose gradient of dense weights is wrong by a thousandth.
struct Wrong : nwm::cpu::Scalar {
  template <std::size_t M, std::size_t K, std::size_t N, class Real>
  static void multiply_outer(const Real* y, std::size_t ldy, const Real* x, std::size_t ldx, Real* a,
                             std::size_t lda) {
    nwm::cpu::Scalar::multiply_outer<M, K, N>(y, ldy, x, ldx, a, lda);
    a[0] *= Real(1.001);
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(cells_of_units) {
  passes<nwm::cell::CoRnn, Site>();
  passes<nwm::cell::Unicornn, Site>();
  passes<nwm::cell::Horn<3>, Site>();
  passes<nwm::cell::LinOss<>, Site>();
  passes<nwm::cell::LinOss<nwm::cell::Scheme::implicit>, Site>();
}

BOOST_AUTO_TEST_CASE(cells_on_rings_and_grids) {
  passes<nwm::cell::WaveRnn<nwm::Activation::tanh, 3>, Ring>();
  passes<nwm::cell::WaveRnn<nwm::Activation::tanh, 7>, Ring>();
  passes<nwm::cell::WaveRnn<nwm::Activation::none, 5>, Column>();
  passes<nwm::cell::Nwm23, Torus, 2>();
  passes<nwm::cell::DrivenWave, Grid<5, 7>, 2>();
  passes<nwm::cell::DrivenWave, Torus, 2>();
}

BOOST_AUTO_TEST_CASE(taps_under_every_boundary) {
  passes<Taps<1>, Torus, 2>();
  passes<Taps<3>, Torus, 2>();
  passes<Taps<3>, TorusOf<nwm::Zero>, 2>();
  passes<Taps<3>, TorusOf<nwm::Reflecting>, 2>();
  passes<Taps<3, true>, Torus, 2>();
  passes<Taps<5>, TorusOf<nwm::Zero>, 2>();
  passes<Taps<5>, RingOf<nwm::Reflecting>, 2>();
  passes<Taps<5>, Grid<5, 7>, 2>();
  passes<Taps<5, true>, Grid<5, 7>, 1>();
  passes<Taps<7>, Grid<5, 7, nwm::Zero>, 1>();
}

BOOST_AUTO_TEST_CASE(fixed_patterns_and_channels_by_themselves) {
  passes<Flow, Torus, 2>();
  passes<Flow, TorusOf<nwm::Reflecting>, 2>();
  passes<Flow, Ring, 2>();
  passes<Flow, Grid<5, 7>, 2>();
  passes<Flow, Grid<5, 7, nwm::Zero>, 3>();
}

BOOST_AUTO_TEST_CASE(stages_without_an_update_or_a_coupling) {
  passes<Turn, Site>();
  passes<Turn, Ring, 2>();
}

BOOST_AUTO_TEST_CASE(couplings_against_their_transpose) {
  using nwm::cell::Reach;
  transposes<Coupled<Reach::dense, 1>, Site>();
  transposes<Coupled<Reach::dense, 2>, Ring>();
  transposes<Coupled<Reach::complex, 2>, Ring>();
  transposes<Coupled<Reach::stencil, 2, 1>, Torus>();
  transposes<Coupled<Reach::stencil, 1, 3>, TorusOf<nwm::Reflecting>>();
  transposes<Coupled<Reach::stencil, 1, 5>, TorusOf<nwm::Zero>>();
  transposes<Coupled<Reach::stencil, 1, 7>, Ring>();
}

BOOST_AUTO_TEST_CASE(a_wrong_gradient_is_caught) {
  const auto report = nwm::check_cell<nwm::cell::CoRnn, Wrong, Site, 3, 5>();
  BOOST_TEST(!report.ok());
  BOOST_TEST(report.text().find("cell.i2h.weight") != std::string::npos, report.text());
}
