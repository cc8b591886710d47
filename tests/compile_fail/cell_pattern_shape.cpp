// expect: a fixed pattern is a stencil without bias
// max-lines: 15
// max-errors: 0
// A gradient with one value.
#include "nwm/model/sequence_machine.hpp"

struct Mine {
  static constexpr std::string_view name = "mine";
  enum Field : std::size_t { u, h, extra };
  static constexpr std::array fields{nwm::cell::driven(u, "u"), nwm::cell::resting_state(h, "h"),
                                     nwm::cell::intermediate(extra, "extra")};
  static constexpr std::size_t recorded = h;
#ifdef NWM_SHOULD_COMPILE
  static constexpr nwm::cell::Coupling coupling{
      .name = "slope", .from = {h}, .groups = 2, .pattern = nwm::cell::Pattern::gradient};
#else
  static constexpr nwm::cell::Coupling coupling{
      .name = "slope", .from = {h}, .pattern = nwm::cell::Pattern::gradient};
#endif
  template <class Site>
  static constexpr void update(const Mine&, const Site& now, Site& next) {
    next[extra] = now.coupled(0);
    next[h] = nwm::math::tanh(next[extra]);
  }
};

nwm::SequenceMachine<nwm::SequenceShape{.inputs = 3, .steps = 4, .width = 8, .oscillators = 2, .outputs = 2},
                     Mine>::Options options;
