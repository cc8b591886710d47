// A program of someone else that wants components, and none of the core's training.
#include <cmath>
#include <cstddef>
#include <iostream>
#include <nwm/analysis.hpp>
#include <nwm/drum.hpp>

int main() {
  nwm::Drum<nwm::Grid<24, 24>> drum(nwm::mask::square(16), {.wave_speed = 1, .dt = 0.5f});
  const auto series = drum.strike({8, 8}).run(1024);
  const auto area = nwm::hear_area(series);
  std::cout << area.heard << " neurons hear an area of " << area.median << ", which is 256\n";
  return area.heard > 0 && std::abs(area.median - 256) < 10 ? 0 : 1;
}
