// expect: the stage has no coupling: give it one
// max-lines: 15
// max-errors: 0
// A cell that gathers nothing.
#include "nwm/model/wave_machine.hpp"

struct Mine {
  static constexpr std::string_view name = "mine";
  double dt = 0.1;
  static constexpr auto numbers = nwm::cell::numbers("dt", &Mine::dt);

  enum Field : std::size_t { u, v };
  static constexpr std::array fields{nwm::cell::encoded_state(u, "u", 3, nwm::Activation::tanh),
                                     nwm::cell::resting_state(v, "v")};
  static constexpr std::size_t recorded = u;
#ifdef NWM_SHOULD_COMPILE
  static constexpr nwm::cell::Coupling coupling{.name = "cell.K", .from = {u}};
#endif

  template <class Site>
  static constexpr void update(const Mine& cell, const Site& now, Site& next) {
    using V = typename Site::Value;
    next[v] = now[v] + V(cell.dt) * now.coupled();
    next[u] = now[u] + V(cell.dt) * next[v];
  }
};

nwm::WaveMachine<nwm::Shape{.height = 8, .width = 8}, nwm::readout::Linear, nwm::head::Narrow, Mine> machine;
