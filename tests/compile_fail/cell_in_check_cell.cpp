// expect: write math::tanh
// max-lines: 15
// max-errors: 0
// And so does check_cell.
#include "nwm/check/check_cell.hpp"

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
#ifdef NWM_SHOULD_COMPILE
    next[v] = nwm::math::tanh(now[v]) + now[mass] * now.coupled();
#else
    next[v] = V(std::tanh(now[v])) + now[mass] * now.coupled();
#endif
    next[u] = now[u] + V(cell.dt) * next[v];
  }
};

bool fine() { return nwm::check_cell<Mine>().ok(); }
