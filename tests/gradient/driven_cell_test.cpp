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
#include <type_traits>
#include <utility>
#include <vector>

#include "nwm/backend/cpu/simd.hpp"
#if __has_include(<thrust/for_each.h>)
#include "nwm/backend/device/host.hpp"
#endif
#include "nwm/backend/kernels.hpp"
#include "nwm/cell/co_rnn.hpp"
#include "nwm/cell/dense_rnn.hpp"
#include "nwm/cell/driven_wave.hpp"
#include "nwm/cell/horn.hpp"
#include "nwm/cell/lin_oss.hpp"
#include "nwm/cell/nwm23.hpp"
#include "nwm/cell/unicornn.hpp"
#include "nwm/cell/wave_rnn.hpp"
#include "nwm/check/check_cell.hpp"
#include "nwm/grid/abreast.hpp"
#include "nwm/time/couple_stage.hpp"
#include "tools.hpp"

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

template <class Cell, class B, class G, std::size_t channels>
void passes_on(const nwm::CheckCellOptions<Cell>& options) {
  const auto report = nwm::check_cell<Cell, B, G, channels, 5>(options);
  BOOST_TEST(report.ok(), Cell::name << " on " << B::name << "\n" << report.text());
}
template <class Cell, class G, std::size_t channels = 3>
void passes(const nwm::CheckCellOptions<Cell>& options = {}) {
  passes_on<Cell, nwm::cpu::Scalar, G, channels>(options);
  passes_on<Cell, nwm::cpu::Simd<>, G, channels>(options);
}
/// The device backend, too, where its headers are.
template <class Cell, class G, std::size_t channels = 3>
void passes_everywhere() {
  passes<Cell, G, channels>();
#if __has_include(<thrust/for_each.h>)
  passes_on<Cell, nwm::device::Host<>, G, channels>({});
#endif
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
template <nwm::cell::Coupling (*stated)()>
struct Coupled {
  static constexpr std::string_view name = "coupled";
  enum Field : std::size_t { u, y, z };
  static constexpr std::array fields{nwm::cell::driven(u, "u"), nwm::cell::resting_state(y, "y"),
                                     nwm::cell::resting_state(z, "z")};
  static constexpr std::size_t recorded = y;
  static constexpr nwm::cell::Coupling coupling = stated();
  template <class Site>
  static constexpr void update(const Coupled&, const Site& now, Site& next) {
    next[y] = now.coupled(0) + now[z];
    next[z] = now.coupled(coupling.groups - 1);
  }
};
enum Field : std::size_t { u, y, z };
using nwm::cell::Coupling;
using nwm::cell::Pattern;
using nwm::cell::Reach;

template <std::size_t groups>
constexpr Coupling dense() {
  return {.name = "W", .from = {y}, .groups = groups, .bias = true, .reach = Reach::dense};
}
constexpr Coupling complex() { return {.name = "W", .from = {y}, .groups = 2, .reach = Reach::complex}; }
template <std::size_t size, std::size_t groups = 1, bool zero = false>
constexpr Coupling taps() {
  return {.name = "W", .from = {y, z}, .groups = groups, .size = size, .zero_padding = zero};
}
template <std::size_t size>
constexpr Coupling depthwise() {
  return {.name = "W", .from = {y, z}, .groups = 2, .size = size, .bias = true, .depthwise = true};
}
template <Pattern pattern>
constexpr Coupling fixed() {
  if constexpr (pattern == Pattern::divergence) return {.name = "W", .from = {y, z}, .pattern = pattern};
  return {.name = "W", .from = {y}, .groups = pattern == Pattern::gradient ? 2u : 1u, .pattern = pattern};
}
/// Of the input of a step: a vector onto all sites, a frame through a stencil, and both beside a state.
template <Reach reach, bool alone>
constexpr Coupling drive() {
  Coupling c{.name = "W", .from = {u}, .bias = true, .reach = reach};
  if (!alone) c.from = {u, y};
  return c;
}
constexpr Coupling complex_drive() {
  return {.name = "W", .from = {u}, .groups = 2, .reach = Reach::complex};
}

/// The worst of |⟨g, W x⟩ − ⟨Wᵀ g, x⟩| over the fields and |⟨g, W x + b⟩ − ⟨(W, b), their gradient⟩|, of
/// |g| |W x|. The input of a step has no gradient: the former leaves it out. A backend's
/// `factor` is put to 1.001 before the adjoint.
template <Coupling (*stated)(), class G, class Input, class B>
double transpose_error() {
  constexpr std::size_t channels = 3;
  using Cell = Coupled<stated>;
  using C = nwm::model::StageCoupling<nwm::cell::Stage<Cell, 0>, G, channels, Input>;
  using Couple = nwm::model::CoupleStage<C, B>;
  static_assert(nwm::cell::well_formed<Cell>);
  constexpr std::size_t parts = C::parts, columns = channels * G::sites;
  constexpr auto sized = []<std::size_t... k>(std::index_sequence<k...>) {
    return std::array{(C::template from_drive<k> ? Input::channels * Input::sites * C::lanes : columns)...};
  };
  constexpr auto sizes = sized(std::make_index_sequence<parts>{});
  constexpr bool driven = C::template from_drive<0>;

  std::vector<double> w = tools::random_vector(C::parameters, 1),
                      g = tools::random_vector(C::Stage::groups * columns, 2), out(g.size()),
                      linear(g.size()), w_gradient(w.size()), scratch(Couple::scratch + 1);
  std::array<std::vector<double>, parts> x, back;
  std::array<const double*, parts> from;
  std::array<double*, parts> into;
  for (std::size_t k = 0; k < parts; ++k) {
    x[k] = tools::random_vector(sizes[k], 3 + k);
    back[k].assign(sizes[k], 0.0);
    from[k] = x[k].data();
    into[k] = driven && k == 0 ? nullptr : back[k].data();
  }
  std::vector<double> unbiased = w;
  std::fill(unbiased.begin() + static_cast<std::ptrdiff_t>(C::weights), unbiased.end(), 0.0);
  if constexpr (requires { B::factor; }) B::factor = 1;
  Couple::forward(w.data(), from, out.data(), scratch.data());
  std::array<const double*, parts> of_states = from;
  const std::vector<double> nothing(sizes[0]);
  if (driven) of_states[0] = nothing.data();
  Couple::forward(unbiased.data(), of_states, linear.data(), scratch.data());
  if constexpr (requires { B::factor; }) B::factor = 1.001;
  Couple::adjoint(w.data(), from, static_cast<const double*>(g.data()), into,
                  C::parameters > 0 ? w_gradient.data() : nullptr, scratch.data());

  double error = 0;
  if (C::parameters > 0) error = tools::mismatch(tools::dot(g, out), tools::dot(w, w_gradient), g, out);
  if (!driven || parts > 1) {
    double sum = 0;
    for (std::size_t k = driven; k < parts; ++k) sum += tools::dot(back[k], x[k]);
    error = std::max(error, tools::mismatch(tools::dot(g, linear), sum, g, linear));
  }
  return error;
}
template <Coupling (*stated)(), class G, class Input = nwm::model::NoInput>
void transposes() {
  BOOST_TEST((transpose_error<stated, G, Input, nwm::cpu::Scalar>()) < 1e-12);
  BOOST_TEST((transpose_error<stated, G, Input, nwm::cpu::Simd<>>()) < 1e-12);
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
/// One that scatters what taps gave with a factor of its own.
struct Scattering : nwm::cpu::Scalar {
  static inline double factor = 1;
  template <class Real, class Kernel>
  static void map_rows(std::size_t rows, std::size_t n, Kernel kernel) {
    if constexpr (std::is_same_v<Kernel, nwm::kernel::AddRows<Real>>) kernel.factor *= factor;
    nwm::cpu::Scalar::map_rows<Real>(rows, n, kernel);
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(cells_of_units) {
  passes_everywhere<nwm::cell::CoRnn, Site>();
  passes_everywhere<nwm::cell::DenseRnn<nwm::Activation::tanh>, Site>();
  passes_everywhere<nwm::cell::Unicornn, Site>();
  passes_everywhere<nwm::cell::Horn<3>, Site>();
  passes_everywhere<nwm::cell::LinOss<>, Site>();
  passes_everywhere<nwm::cell::LinOss<nwm::cell::Scheme::implicit>, Site>();
}

BOOST_AUTO_TEST_CASE(cells_on_rings_and_grids) {
  passes_everywhere<nwm::cell::WaveRnn<nwm::Activation::tanh, 3>, Ring>();
  passes_everywhere<nwm::cell::WaveRnn<nwm::Activation::tanh, 7>, Ring>();
  passes<nwm::cell::WaveRnn<nwm::Activation::none, 5>, Column>();
  passes_everywhere<nwm::cell::Nwm23, Torus, 2>();
  passes_everywhere<nwm::cell::DrivenWave, Grid<5, 7>, 2>();
  passes<nwm::cell::DrivenWave, Torus, 2>();
}

BOOST_AUTO_TEST_CASE(taps_under_every_boundary) {
  passes<Taps<1>, Torus, 2>();
  passes<Taps<3>, Torus, 2>();
  passes<Taps<3>, TorusOf<nwm::Zero>, 2>();
  passes<Taps<3>, TorusOf<nwm::Reflecting>, 2>();
  passes<Taps<3, true>, Torus, 2>();
  passes_everywhere<Taps<5>, TorusOf<nwm::Zero>, 2>();
  passes<Taps<5>, RingOf<nwm::Reflecting>, 2>();
  passes<Taps<5>, Grid<5, 7>, 2>();
  passes<Taps<5, true>, Grid<5, 7>, 1>();
  passes<Taps<7>, Grid<5, 7, nwm::Zero>, 1>();
}

BOOST_AUTO_TEST_CASE(fixed_patterns_and_channels_by_themselves) {
  passes_everywhere<Flow, Torus, 2>();
  passes<Flow, TorusOf<nwm::Reflecting>, 2>();
  passes<Flow, Ring, 2>();
  passes<Flow, Grid<5, 7>, 2>();
  passes<Flow, Grid<5, 7, nwm::Zero>, 3>();
}

BOOST_AUTO_TEST_CASE(stages_without_an_update_or_a_coupling) {
  passes_everywhere<Turn, Site>();
  passes<Turn, Ring, 2>();
}

BOOST_AUTO_TEST_CASE(couplings_against_their_transpose) {
  transposes<dense<1>, Site>();
  transposes<dense<2>, Ring>();
  transposes<complex, Ring>();
  transposes<taps<1, 2>, Torus>();
  transposes<taps<3>, TorusOf<nwm::Reflecting>>();
  transposes<taps<3, 2>, Ring>();
  transposes<taps<3, 1, true>, Torus>();
  transposes<taps<5>, TorusOf<nwm::Zero>>();
  transposes<taps<5>, Grid<5, 7>>();
  transposes<taps<7>, Ring>();
  transposes<taps<7>, RingOf<nwm::Reflecting>>();
  transposes<depthwise<3>, Torus>();
  transposes<depthwise<5>, RingOf<nwm::Zero>>();
  transposes<depthwise<1>, Grid<5, 7>>();
}

BOOST_AUTO_TEST_CASE(fixed_patterns_against_their_transpose) {
  transposes<fixed<Pattern::laplacian>, Torus>();
  transposes<fixed<Pattern::laplacian>, RingOf<nwm::Reflecting>>();
  transposes<fixed<Pattern::laplacian>, Grid<5, 7, nwm::Zero>>();
  transposes<fixed<Pattern::shift>, Ring>();
  transposes<fixed<Pattern::shift>, TorusOf<nwm::Zero>>();
  transposes<fixed<Pattern::gradient>, TorusOf<nwm::Reflecting>>();
  transposes<fixed<Pattern::gradient>, Grid<5, 7>>();
  transposes<fixed<Pattern::divergence>, Torus>();
  transposes<fixed<Pattern::divergence>, Column>();
}

BOOST_AUTO_TEST_CASE(maps_of_the_drive_against_their_transpose) {
  using nwm::model::StepInput;
  transposes<drive<Reach::dense, true>, Ring, StepInput<4, 1>>();
  transposes<drive<Reach::dense, false>, Site, StepInput<4, 1>>();
  transposes<drive<Reach::dense, true>, Torus, StepInput<2, 15>>();
  transposes<drive<Reach::stencil, true>, Torus, StepInput<2, 15>>();
  transposes<drive<Reach::stencil, false>, Grid<5, 7>, StepInput<2, 35>>();
  transposes<complex_drive, Site, StepInput<4, 1>>();
}

BOOST_AUTO_TEST_CASE(a_wrong_transpose_is_caught) {
  using nwm::model::NoInput;
  using nwm::model::StepInput;
  BOOST_TEST((transpose_error<dense<1>, Site, NoInput, Wrong>()) > 1e-8);
  BOOST_TEST((transpose_error<taps<5>, Ring, NoInput, Wrong>()) > 1e-8);
  BOOST_TEST((transpose_error<depthwise<3>, Torus, NoInput, Wrong>()) > 1e-8);
  BOOST_TEST((transpose_error<drive<Reach::dense, true>, Ring, StepInput<4, 1>, Wrong>()) > 1e-8);
  BOOST_TEST((transpose_error<fixed<Pattern::laplacian>, Torus, NoInput, Scattering>()) > 1e-8);
  BOOST_TEST((transpose_error<fixed<Pattern::shift>, Ring, NoInput, Scattering>()) > 1e-8);
  BOOST_TEST((transpose_error<fixed<Pattern::gradient>, Torus, NoInput, Scattering>()) > 1e-8);
  BOOST_TEST((transpose_error<fixed<Pattern::divergence>, Torus, NoInput, Scattering>()) > 1e-8);
  BOOST_TEST((transpose_error<taps<7>, Ring, NoInput, Scattering>()) > 1e-8);
}

BOOST_AUTO_TEST_CASE(a_wrong_gradient_is_caught) {
  const auto report = nwm::check_cell<nwm::cell::CoRnn, Wrong, Site, 3, 5>();
  BOOST_TEST(!report.ok());
  BOOST_TEST(report.text().find("cell.i2h.weight") != std::string::npos, report.text());
}

BOOST_AUTO_TEST_CASE(steps_back_undo_steps) {
  const auto compared = []<class Cell>(const Cell*) {
    const auto report = nwm::check_cell<Cell, nwm::cpu::Scalar, Grid<3, 4>, 2, 1>();
    BOOST_TEST(report.inverse.error < 1e-12);
    return report.inverse.compared;
  };
  BOOST_TEST(compared(static_cast<const nwm::cell::DrivenWave*>(nullptr)) == 200u * 3u);
  BOOST_TEST(compared(static_cast<const nwm::cell::LinOss<>*>(nullptr)) == 200u * 4u);
  BOOST_TEST(compared(static_cast<const nwm::cell::LinOss<nwm::cell::Scheme::implicit>*>(nullptr)) ==
             200u * 4u);
  BOOST_TEST(compared(static_cast<const nwm::cell::CoRnn*>(nullptr)) == 0u);
}
