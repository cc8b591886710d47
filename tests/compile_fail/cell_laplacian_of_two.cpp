// expect: from one field to one group
// expect: in a stage of its own, for each field
// max-lines: 15
// max-errors: 0
// The Laplacian of two fields: written beyond its weights, were it run.
#include "nwm/model/wave_machine.hpp"

struct Mine {
  static constexpr std::string_view name = "mine";
  double dt = 0.1;
  static constexpr auto numbers = nwm::cell::numbers("dt", &Mine::dt);

  enum Field : std::size_t { u, v, mass };
  static constexpr std::array fields{nwm::cell::encoded_state(u, "u", 3, nwm::Activation::tanh),
                                     nwm::cell::resting_state(v, "v"),
                                     nwm::cell::encoded_map(mass, "mass", 3, nwm::Activation::relu)};
  static constexpr std::size_t recorded = u;
  static constexpr nwm::cell::Coupling coupling{
#ifdef NWM_SHOULD_COMPILE
      .name = "cell.K", .from = {u, v}, .initial = nwm::Initial::uniform};
#else
      .name = "cell.K", .from = {u, v}, .initial = nwm::Initial::laplacian};
#endif

  template <class Site>
  static constexpr void update(const Mine& cell, const Site& now, Site& next) {
    using V = typename Site::Value;
    next[v] = now[v] + V(cell.dt) * (now.coupled() - now[mass] * now[u]);
    next[u] = now[u] + V(cell.dt) * next[v];
  }
};

nwm::WaveMachine<nwm::Shape{.height = 8, .width = 8}, nwm::readout::Linear, nwm::head::Narrow, Mine>::Options
    options;
