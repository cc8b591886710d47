// expect: a value is read that nothing has set
// max-lines: 15
// max-errors: 0
// The coupled value, before there are the fields that it is gathered from.
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

  static constexpr const char* bound = "dt < 2";
  template <class Site>
  static constexpr typename Site::Value stability(const Mine& cell, const Site&) {
    return typename Site::Value(0.5 * cell.dt);
  }
  static constexpr const char* inverse_bound = "none";
  template <class Site>
  static constexpr typename Site::Value inverse_growth(const Mine&, const Site&) {
    return typename Site::Value(1);
  }
  template <class Site>
  static constexpr void coupled_before(const Mine& cell, const Site& after, Site& before) {
    before[u] = after[u] - typename Site::Value(cell.dt) * after[v];
#ifndef NWM_SHOULD_COMPILE
    before[u] -= after.coupled();
#endif
  }
  template <class Site>
  static constexpr void inverse(const Mine& cell, const Site& after, Site& before) {
    using V = typename Site::Value;
    before[u] = after[u] - typename Site::Value(cell.dt) * after[v];
    before[v] = after[v] - V(cell.dt) * after.coupled();
  }
};

nwm::WaveMachine<nwm::Shape{.height = 8, .width = 8}, nwm::readout::Linear, nwm::head::Narrow, Mine,
                 nwm::DefaultBackend, float, nwm::checkpointing::Reversible<>>::Options options;
