// expect: std::array<float, 10>
// expect: span<const float, 64(UL)?>
// max-errors: 0
// An image whose size is known when it is compiled must be the machine's.
#include <array>

#include "nwm/model/wave_machine.hpp"

using Machine = nwm::WaveMachine<nwm::Shape{.height = 8, .width = 8}>;

void run(const Machine& machine, Machine::Workspace& space) {
#ifdef NWM_SHOULD_COMPILE
  std::array<float, 64> image{};
#else
  std::array<float, 10> image{};
#endif
  std::array<float, Machine::score_size> scores{};
  machine.scores(image, scores, space);
}
