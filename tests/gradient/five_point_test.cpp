// The way back through five-point cells in one pass over the rows: against differences, the specification,
// and as the transpose of the way forward.
#define BOOST_TEST_MODULE gradient_five_point
#define BOOST_TEST_DYN_LINK

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <vector>

#include "../simulation/drifting.hpp"
#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/backend/cpu/simd.hpp"
#include "nwm/check/check_cell.hpp"
#include "nwm/time/recurrence.hpp"
#include "tools.hpp"

namespace {

using nwm::Grid;
using nwm::cpu::Scalar;
using nwm::cpu::Simd;
using tools::Drifting;

/// `segments` segments of four steps: the states at the end, and back from there.
template <class G, std::size_t channels, class B, class Real, std::size_t segments = 2>
struct Run {
  static constexpr std::size_t length = 4;
  using W = nwm::model::Recurrence<Drifting, G, channels, length, segments, B, Real>;

  explicit Run(const std::vector<double>& speed2) {
    tools::set_weights(parameters.data(), channels);
    put(speed2, tape.initial(Drifting::speed2));
  }

  static void put(const std::vector<double>& from, Real* to) {
    std::transform(from.begin(), from.end(), to, [](double x) { return static_cast<Real>(x); });
  }
  static void get(const Real* from, std::vector<double>& to) { to.insert(to.end(), from, from + W::columns); }

  /// (u, v) at the end, from those at the start.
  std::vector<double> forward(const std::vector<double>& u, const std::vector<double>& v) {
    put(u, tape.initial(Drifting::u));
    put(v, tape.initial(Drifting::v));
    for (std::size_t s = 0; s < segments; ++s) W::run(Drifting{}, parameters.data(), tape, s, scratch.data());
    std::vector<double> end;
    for (const auto f : {Drifting::u, Drifting::v}) get(tape.after(f, length - 1), end);
    return end;
  }

  /// Gradients of u and v at the start and of speed2, after `forward`. series: (length, columns), of the last
  /// segment, or null.
  std::vector<double> back(const std::vector<double>& u, const std::vector<double>& v, const Real* series) {
    adjoint.clear();
    put(u, adjoint.gradient(Drifting::u));
    put(v, adjoint.gradient(Drifting::v));
    for (std::size_t s = segments; s-- > 0;) {
      W::run(Drifting{}, parameters.data(), tape, s, scratch.data());
      W::run_back(Drifting{}, parameters.data(), tape, s, s + 1 == segments ? series : nullptr, adjoint,
                  nullptr, scratch.data());
    }
    std::vector<double> gradient;
    for (std::size_t f = 0; f < W::fields; ++f) get(adjoint.gradient(f), gradient);
    return gradient;
  }

  std::vector<Real> parameters = std::vector<Real>(W::parameters),
                    scratch = std::vector<Real>(W::scratch + 1);
  typename W::Tape tape;
  typename W::Adjoint adjoint;
};

double distance(const std::vector<double>& a, const std::vector<double>& b) {
  const std::vector<double> d = tools::minus(a, b);
  return std::sqrt(tools::dot(d, d) / tools::dot(b, b));
}

template <class Real, class G, std::size_t channels = 1>
void holds() {
  BOOST_TEST_CONTEXT(G::height << "x" << G::width << ", edge " << G::Boundary::source(-1, 9) << ", "
                               << channels << " channels, " << sizeof(Real) << " bytes") {
    constexpr std::size_t n = channels * G::sites;
    constexpr double bound = std::is_same_v<Real, double> ? 1e-13 : 1e-5;
    static_assert(Run<G, channels, Simd<>, Real>::W::template by_rows<0> == G::Boundary::self_adjoint);
    const auto speed2 = tools::random_vector(n, 1, 0.5, 1), u = tools::random_vector(n, 2),
               v = tools::random_vector(n, 3), gu = tools::random_vector(n, 4),
               gv = tools::random_vector(n, 5);
    std::vector<Real> series(4 * n);
    const auto series_gradient = tools::random_vector(4 * n, 6);
    std::copy(series_gradient.begin(), series_gradient.end(), series.begin());

    Run<G, channels, Simd<>, Real> fast(speed2);
    Run<G, channels, Scalar, Real> slow(speed2);
    const auto end = fast.forward(u, v);
    BOOST_TEST(distance(end, slow.forward(u, v)) < bound);
    const auto back = fast.back(gu, gv, nullptr);
    BOOST_TEST(distance(back, slow.back(gu, gv, nullptr)) < bound);
    BOOST_TEST(distance(fast.back(gu, gv, series.data()), slow.back(gu, gv, series.data())) < bound);

    // ⟨J (u, v), (gu, gv)⟩ = ⟨(u, v), Jᵀ (gu, gv)⟩: the cell is linear in its states.
    std::vector<double> start = u, gradient = gu, to_start(back.begin(), back.begin() + 2 * n);
    start.insert(start.end(), v.begin(), v.end());
    gradient.insert(gradient.end(), gv.begin(), gv.end());
    BOOST_TEST(tools::mismatch(tools::dot(end, gradient), tools::dot(start, to_start), end, gradient) <
               bound);
  }
}

/// One row, two, whole groups of rows and none, fewer and more columns than a register's lanes.
template <class Real, class Boundary>
void every_shape() {
  holds<Real, Grid<1, 3, Boundary>>();
  holds<Real, Grid<2, 17, Boundary>>();
  holds<Real, Grid<7, 16, Boundary>, 2>();
  holds<Real, Grid<12, 37, Boundary>>();
}

void require_right(const nwm::CellReport& report) { BOOST_TEST(report.ok(), report.text()); }

using Edges = std::tuple<nwm::Periodic, nwm::Zero, nwm::Reflecting>;

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(transpose_and_specification, Boundary, Edges) {
  every_shape<double, Boundary>();
  holds<float, Grid<8, 33, Boundary>, 2>();
}

BOOST_AUTO_TEST_CASE(differences) {
  require_right(nwm::check_cell<Drifting, Simd<>>());
  require_right(nwm::check_cell<Drifting, Simd<>, Grid<4, 9, nwm::Zero>, 1>());
}
