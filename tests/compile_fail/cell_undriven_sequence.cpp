// expect: input enters through a drive
// max-lines: 15
// max-errors: 0
// A cell without an input in a machine for sequences.
#include "nwm/model/sequence_machine.hpp"

struct Mine {
  static constexpr std::string_view name = "mine";
  enum Field : std::size_t { u, h, extra };
#ifdef NWM_SHOULD_COMPILE
  static constexpr std::array fields{nwm::cell::driven(u, "u"), nwm::cell::resting_state(h, "h"),
                                     nwm::cell::intermediate(extra, "extra")};
#else
  static constexpr std::array fields{nwm::cell::trained_number(u, "u", 1), nwm::cell::resting_state(h, "h"),
                                     nwm::cell::intermediate(extra, "extra")};
#endif
  static constexpr std::size_t recorded = h;
  static constexpr nwm::cell::Coupling coupling{.name = "cell.W", .from = {h}};
  template <class Site>
  static constexpr void update(const Mine&, const Site& now, Site& next) {
    next[extra] = now.coupled(0);
    next[h] = nwm::math::tanh(next[extra]);
  }
};

nwm::SequenceMachine<nwm::SequenceShape{.inputs = 3, .steps = 4, .width = 8, .oscillators = 2, .outputs = 2},
                     Mine>::Options options;
