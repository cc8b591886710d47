// expect: has its coupling, update and adjoint in the stages
// max-lines: 15
// max-errors: 0
// An update that nobody would call.
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
      next[u] = now.coupled();
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
#ifndef NWM_SHOULD_COMPILE
  template <class Site>
  static constexpr void update(const Mine&, const Site& now, Site& next) {
    next[u] = now[u] + now[v];
  }
#endif
};

nwm::WaveMachine<nwm::Shape{.height = 8, .width = 8}, nwm::readout::Linear, nwm::head::Narrow, Mine>::Options
    options;
