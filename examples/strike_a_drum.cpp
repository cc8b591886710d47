// Strikes a square drum and lets its neurons hear how large it is.
#include <cstdio>
#include <nwm/drum/drum.hpp>
#include <nwm/drum/hear.hpp>

int main() {
  // 39 x 39 neurons on a square of side 40, each tied to its four neighbours only.
  nwm::Drum<nwm::Grid<64, 64>> drum(nwm::mask::square(40), {.wave_speed = 1, .dt = 0.5f});
  auto series = drum.strike({20, 20}).run(4096);
  auto area = nwm::hear_area(series);

  std::printf("%zu of %zu neurons hear a tone\n", area.heard, series.sites().size());
  std::printf("area by the relation on the grid: %.2f, by the textbook: %.2f; it is 1600\n", area.median,
              area.textbook_median);
  for (const nwm::Site neuron : {nwm::Site{13, 14}, nwm::Site{31, 31}, nwm::Site{48, 22}})
    for (std::size_t i = 0; i < series.sites().size(); ++i)
      if (series.site(i) == neuron)
        std::printf("the neuron in row %zu, column %zu hears %.5f cycles per unit time: an area of %.2f\n",
                    neuron.row, neuron.column, area.frequency[i], area.area[i]);
}
