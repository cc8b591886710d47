// Weights of a model. A tiny one, with the running statistics of a batch normalisation.
#include "nwm/model/weights.hpp"

#include "../target.hpp"
#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/grid/shape.hpp"

namespace {

struct Tiny {
  static constexpr std::string_view kind = "tiny";
  static constexpr nwm::Shape shape{.height = 2, .width = 3, .classes = 2};
  using Real = float;
  using Backend = nwm::cpu::Scalar;
  static constexpr std::size_t sites = 6, images = 1, image_size = 6, outputs = 2, score_size = 12;
  static constexpr auto layout = nwm::exact_layout<[](auto& all) {
    all.add("conv.weight", {2, 1, 3, 3}, 9);
    all.add("conv.bias", {2}, 9);
  }>();
  static constexpr auto buffer_layout = nwm::exact_layout<[](auto& all) {
    all.add("norm.running_mean", {2}, 1);
    all.add("norm.running_var", {2}, 1);
  }>();
  static constexpr std::size_t parameter_count = layout.size;
  std::array<Real, parameter_count> numbers{};
  std::array<Real, buffer_layout.size> statistics{};
  std::span<Real, parameter_count> parameters() { return numbers; }
  std::span<const Real, parameter_count> parameters() const { return numbers; }
  std::span<Real> buffers() { return statistics; }
  std::span<const Real> buffers() const { return statistics; }
};

void read_weights(fuzz::Bytes bytes) {
  static fuzz::File file("weights.safetensors");
  static Tiny model;
  const std::string& path = file.put(bytes);
  const auto check = [&](const Tiny& loaded) {
    for (const float v : loaded.numbers) fuzz::require(std::isfinite(v), "weights that are finite");
    for (const float v : loaded.statistics) fuzz::require(std::isfinite(v), "statistics that are finite");
  };
  try {
    nwm::load(model, path);
  } catch (const nwm::Error&) {
    nwm::load(model, path, nwm::ForeignTensors::ignored);
  }
  check(model);
}

const fuzz::Add weights({.name = "weights", .read = read_weights, .write = [](const char* path) {
                           nwm::save(Tiny{}, path);
                         }});

}  // namespace
