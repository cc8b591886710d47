// expect: one drive at most
// max-lines: 15
// max-errors: 0
// Two inputs.
#include "nwm/model/sequence_machine.hpp"

struct Mine {
  static constexpr std::string_view name = "mine";
  enum Field : std::size_t { u, h, extra };
  static constexpr std::array fields{nwm::cell::driven(u, "u"), nwm::cell::resting_state(h, "h"),
#ifdef NWM_SHOULD_COMPILE
                                     nwm::cell::intermediate(extra, "extra")};
#else
                                     nwm::cell::driven(extra, "v")};
#endif
  static constexpr std::size_t recorded = h;
#ifdef NWM_SHOULD_COMPILE
  static constexpr nwm::cell::Coupling coupling{
      .name = "cell.W", .from = {u}, .reach = nwm::cell::Reach::dense};
  template <class Site>
  static constexpr void update(const Mine&, const Site& now, Site& next) {
    next[extra] = now.coupled(0);
    next[h] = nwm::math::tanh(next[extra]);
  }
#else
  static constexpr nwm::cell::Coupling coupling{
      .name = "cell.W", .from = {u}, .reach = nwm::cell::Reach::dense};
  template <class Site>
  static constexpr void update(const Mine&, const Site& now, Site& next) {
    next[extra] = now.coupled(0);
    next[h] = nwm::math::tanh(next[extra]);
  }
#endif
};

nwm::SequenceMachine<nwm::SequenceShape{.inputs = 3, .steps = 4, .width = 8, .oscillators = 2, .outputs = 2},
                     Mine>::Options options;
