// expect: gather it by a dense coupling
// max-lines: 15
// max-errors: 0
// An update that reads an input vector as if it were at every site.
#include "nwm/model/sequence_machine.hpp"

struct Mine {
  static constexpr std::string_view name = "mine";
  enum Field : std::size_t { u, h };
  static constexpr std::array fields{nwm::cell::driven(u, "u"), nwm::cell::resting_state(h, "h")};
  static constexpr std::size_t recorded = h;
#ifdef NWM_SHOULD_COMPILE
  static constexpr nwm::cell::Coupling coupling{
      .name = "cell.W", .from = {u, h}, .reach = nwm::cell::Reach::dense};
  template <class Site>
  static constexpr void update(const Mine&, const Site& now, Site& next) {
    next[h] = nwm::math::tanh(now.coupled());
  }
#else
  static constexpr nwm::cell::Coupling coupling{.name = "cell.W", .from = {h}};
  template <class Site>
  static constexpr void update(const Mine&, const Site& now, Site& next) {
    next[h] = nwm::math::tanh(now.coupled() + now[u]);
  }
#endif
};

nwm::SequenceMachine<nwm::SequenceShape{.inputs = 3, .steps = 4, .width = 8, .oscillators = 2, .outputs = 2},
                     Mine>::Options options;
