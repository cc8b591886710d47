// expect: a cell has at most 60 fields
// max-lines: 15
// max-errors: 0
// A state and sixty maps.
#include "nwm/simulation/simulation.hpp"

struct Mine {
  static constexpr std::string_view name = "mine";
#ifdef NWM_SHOULD_COMPILE
  static constexpr std::size_t maps = 59;
#else
  static constexpr std::size_t maps = 60;
#endif

  static constexpr std::size_t u = 0;
  static constexpr auto fields = [] {
    std::array<nwm::cell::FieldInfo, 1 + maps> all{nwm::cell::resting_state(u, "u")};
    for (std::size_t f = 1; f <= maps; ++f) all[f] = nwm::cell::given_map(f, nwm::Name("map ") + f);
    return all;
  }();
  static constexpr std::size_t recorded = u;
  static constexpr nwm::cell::Coupling coupling{.name = "cell.K", .from = {u}};

  template <class Site>
  static constexpr void update(const Mine&, const Site& now, Site& next) {
    next[u] = now.coupled() + now[1] + now[maps];
  }
};

nwm::Simulation<Mine, nwm::Grid<8, 8>>::Options options;
