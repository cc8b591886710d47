// Compiled with -O0, where intrinsics that take a constant are macros and not functions: every elementary
// function of a cell, and a whole training step, on the vector registers that the compiler's flags give.
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <nwm/nwm.hpp>
#include <vector>

namespace {

/// The greatest distance of all functions on packs from those on numbers, at a few places.
template <class Real>
double worst() {
  using nwm::math::Pack;
  using P = Pack<Real, xsimd::default_arch>;
  double most = 0;
  const auto all = [](auto x) {
    using namespace nwm::math;
    using V = decltype(x);
    const V y = tanh(x) + exp(x) + log(x) + sin(x) + cos(x) + sqrt(x) + abs(x) + relu(x);
    return y + max(x, V(1)) + min(x, V(1)) + sigmoid(x) + if_positive(x, x, -x);
  };
  for (const double at : {0.01, 0.7, 1.0, 1.9}) {
    std::array<Real, P::size> lanes;
    all(P(at)).store(lanes.data());
    for (const Real lane : lanes) most = std::fmax(most, std::abs(static_cast<double>(lane) - all(at)));
  }
  return most;
}

using Machine = nwm::WaveMachine<
    nwm::Shape{.height = 16, .width = 16, .oscillators = 2, .steps = 6, .classes = 5, .encoder_width = 4},
    nwm::readout::Fft, nwm::head::Hidden<8>>;

}  // namespace

int main() {
  const double single = worst<float>(), both = worst<double>();
  auto data = nwm::data::polygons<Machine>({.images = 8, .seed = 1});
  nwm::Trainer<Machine> trainer({.batch = 4, .epochs = 1}, Machine({.cell = {.dt = 0.3}}));
  trainer.fit(data.train, data.validation);
  const double loss = nwm::evaluate(trainer.best(), data.test).loss;
  std::printf("functions differ by %.2g and %.2g, loss %.4f\n", single, both, loss);
  return single < 1e-5 && both < 1e-13 && loss > 0 && loss < 5 ? 0 : 1;
}
