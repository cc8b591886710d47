// Stands for the program of someone who has followed the README: the library and one of its optional parts.
#include <iostream>
#include <nwm/nwm.hpp>
#include <nwm/plot/png.hpp>

int main() {
  const nwm::plot::Image image(4, 3);
  std::cout << nwm::plot::encode_png(image).size() + nwm::Random(1).below(2) << '\n';
}
