// expect: a value is read that nothing has set
// expect: a sum begins as V.0.
// max-lines: 15
// max-errors: 0
// A sum that begins with whatever was in memory. An array that is filled before it is read is right.
#include "nwm/model/wave_machine.hpp"

struct Mine {
  static constexpr std::string_view name = "mine";
  double dt = 0.1;
  static constexpr auto numbers = nwm::cell::numbers("dt", &Mine::dt);

  enum Field : std::size_t { u, v };
  static constexpr std::array fields{nwm::cell::encoded_state(u, "u", 3, nwm::Activation::tanh),
                                     nwm::cell::resting_state(v, "v")};
  static constexpr std::size_t recorded = u;
  static constexpr nwm::cell::Coupling coupling{.name = "cell.K", .from = {u}};

  template <class Site>
  static constexpr void update(const Mine& cell, const Site& now, Site& next) {
    using V = typename Site::Value;
#ifdef NWM_SHOULD_COMPILE
    V force = V(0);
#else
    V force;
#endif
    std::array<V, 2> terms;
    for (const std::size_t f : {u, v}) terms[f] = now[f] * now[u];
    for (const V& term : terms) force += term;
    next[v] = now[v] + V(cell.dt) * (now.coupled() - force);
    next[u] = now[u] + V(cell.dt) * next[v];
  }
};

nwm::WaveMachine<nwm::Shape{.height = 8, .width = 8}, nwm::readout::Linear, nwm::head::Narrow, Mine>::Options
    options;
