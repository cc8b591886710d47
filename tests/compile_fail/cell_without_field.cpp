// expect: a cell has at least one field
// max-lines: 15
// max-errors: 0
// Parameters that nothing uses are no field.
#include "nwm/simulation/simulation.hpp"

struct Mine {
  static constexpr std::string_view name = "mine";
  static constexpr std::size_t u = 0;
#ifdef NWM_SHOULD_COMPILE
  static constexpr std::array fields{nwm::cell::resting_state(u, "u"), nwm::cell::unused_encoding("old", 2)};
#else
  static constexpr std::array fields{nwm::cell::unused_encoding("old", 2)};
#endif
  static constexpr std::size_t recorded = u;
  static constexpr nwm::cell::Coupling coupling{.name = "cell.K", .from = {u}};

  template <class Site>
  static constexpr void update(const Mine&, const Site& now, Site& next) {
    next[u] = now.coupled();
  }
};

nwm::Simulation<Mine, nwm::Grid<8, 8>>::Options options;
