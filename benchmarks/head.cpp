// part/head/<kind>/forward|backward: the per-pixel head over an image of 64 × 64 pixels, tile by tile. An
// item is a pixel.
#include "nwm/layer/head.hpp"

#include "measure.hpp"
#include "nwm/backend/default.hpp"
#include "nwm/memory/tiles.hpp"

namespace {

constexpr std::size_t pixels = 64 * 64, tile = 256;

template <class Mlp>
struct Memory {
  nwm::Buffer<float> parameters = bench::random_numbers(Mlp::parameters, -0.1, 0.1);
  nwm::Buffer<float> x = bench::random_numbers(Mlp::in * tile, 0, 1);
  nwm::Buffer<float> score_gradient = bench::random_numbers(Mlp::out * tile, -1e-3, 1e-3);
  nwm::Buffer<float> hidden{Mlp::hidden * tile}, scores{Mlp::out * tile}, x_gradient{Mlp::in * tile};
  nwm::Buffer<float> work{2 * Mlp::widest * tile}, gradient{Mlp::parameters};
};

template <class Mlp>
bool add(const std::string& kind) {
  using B = nwm::DefaultBackend;
  double weights = 0;
  for (std::size_t l = 0; l < Mlp::layers; ++l)
    weights += static_cast<double>(Mlp::width(l) * Mlp::width(l + 1));
  const double flops = 2 * weights * static_cast<double>(pixels);
  const std::string name = "part/head/" + kind;
  bench::add(name + "/forward", [flops](benchmark::State& state) {
    bench::measure_part<Memory<Mlp>>(state, {.items = pixels, .flops = flops}, [](auto& m) {
      for (std::size_t start = 0; start < pixels; start += tile)
        Mlp::template forward<B, tile>(m.parameters.data(), m.x.data(), m.hidden.data(), m.scores.data());
    });
  });
  bench::add(name + "/backward", [flops](benchmark::State& state) {
    bench::measure_part<Memory<Mlp>>(state, {.items = pixels, .flops = 2 * flops}, [](auto& m) {
      for (std::size_t start = 0; start < pixels; start += tile)
        Mlp::template backward<B, tile>(m.parameters.data(), m.x.data(), m.hidden.data(),
                                        m.score_gradient.data(), m.x_gradient.data(), m.gradient.data(),
                                        m.work.data());
    });
  });
  return true;
}

// Tetrominoes: 51 frequencies × 2 channels; Multi-MNIST: 51 × 16.
const bool wide = add<nwm::layer::Head<102, 6, nwm::head::Wide>>("wide");
const bool narrow = add<nwm::layer::Head<816, 11, nwm::head::Narrow>>("narrow");

}  // namespace
