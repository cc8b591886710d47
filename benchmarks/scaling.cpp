// scaling/<by>/<size>: the cost of a gradient as pixels, steps or images grow over two decades and all else
// stays the same (scaling.py fits the exponents). The model is a wave machine with one oscillator channel,
// the readout Last and a small head. An iteration is forward, loss and gradient of `images` images, one after
// the other, on one thread.
#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "measure.hpp"
#include "nwm/backend/default.hpp"
#include "nwm/checkpointing/policies.hpp"
#include "nwm/model/wave_machine.hpp"
#include "nwm/readout/last.hpp"

namespace {

template <std::size_t side, std::size_t steps>
using Machine = nwm::WaveMachine<nwm::Shape{.height = side,
                                            .width = side,
                                            .image_channels = 1,
                                            .oscillators = 1,
                                            .steps = steps,
                                            .classes = 2,
                                            .encoder_width = 4},
                                 nwm::readout::Last, nwm::head::Hidden<8>, nwm::cell::Wave,
                                 nwm::DefaultBackend, float, nwm::checkpointing::Every<10>>;

template <std::size_t side, std::size_t steps>
void add(const std::string& by, std::size_t size, std::size_t images) {
  bench::add("scaling/" + by + "/" + std::to_string(size), [images](benchmark::State& state) {
    using M = Machine<side, steps>;
    const M machine;
    const auto space = std::make_unique<typename M::Workspace>();
    nwm::Buffer<float> gradient(M::parameter_count);
    const auto pictures = bench::random_numbers(images * M::image_size, 0, 1);
    const std::vector<std::uint8_t> target(M::sites, 1);
    bench::measure(state, {.items = static_cast<double>(images)}, [&] {
      for (std::size_t i = 0; i < images; ++i)
        machine.add_gradient(
            std::span<const float, M::image_size>(pictures.data() + i * M::image_size, M::image_size), target,
            1.0f, std::span<float, M::parameter_count>(gradient.data(), M::parameter_count), *space);
      benchmark::ClobberMemory();
    });
  });
}

const bool registered = [] {
  add<16, 20>("pixels", 16 * 16, 1);
  add<32, 20>("pixels", 32 * 32, 1);
  add<64, 20>("pixels", 64 * 64, 1);
  add<160, 20>("pixels", 160 * 160, 1);
  add<32, 10>("steps", 10, 1);
  add<32, 30>("steps", 30, 1);
  add<32, 300>("steps", 300, 1);
  add<32, 2010>("steps", 2010, 1);
  for (const std::size_t images : std::array<std::size_t, 5>{1, 3, 10, 30, 100})
    add<32, 20>("images", images, images);
  return true;
}();

}  // namespace
