// expect: before a stage of the same step has written it
// expect: Mine::force
// max-lines: 15
// max-errors: 0
// Stages in the wrong order.
#include "nwm/model/wave_machine.hpp"

struct Mine {
  static constexpr std::string_view name = "mine";
  enum Field : std::size_t { u, force };
  static constexpr std::array fields{nwm::cell::encoded_state(u, "u", 3, nwm::Activation::tanh),
                                     nwm::cell::intermediate(force, "force")};
  static constexpr std::size_t recorded = u;

  struct Pull {
    static constexpr nwm::cell::Coupling coupling{.name = "cell.K", .from = {u}};
    template <class Site>
    static constexpr void update(const Mine&, const Site& now, Site& next) {
      next[force] = now.coupled();
    }
  };
  struct Move {
    static constexpr nwm::cell::Coupling coupling{.name = "cell.self", .from = {u}, .size = 1};
    template <class Site>
    static constexpr void update(const Mine&, const Site& now, Site& next) {
      next[u] = now.coupled() + now[force];
    }
  };
#ifdef NWM_SHOULD_COMPILE
  using Stages = std::tuple<Pull, Move>;
#else
  using Stages = std::tuple<Move, Pull>;
#endif
};

nwm::WaveMachine<nwm::Shape{.height = 8, .width = 8}, nwm::readout::Linear, nwm::head::Narrow, Mine>::Options
    options;
