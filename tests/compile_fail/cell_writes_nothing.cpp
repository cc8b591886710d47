// expect: `update` writes no field
// max-lines: 15
// max-errors: 0
// A stage that only looks.
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
  struct Look {
    static constexpr nwm::cell::Coupling coupling{.name = "cell.look", .from = {u}, .size = 1};
    template <class Site>
    static constexpr void update(const Mine&, const Site& now, [[maybe_unused]] Site& next) {
      [[maybe_unused]] const auto seen = now.coupled();
#ifdef NWM_SHOULD_COMPILE
      next[u] = seen;
#endif
    }
  };
  using Stages = std::tuple<Pull, Move, Look>;
};

nwm::WaveMachine<nwm::Shape{.height = 8, .width = 8}, nwm::readout::Linear, nwm::head::Narrow, Mine>::Options
    options;
