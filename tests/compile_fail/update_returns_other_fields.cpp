// expect: StageOf
// expect: [Tt]wo
// max-errors: 0
// A cell whose update gives two values where it says it writes one.
#include "nwm/model/wave_machine.hpp"

#ifdef NWM_SHOULD_COMPILE
constexpr std::size_t values = 1;
#else
constexpr std::size_t values = 2;
#endif

struct Two {
  static constexpr std::array fields{nwm::cell::encoded_state("y", 2, nwm::Activation::tanh)};
  static constexpr std::size_t recorded = 0;
  static constexpr nwm::cell::Coupling coupling{.name = "cell.K"};
  static constexpr std::array<std::size_t, 1> from{0}, reads{0}, writes{0};

  template <class V>
  static constexpr std::array<V, values> update(const Two&, const std::array<V, 1>& coupled,
                                                const std::array<V, 1>&) {
    std::array<V, values> result{};
    result[0] = coupled[0];
    return result;
  }
};

nwm::WaveMachine<nwm::Shape{.height = 8, .width = 8}, nwm::readout::Linear, nwm::head::Wide, Two>* machine;
