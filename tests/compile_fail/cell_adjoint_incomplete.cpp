// expect: sets to.field. for every field
// expect: Mine::v
// max-lines: 15
// max-errors: 0
// An adjoint that forgets a field.
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
      .name = "cell.K", .from = {u}, .initial = nwm::Initial::laplacian};

  template <class Site>
  static constexpr void update(const Mine& cell, const Site& now, Site& next) {
    using V = typename Site::Value;
    next[v] = now[v] + V(cell.dt) * (now.coupled() - now[mass] * now[u]);
    next[u] = now[u] + V(cell.dt) * next[v];
  }

  template <class Site>
  static constexpr void adjoint(const Mine& cell, const Site& now, const Site& gradient, Site& to) {
    using V = typename Site::Value;
    const V velocity = gradient[v] + V(cell.dt) * gradient[u], force = V(cell.dt) * velocity;
    to.coupled() = force;
    to[u] = gradient[u] - force * now[mass];
    to[mass] = -(force * now[u]);
#ifdef NWM_SHOULD_COMPILE
    to[v] = velocity;
#endif
  }
};

nwm::WaveMachine<nwm::Shape{.height = 8, .width = 8}, nwm::readout::Linear, nwm::head::Narrow, Mine>::Options
    options;
