// expect: enumerator of a state or an intermediate
// max-lines: 15
// max-errors: 0
// A coupled value into the input.
#include "nwm/model/sequence_machine.hpp"

struct Mine {
  static constexpr std::string_view name = "mine";
  enum Field : std::size_t { u, h, extra };
  static constexpr std::array fields{nwm::cell::driven(u, "u"), nwm::cell::resting_state(h, "h"),
                                     nwm::cell::intermediate(extra, "extra")};
  static constexpr std::size_t recorded = h;
  struct Take {
    static constexpr nwm::cell::Coupling coupling{
#ifdef NWM_SHOULD_COMPILE
        .name = "cell.I", .from = {u}, .reach = nwm::cell::Reach::dense, .into = extra
#else
        .name = "cell.I", .from = {u}, .reach = nwm::cell::Reach::dense, .into = u
#endif
    };
  };
  struct Run {
    static constexpr nwm::cell::Coupling coupling{.name = "cell.W", .from = {h}};
    template <class Site>
    static constexpr void update(const Mine&, const Site& now, Site& next) {
      next[h] = nwm::math::tanh(now.coupled() + now[extra]);
    }
  };
  using Stages = std::tuple<Take, Run>;
};

nwm::SequenceMachine<nwm::SequenceShape{.inputs = 3, .steps = 4, .width = 8, .oscillators = 2, .outputs = 2},
                     Mine>::Options options;
