// Every cell of the library and one of the user's own through check_cell, and cells and backends that are
// wrong on purpose, which it must refuse.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE gradient_cell

#include <array>
#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <string>
#include <string_view>
#include <tuple>

#if __has_include(<thrust/for_each.h>)
#include "nwm/backend/device/host.hpp"
#endif
#include "nwm/cell/gru.hpp"
#include "nwm/cell/lstm.hpp"
#include "nwm/cell/rnn.hpp"
#include "nwm/cell/stable_wave.hpp"
#include "nwm/cell/wave.hpp"
#include "nwm/check/check_cell.hpp"
#include "planted.hpp"

namespace {

using nwm::cpu::Scalar;
using nwm::cpu::Simd;
using planted::Fault;
using planted::KleinGordon;

/// Coupled phases (Kuramoto 1984) with natural frequencies of their own: two stages, one of which gathers
/// what the other has written, and a coupling of all channels that is not trained.
struct Kuramoto {
  static constexpr std::string_view name = "kuramoto";
  double dt = 0.2;
  static constexpr auto numbers = nwm::cell::numbers("dt", &Kuramoto::dt);
  enum Field : std::size_t { theta, rate, sine, cosine };
  static constexpr std::array fields{nwm::cell::encoded_state(theta, "theta", 2, nwm::Activation::none),
                                     nwm::cell::encoded_map(rate, "rate", 2, nwm::Activation::none),
                                     nwm::cell::intermediate(sine, "sine"),
                                     nwm::cell::intermediate(cosine, "cosine")};
  static constexpr std::size_t recorded = theta;
  using Boundary = nwm::Zero;

  struct Project {
    static constexpr nwm::cell::Coupling coupling{
        .name = "cell.drift", .from = {rate}, .size = 1, .bias = true};
    template <class Site>
    static constexpr void update(const Kuramoto& cell, const Site& now, Site& next) {
      using V = typename Site::Value;
      next[theta] = now[theta] + V(cell.dt) * now.coupled();
      next[sine] = nwm::math::sin(next[theta]);
      next[cosine] = nwm::math::cos(next[theta]);
    }
  };
  struct Attract {
    enum Part : std::size_t { of_sine, of_cosine };
    static constexpr nwm::cell::Coupling coupling{
        .name = "cell.K", .from = {sine, cosine}, .groups = 2, .trained = false};
    template <class Site>
    static constexpr void update(const Kuramoto& cell, const Site& now, Site& next) {
      using V = typename Site::Value;
      next[theta] =
          now[theta] + V(cell.dt) * (now[cosine] * now.coupled(of_sine) - now[sine] * now.coupled(of_cosine));
    }
  };
  using Stages = std::tuple<Project, Attract>;
};

/// A field that is read but changes nothing.
struct Idle {
  static constexpr std::string_view name = "idle";
  enum Field : std::size_t { y, useless };
  static constexpr std::array fields{nwm::cell::resting_state(y, "y"),
                                     nwm::cell::given_map(useless, "useless")};
  static constexpr std::size_t recorded = y;
  static constexpr nwm::cell::Coupling coupling{.name = "cell.K", .from = {y}};
  template <class Site>
  static constexpr void update(const Idle&, const Site& now, Site& next) {
    using V = typename Site::Value;
    next[y] = V(0.2) * now.coupled() + now[y] + V(0) * now[useless];
  }
};

/// A wave whose step back is off by a thousandth.
struct Astray : nwm::cell::Wave {
  static constexpr std::string_view name = "astray";
  template <class Site>
  static constexpr void inverse(const nwm::cell::Wave& cell, const Site& after, Site& before) {
    nwm::cell::Wave::inverse(cell, after, before);
    before[z] *= typename Site::Value(1.001);
  }
};

/// A wave whose velocity, found again from its series, is off by a thousandth.
struct Late : nwm::cell::Wave {
  static constexpr std::string_view name = "late";
  template <class Site>
  static constexpr void recover(const nwm::cell::Wave& cell, const Site& now, Site& next) {
    nwm::cell::Wave::recover(cell, now, next);
    next[z] *= typename Site::Value(1.001);
  }
};

/// A cell that says how its velocity follows, and not what that loses.
struct Unused : KleinGordon<Fault::none> {
  static constexpr std::string_view name = "unused";
  template <class Site>
  static constexpr void update(const Unused& cell, const Site& now, Site& next) {
    KleinGordon<Fault::none>::update(cell, now, next);
  }
  template <class Site>
  static constexpr void recover(const Unused& cell, const Site& now, Site& next) {
    next[v] = (next[u] - now[u]) / typename Site::Value(cell.dt);
  }
  template <class Site>
  static constexpr void recovered_adjoint(const Unused& cell, const Site& now, const Site&,
                                          const Site& gradient, Site& to) {
    KleinGordon<Fault::none>::adjoint(cell, now, gradient, to);
  }
};

/// A backend whose stencil does not hand the gradient on to where its input came from.
struct Forgetful : Scalar {
  template <class S, class G, class Real, std::size_t n>
  static void couple_adjoint(const Real* parameters, const std::array<const Real*, n>& parts,
                             const Real* gradient, const std::array<Real*, n>&, Real* parameter_gradient,
                             Real* scratch_) {
    Scalar::couple_adjoint<S, G>(parameters, parts, gradient, std::array<Real*, n>{}, parameter_gradient,
                                 scratch_);
  }
};

/// A backend that is off by a millionth, forward and backward alike.
struct Inexact : Scalar {
  template <class S, class G, nwm::Activation f, class Real, std::size_t n>
  static void couple(const Real* parameters, const std::array<const Real*, n>& parts, Real* out, Real* s) {
    Scalar::couple<S, G, f>(parameters, parts, out, s);
    for (std::size_t i = 0; i < S::out * G::sites; ++i) out[i] *= Real(1 + 1e-6);
  }
  template <class S, class G, class Real, std::size_t n>
  static void couple_adjoint(const Real* parameters, const std::array<const Real*, n>& parts,
                             const Real* gradient, const std::array<Real*, n>& part_gradients,
                             Real* parameter_gradient, Real* s) {
    std::array<Real, S::out * G::sites> scaled;
    for (std::size_t i = 0; i < scaled.size(); ++i) scaled[i] = gradient[i] * Real(1 + 1e-6);
    Scalar::couple_adjoint<S, G>(parameters, parts, scaled.data(), part_gradients, parameter_gradient, s);
  }
};

void require_right(const nwm::CellReport& report) {
  BOOST_TEST(report.ok(), report.text());
  BOOST_TEST(report.gradient.error < 1e-7, report.text());
  BOOST_TEST_MESSAGE(report.text());
}

bool has_fault(const nwm::CellReport& report, const std::string& begin) {
  for (const std::string& fault : report.faults)
    if (fault.starts_with(begin)) return true;
  BOOST_TEST_MESSAGE(report.text());
  return false;
}

}  // namespace

BOOST_AUTO_TEST_CASE(wave_under_every_boundary) {
  using nwm::Grid;
  using nwm::cell::WaveOn;
  require_right(nwm::check_cell<WaveOn<nwm::Periodic>, Simd<>>());
  require_right(nwm::check_cell<WaveOn<nwm::Zero>, Simd<>>());
  require_right(nwm::check_cell<WaveOn<nwm::Reflecting>, Simd<>>());
  require_right(nwm::check_cell<WaveOn<nwm::Periodic>, Scalar, Grid<7, 9>, 3>());
#if __has_include(<thrust/for_each.h>)
  require_right(nwm::check_cell<WaveOn<nwm::Periodic>, nwm::device::Host<>>());
  require_right(nwm::check_cell<WaveOn<nwm::Reflecting>, nwm::device::Host<>>());
#endif
  require_right(nwm::check_cell<WaveOn<nwm::Reflecting>, Scalar, Grid<7, 3, nwm::Reflecting>, 1, 9>());
  require_right(nwm::check_cell<WaveOn<nwm::Periodic>, Scalar, Grid<3, 5>, 2, 1>(
      {.ranges = {{{-1, 1}, {0.5, 1}, {0, 1}, {0, 1}}}}));
}

// The levels over all that tanh gives; the adjoint written by hand beside the derived one.
BOOST_AUTO_TEST_CASE(the_stable_wave) {
  using nwm::cell::StableWaveOn;
  constexpr nwm::CheckCellOptions<StableWaveOn<>>::Range level{-1, 1};
  const auto report = nwm::check_cell<StableWaveOn<>, Simd<>>({.ranges = {{{}, {}, level, level}}});
  require_right(report);
  BOOST_TEST(report.adjoint.compared == 200u * 5u);
  require_right(nwm::check_cell<StableWaveOn<nwm::Zero>, Simd<>>());
  require_right(
      nwm::check_cell<StableWaveOn<nwm::Reflecting>, Scalar, nwm::Grid<7, 9, nwm::Reflecting>, 3>());
}

BOOST_AUTO_TEST_CASE(recurrent_networks_without_wave_bias) {
  require_right(nwm::check_cell<nwm::cell::Lstm, Simd<>>());
  require_right(nwm::check_cell<nwm::cell::Gru, Simd<>>());
  require_right(nwm::check_cell<nwm::cell::Rnn, Simd<>>());
}

BOOST_AUTO_TEST_CASE(cells_of_ones_own) {
  require_right(nwm::check_cell<Kuramoto>());
  const auto report = nwm::check_cell<KleinGordon<Fault::none>>();
  require_right(report);
  BOOST_TEST(report.adjoint.compared == 200u * 4u);
  BOOST_TEST(report.adjoint.error < 1e-14);
}

BOOST_AUTO_TEST_CASE(a_wrong_adjoint_is_caught_by_both_comparisons) {
  const auto sign = nwm::check_cell<KleinGordon<Fault::sign>, Scalar>();
  BOOST_TEST(!sign.ok());
  BOOST_TEST(has_fault(sign, "adjoint of stage 0, mass"));
  BOOST_TEST(has_fault(sign, "gradient of mass: relative error"));

  const auto missing = nwm::check_cell<KleinGordon<Fault::missing_term>, Scalar>();
  BOOST_TEST(!missing.ok());
  BOOST_TEST(has_fault(missing, "adjoint of stage 0, u"));
  BOOST_TEST(has_fault(missing, "gradient of u: relative error"));

  const auto scaled = nwm::check_cell<KleinGordon<Fault::scaled>, Scalar>();
  BOOST_TEST(has_fault(scaled, "adjoint of stage 0, v"));
  BOOST_TEST(has_fault(scaled, "gradient of v: relative error"));
  BOOST_TEST(scaled.backend.error == 0);
}

BOOST_AUTO_TEST_CASE(a_step_back_is_checked_where_there_is_one) {
  const auto wave = nwm::check_cell<nwm::cell::Wave, Scalar>();
  BOOST_TEST(wave.inverse.compared == 200u * 3u);
  BOOST_TEST(wave.inverse.error < 1e-12);
  const auto rnn = nwm::check_cell<nwm::cell::Rnn, Scalar>();
  BOOST_TEST(rnn.inverse.compared == 0u);
  const auto astray = nwm::check_cell<Astray, Scalar>();
  BOOST_TEST(!astray.ok());
  BOOST_TEST(has_fault(astray, "inverse of hz: relative error"));
}

BOOST_AUTO_TEST_CASE(what_follows_from_the_series_is_checked_where_it_is_stated) {
  const auto wave = nwm::check_cell<nwm::cell::Wave, Scalar>();
  BOOST_TEST(wave.recovered.compared == 200u * 11u);
  BOOST_TEST(wave.recovered.error < 1e-11);
  BOOST_TEST((nwm::check_cell<nwm::cell::StableWave, Scalar>().recovered.error < 1e-11));
  BOOST_TEST((nwm::check_cell<nwm::cell::Rnn, Scalar>().recovered.compared == 0u));
  const auto late = nwm::check_cell<Late, Scalar>();
  BOOST_TEST(!late.ok());
  BOOST_TEST(has_fault(late, "recovered_adjoint, coupled"));
  const auto unused = nwm::check_cell<Unused, Scalar>();
  BOOST_TEST(has_fault(unused, "recover: the cell is no cell::SeriesCell"));
}

BOOST_AUTO_TEST_CASE(a_wrong_backend_is_caught) {
  const auto forgetful = nwm::check_cell<nwm::cell::Wave, Forgetful>();
  BOOST_TEST(has_fault(forgetful, "gradient of hy: relative error"));
  BOOST_TEST(has_fault(forgetful, "gradient of cell.Wy.weight: relative error"));
  BOOST_TEST(has_fault(forgetful, "gradient of hy on scalar: relative error"));

  // Consistent with itself, so that differences see nothing: the specification does.
  const auto inexact = nwm::check_cell<nwm::cell::Wave, Inexact>();
  BOOST_TEST(inexact.gradient.error < 1e-7);
  BOOST_TEST(!inexact.ok());
  BOOST_TEST(has_fault(inexact, "series on scalar"));
}

BOOST_AUTO_TEST_CASE(a_field_without_influence_is_told) {
  const auto idle = nwm::check_cell<Idle, Scalar>();
  BOOST_TEST(!idle.ok());
  BOOST_TEST(has_fault(idle, "gradient of useless: nothing to compare"));
}
