// expect: a value is read that nothing has set
// max-lines: 15
// max-errors: 0
// A copy before there is something to copy: the second stage still writes v, the first would seem not to
// write u.
#include "nwm/model/wave_machine.hpp"

struct Mine {
  static constexpr std::string_view name = "mine";
  enum Field : std::size_t { u, v };
  static constexpr std::array fields{nwm::cell::encoded_state(u, "u", 3, nwm::Activation::tanh),
                                     nwm::cell::resting_state(v, "v")};
  static constexpr std::size_t recorded = u;

  struct First {
    static constexpr nwm::cell::Coupling coupling{.name = "cell.K", .from = {u}};
    template <class Site>
    static constexpr void update(const Mine&, const Site& now, Site& next) {
#ifdef NWM_SHOULD_COMPILE
      next[v] = now.coupled();
      next[u] = next[v];
#else
      next[u] = next[v];
      next[v] = now.coupled();
#endif
    }
  };
  struct Second {
    static constexpr nwm::cell::Coupling coupling{.name = "cell.L", .from = {v}};
    template <class Site>
    static constexpr void update(const Mine&, const Site& now, Site& next) {
      next[v] = now[v] + now[u] + now.coupled();
    }
  };
  using Stages = std::tuple<First, Second>;
};

nwm::WaveMachine<nwm::Shape{.height = 8, .width = 8}, nwm::readout::Linear, nwm::head::Narrow, Mine>::Options
    options;
