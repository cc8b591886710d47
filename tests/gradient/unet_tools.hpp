// A small U-Net, a random set, and its gradient: what the tests of the U-Net share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/backend/cpu/simd.hpp"
#include "nwm/model/unet.hpp"
#include "nwm/train/trainer.hpp"

namespace unet_test {

using nwm::cpu::Scalar;
using nwm::cpu::Simd;

// 32×16, so that the lowest grid, 2×1, still has more than one site to normalise over.
constexpr nwm::Shape shape{.height = 32, .width = 16, .image_channels = 2, .classes = 3};
template <std::size_t width, class B = nwm::DefaultBackend, class Real = float>
using Net = nwm::UNet<shape, width, B, Real>;

inline nwm::data::Dataset random_set(std::size_t images, std::uint64_t seed = 7) {
  nwm::Random random(seed);
  nwm::data::Dataset::Floats pixels(images * shape.image_channels * shape.sites());
  nwm::data::Dataset::Bytes masks(images * shape.sites());
  for (float& v : pixels) v = static_cast<float>(random.uniform());
  for (std::uint8_t& c : masks) c = static_cast<std::uint8_t>(random.below(shape.classes));
  return {{images, shape.image_channels, shape.height, shape.width}, std::move(pixels), std::move(masks)};
}

inline std::vector<std::size_t> all_of(const nwm::data::Dataset& set) {
  std::vector<std::size_t> indices(set.size());
  std::iota(indices.begin(), indices.end(), std::size_t{0});
  return indices;
}

/// Away from γ = 1, β = 0.
template <class M>
M shaken(std::uint64_t seed = 3) {
  M machine({.seed = seed});
  nwm::Random random(seed, 1);
  for (auto& v : machine.parameters()) v += static_cast<typename M::Real>(random.uniform(-0.2, 0.3));
  return machine;
}

template <class M>
std::vector<typename M::Real> gradient(M& machine, const nwm::data::Dataset& set, std::size_t threads,
                                       std::size_t shards, double* loss = nullptr) {
  nwm::WholeBatch<M> engine(threads, shards);
  std::vector<typename M::Real> result(M::parameter_count, 9);
  const double value =
      engine.gradient(machine, set, all_of(set),
                      std::span<typename M::Real, M::parameter_count>(result.data(), M::parameter_count));
  if (loss) *loss = value;
  return result;
}

}  // namespace unet_test
