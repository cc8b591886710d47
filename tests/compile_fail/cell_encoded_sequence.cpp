// expect: a SequenceMachine has no encoders
// expect: Mine::h
// max-lines: 15
// max-errors: 0
// A state that an encoder would set, in a machine for sequences.
#include "nwm/model/sequence_machine.hpp"

struct Mine {
  static constexpr std::string_view name = "mine";
  enum Field : std::size_t { u, h, gain };
#ifdef NWM_SHOULD_COMPILE
  static constexpr std::array fields{nwm::cell::driven(u, "u"), nwm::cell::resting_state(h, "h"),
                                     nwm::cell::trained_channels(gain, "cell.gain", 0, 1)};
#else
  static constexpr std::array fields{nwm::cell::driven(u, "u"),
                                     nwm::cell::encoded_state(h, "h", 3, nwm::Activation::tanh),
                                     nwm::cell::trained_channels(gain, "cell.gain", 0, 1)};
#endif
  static constexpr std::size_t recorded = h;
  static constexpr nwm::cell::Coupling coupling{
      .name = "cell.W", .from = {u, h}, .reach = nwm::cell::Reach::dense};
  template <class Site>
  static constexpr void update(const Mine&, const Site& now, Site& next) {
    next[h] = now[gain] * nwm::math::tanh(now.coupled());
  }
};

nwm::SequenceMachine<nwm::SequenceShape{.inputs = 3, .steps = 4, .oscillators = 2, .outputs = 2},
                     Mine>::Options options;
