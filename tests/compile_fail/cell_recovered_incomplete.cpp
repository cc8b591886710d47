// expect: `recovered_adjoint` sets to.field.
// expect: Mine::u
// max-lines: 15
// max-errors: 0
// A step found again from the series whose adjoint forgets the coupled value.
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
    next[v] = now[v] + V(cell.dt) * now.coupled();
    next[u] = now[u] + V(cell.dt) * next[v];
  }

  template <class Site>
  static constexpr void recover(const Mine& cell, const Site& now, Site& next) {
    next[v] = (next[u] - now[u]) / typename Site::Value(cell.dt);
  }
  template <class Site>
  static constexpr void recovered_adjoint(const Mine& cell, const Site&, const Site&, const Site& gradient,
                                          Site& to) {
    using V = typename Site::Value;
    to[u] = gradient[u];
    to[v] = gradient[v] + V(cell.dt) * gradient[u];
#ifdef NWM_SHOULD_COMPILE
    to.coupled() = V(cell.dt) * to[v];
#endif
  }
};

nwm::WaveMachine<nwm::Shape{.height = 8, .width = 8}, nwm::readout::Linear, nwm::head::Narrow, Mine>::Options
    options;
