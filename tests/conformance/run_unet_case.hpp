// Runs a reference case on a U-Net: training mode with every gradient and the running statistics it leaves,
// then evaluation mode.
#pragma once

#include <algorithm>
#include <exception>
#include <utility>
#include <vector>

#include "nwm/model/unet.hpp"
#include "nwm/train/layer_synchronous_executor.hpp"
#include "run_case.hpp"

namespace conformance {

/// Fields of `channels` planes of one image (images, channels, H, W) as passes (channels, images, H, W) or,
/// where `back`, the other way round.
template <class Machine, class Real>
std::vector<Real> in_passes(const std::vector<Real>& from, std::size_t channels, bool back = false) {
  constexpr std::size_t images = Machine::images, sites = Machine::sites;
  std::vector<Real> to(from.size());
  for (std::size_t plane = 0; plane < from.size() / sites; ++plane) {
    const std::size_t image = plane / channels, c = plane % channels;
    const std::size_t other = (image / images * channels + c) * images + image % images;
    std::copy_n(from.begin() + static_cast<std::ptrdiff_t>((back ? other : plane) * sites), sites,
                to.begin() + static_cast<std::ptrdiff_t>((back ? plane : other) * sites));
  }
  return to;
}

template <class Machine>
Result run_unet_case(const nwm::io::Safetensors& file) {
  using Real = typename Machine::Real;
  using B = typename Machine::Backend;
  Machine machine;
  set_parameters(file, machine, "param.");
  const Batch<Machine> cases(file);
  const std::size_t passes = cases.count / Machine::images, pass = Machine::images * Machine::image_size;
  if (passes * Machine::images != cases.count)
    throw nwm::Error("conformance", "images", "a multiple of " + std::to_string(Machine::images),
                     std::to_string(cases.count));
  nwm::LayerExecutor executor{1, 1, std::vector<std::exception_ptr>(passes)};
  typename Machine::Batch batch(passes, 1);
  const std::vector<Real> pictures = in_passes<Machine>(cases.images, Machine::shape.image_channels);
  const std::vector<Real> encoded_target(cases.targets.begin(), cases.targets.end());
  typename B::template Memory<Real> targets(encoded_target.size());
  typename B::template Memory<double> losses(passes);
  Gradient<Machine> gradient;
  B::upload(encoded_target.size(), encoded_target.data(), targets.data());
  for (std::size_t i = 0; i < passes; ++i) B::upload(pass, pictures.data() + i * pass, batch.image(i).data());
  const auto scores = [&] {
    std::vector<Real> all(cases.count * Machine::score_size);
    for (std::size_t i = 0; i < passes; ++i) {
      const auto from = std::as_const(batch).score(i);
      B::download(from.size(), from.data(), all.data() + i * from.size());
    }
    return in_passes<Machine>(all, Machine::shape.classes, true);
  };
  Result result;
  machine.forward(executor, batch, passes, true);
  result.logits_error = relative<Real>(scores(), file.values<double>("logits"));
  const double scale = 1.0 / static_cast<double>(cases.count * Machine::sites);
  machine.backward(
      nwm::loss::CrossEntropy{}, executor, batch, passes,
      [&](std::size_t i) { return targets.data() + i * Machine::images * Machine::sites; },
      static_cast<Real>(scale), losses.data(), [&](std::size_t) { return gradient.there().data(); });
  std::vector<double> parts(passes);
  B::download(passes, static_cast<const double*>(losses.data()), parts.data());
  double loss = 0;
  for (const double l : parts) loss += scale * l;
  result.logits_error =
      worst(relative<double>(std::vector{loss}, file.values<double>("loss")), result.logits_error);
  for (const nwm::Slice& slice : Machine::buffer_layout.slices) {
    const auto expected = file.values<double>("buffers." + std::string(slice.name.view()));
    const auto mine = std::span<const Real>(machine.buffers()).subspan(slice.offset, slice.size);
    result.logits_error = worst(relative(mine, std::span<const double>(expected)), result.logits_error);
  }
  machine.forward(executor, batch, passes, false);
  result.logits_error =
      worst(relative<Real>(scores(), file.values<double>("logits_eval")), result.logits_error);
  for (const nwm::Slice& slice : Machine::layout.slices) {
    const auto expected = file.values<double>("grad." + std::string(slice.name.view()));
    result.gradient_error =
        worst(relative(gradient.here().subspan(slice.offset, slice.size), std::span<const double>(expected)),
              result.gradient_error);
  }
  return result;
}

/// The reference's metadata carry sizes a U-Net has no use for; they are repeated here.
template <class Machine>
void add_unet(const std::string& head) {
  constexpr auto shape = Machine::shape;
  const auto number = [](std::size_t n) { return std::to_string(n); };
  add_machine<Machine>(configuration({{"model", "unet"},
                                      {"head", head},
                                      {"layers", "0"},
                                      {"n", number(shape.height)},
                                      {"c_in", number(shape.image_channels)},
                                      {"c_mid", number(Machine::width)},
                                      {"c_out", "2"},
                                      {"classes", number(shape.classes)},
                                      {"steps", head == "wide" ? "100" : "12"}}),
                       run_unet_case<Machine>);
}

inline constexpr nwm::Shape small_unet{.height = 32, .width = 32, .image_channels = 1, .classes = 11};

template <class B, class Real>
void add_unets() {
  using nwm::Shape;
  constexpr Shape multi_mnist{.height = 128, .width = 128, .image_channels = 1, .classes = 11};
  static_assert(nwm::UNet<multi_mnist, 2, B, Real>::parameter_count == 30745);
  static_assert(nwm::UNet<multi_mnist, 3, B, Real>::parameter_count == 68834);
  static_assert(nwm::UNet<multi_mnist, 5, B, Real>::parameter_count == 190456);
  using Four = nwm::UNet<multi_mnist, 4, B, Real>;
  static_assert(Four::parameter_count == 122071);
  add_unet<nwm::UNet<small_unet, 2, B, Real>>("narrow");
  add_unet<Four>("wide");
}

}  // namespace conformance
