// expect: image enters through encoded fields
// max-lines: 15
// max-errors: 0
// A machine that its image does not reach.
#include "nwm/model/wave_machine.hpp"

struct Mine {
  static constexpr std::string_view name = "mine";
  double dt = 0.1;
  static constexpr auto numbers = nwm::cell::numbers("dt", &Mine::dt);

  enum Field : std::size_t { u, v, mass };
#ifdef NWM_SHOULD_COMPILE
  static constexpr std::array fields{nwm::cell::encoded_state(u, "u", 3, nwm::Activation::tanh),
                                     nwm::cell::resting_state(v, "v"),
                                     nwm::cell::encoded_map(mass, "mass", 3, nwm::Activation::relu)};
#else
  static constexpr std::array fields{nwm::cell::resting_state(u, "u"), nwm::cell::resting_state(v, "v"),
                                     nwm::cell::resting_state(mass, "mass")};
#endif
  static constexpr std::size_t recorded = u;
  static constexpr nwm::cell::Coupling coupling{
      .name = "cell.K", .from = {u}, .initial = nwm::Initial::laplacian};

  template <class Site>
  static constexpr void update(const Mine& cell, const Site& now, Site& next) {
    using V = typename Site::Value;
    next[v] = now[v] + V(cell.dt) * (now.coupled() - now[mass] * now[u]);
    next[u] = now[u] + V(cell.dt) * next[v];
    if constexpr (fields[2].role == nwm::cell::Role::state) next[mass] = now[mass];
  }
};

nwm::WaveMachine<nwm::Shape{.height = 8, .width = 8}, nwm::readout::Linear, nwm::head::Narrow, Mine>::Options
    options;
