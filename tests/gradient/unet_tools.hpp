// A small U-Net, a random set, and its gradient: what the tests of the U-Net share.
#pragma once

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/backend/cpu/simd.hpp"
#include "nwm/check/check_gradient.hpp"
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
  nwm::ExecutorOf<M> executor(threads, shards);
  std::vector<typename M::Real> result(M::parameter_count, 9);
  const double value =
      executor.gradient(machine, set, all_of(set),
                        std::span<typename M::Real, M::parameter_count>(result.data(), M::parameter_count));
  if (loss) *loss = value;
  return result;
}

/// Scores in evaluation mode, (classes, H, W) image by image.
template <class M>
std::vector<typename M::Real> scores(const M& machine, const nwm::data::Dataset& set) {
  std::vector<typename M::Real> result(set.size() * M::score_size);
  nwm::ExecutorOf<M> executor(1, 1);
  executor.predict(machine, set, [&](std::size_t i, std::span<const typename M::Real> s) {
    std::ranges::copy(s, result.begin() + static_cast<std::ptrdiff_t>(i * M::score_size));
  });
  return result;
}

/// The largest difference.
template <class T>
double difference(const std::vector<T>& a, const std::vector<T>& b) {
  double worst = a.size() == b.size() ? 0 : 1e9;
  for (std::size_t i = 0; i < a.size(); ++i)
    worst = std::max(worst, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
  return worst;
}

/// Every parameter of the net against differences, in training mode on so many images.
template <class M>
void every_slice_has_its_gradient(std::size_t images) {
  const auto set = random_set(images);
  M machine = shaken<M>();
  const std::vector<double> claimed = gradient(machine, set, 1, 2);
  std::vector<nwm::GradientPart> parts;
  for (const nwm::Slice& s : M::layout.slices)
    parts.push_back({.name = std::string(s.name.view()), .offset = s.offset, .size = s.size});
  nwm::ExecutorOf<M> executor(1, 2);
  std::vector<double> unused(M::parameter_count);
  const std::vector<std::size_t> indices = all_of(set);
  const auto loss = [&] {
    return executor.gradient(machine, set, indices,
                             std::span<double, M::parameter_count>(unused.data(), M::parameter_count));
  };
  const auto report = nwm::check_gradient(std::span<double>(machine.parameters()), claimed, loss, parts,
                                          {.tolerance = 1e-6, .coordinates = 3, .directions = 2});
  for (const std::string& fault : report.faults) BOOST_TEST(false, fault);
  BOOST_TEST(report.ok());
  BOOST_TEST_MESSAGE("width " << M::width << ", " << M::Backend::name << ": worst " << report.worst.error
                              << " at " << report.worst.quantity);
}

}  // namespace unet_test
