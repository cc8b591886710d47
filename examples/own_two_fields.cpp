// A cell of two coupled fields, in three stages: each field spreads by a Laplacian of its own, then both act.
#include <array>
#include <cstdio>
#include <nwm/check/check_cell.hpp>
#include <nwm/nwm.hpp>
#include <string_view>
#include <tuple>

/// Excitation u and inhibition w (Wilson and Cowan 1972) that spread. K is learned, from both fields to both:
///   u' = u + dt (Du * u − u + tanh(K_u * [u w])),   w' = w + dt (Dw * w − w + tanh(K_w * [u w]))
struct TwoFields {
  static constexpr std::string_view name = "two_fields";
  double dt = 0.1, reach = 2;  // how much further inhibition spreads
  static constexpr auto numbers = nwm::cell::numbers("dt", &TwoFields::dt, "reach", &TwoFields::reach);

  enum Field : std::size_t { u, w, spread_u, spread_w };
  static constexpr std::array fields{
      nwm::cell::encoded_state(u, "u", 3, nwm::Activation::tanh), nwm::cell::resting_state(w, "w"),
      nwm::cell::intermediate(spread_u, "spread_u"), nwm::cell::intermediate(spread_w, "spread_w")};
  static constexpr std::size_t recorded = u;

  /// A Laplacian is one coupling, in a stage of its own. Its result waits in an intermediate.
  struct SpreadU {
    static constexpr nwm::cell::Coupling coupling{
        .name = "cell.Du", .from = {u}, .initial = nwm::Initial::laplacian};
    template <class Site>
    static constexpr void update(const TwoFields&, const Site& now, Site& next) {
      next[spread_u] = now.coupled();
    }
  };
  struct SpreadW {
    static constexpr nwm::cell::Coupling coupling{
        .name = "cell.Dw", .from = {w}, .initial = nwm::Initial::laplacian};
    template <class Site>
    static constexpr void update(const TwoFields& cell, const Site& now, Site& next) {
      next[spread_w] = typename Site::Value(cell.reach) * now.coupled();
    }
  };
  /// Two groups: the coupling gives two values, coupled(0) for u and coupled(1) for w.
  struct React {
    static constexpr nwm::cell::Coupling coupling{.name = "cell.K", .from = {u, w}, .groups = 2};
    template <class Site>
    static constexpr void update(const TwoFields& cell, const Site& now, Site& next) {
      const auto dt = typename Site::Value(cell.dt);
      next[u] = now[u] + dt * (now[spread_u] - now[u] + nwm::math::tanh(now.coupled(0)));
      next[w] = now[w] + dt * (now[spread_w] - now[w] + nwm::math::tanh(now.coupled(1)));
    }
  };
  using Stages = std::tuple<SpreadU, SpreadW, React>;
};

using Machine = nwm::WaveMachine<nwm::Shape{.height = 16, .width = 16, .steps = 16, .classes = 5},
                                 nwm::readout::Linear, nwm::head::Narrow, TwoFields>;  // trains as any other

int main() {
  const nwm::CellReport report = nwm::check_cell<TwoFields>();
  std::printf("%s%zu parameters: %s\n", report.text().c_str(), Machine::parameter_count,
              report.ok() ? "ok" : "wrong");
  return report.ok() ? 0 : 1;
}
