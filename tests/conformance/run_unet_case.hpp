// Runs a reference case on a U-Net: training mode with every gradient and the running statistics it leaves,
// then evaluation mode.
#pragma once

#include <memory>
#include <vector>

#include "nwm/model/unet.hpp"
#include "nwm/train/whole_batch.hpp"
#include "run_case.hpp"

namespace conformance {

template <class Machine>
Result run_unet_case(const nwm::io::Safetensors& file) {
  using Real = typename Machine::Real;
  Machine machine;
  set_parameters(file, machine, "param.");
  const Batch<Machine> cases(file);
  nwm::Crew crew{1, 1, std::vector<std::exception_ptr>(cases.count)};
  typename Machine::Batch batch(cases.count, 1);
  std::vector<Real> targets(cases.targets.begin(), cases.targets.end()), gradient(Machine::parameter_count);
  for (std::size_t i = 0; i < cases.count; ++i) std::ranges::copy(cases.image(i), batch.image(i).begin());
  const auto scores = [&] {
    std::vector<Real> all;
    for (std::size_t i = 0; i < cases.count; ++i)
      all.insert(all.end(), batch.score(i).begin(), batch.score(i).end());
    return all;
  };
  Result result;
  machine.forward(crew, batch, cases.count, true);
  result.logits_error = relative<Real>(scores(), file.values<double>("logits"));
  const double scale = 1.0 / static_cast<double>(cases.count * Machine::sites);
  std::vector<double> losses(cases.count);
  machine.backward(
      crew, batch, cases.count, [&](std::size_t i) { return targets.data() + i * Machine::sites; },
      static_cast<Real>(scale), losses, [&](std::size_t) { return gradient.data(); });
  double loss = 0;
  for (const double l : losses) loss += scale * l;
  result.logits_error =
      worst(relative<double>(std::vector{loss}, file.values<double>("loss")), result.logits_error);
  for (const nwm::Slice& slice : Machine::buffer_layout.slices) {
    const auto expected = file.values<double>("buffers." + std::string(slice.name.view()));
    const auto mine = std::span<const Real>(machine.buffers()).subspan(slice.offset, slice.size);
    result.logits_error = worst(relative(mine, std::span<const double>(expected)), result.logits_error);
  }
  machine.forward(crew, batch, cases.count, false);
  result.logits_error =
      worst(relative<Real>(scores(), file.values<double>("logits_eval")), result.logits_error);
  for (const nwm::Slice& slice : Machine::layout.slices) {
    const auto expected = file.values<double>("grad." + std::string(slice.name.view()));
    result.gradient_error = worst(relative(std::span<const Real>(gradient).subspan(slice.offset, slice.size),
                                           std::span<const double>(expected)),
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

template <class B, class Real>
void add_unets() {
  using nwm::Shape;
  constexpr Shape small{.height = 32, .width = 32, .image_channels = 1, .classes = 11};
  constexpr Shape multi_mnist{.height = 128, .width = 128, .image_channels = 1, .classes = 11};
  static_assert(nwm::UNet<multi_mnist, 2, B, Real>::parameter_count == 30745);
  static_assert(nwm::UNet<multi_mnist, 3, B, Real>::parameter_count == 68834);
  static_assert(nwm::UNet<multi_mnist, 5, B, Real>::parameter_count == 190456);
  using Four = nwm::UNet<multi_mnist, 4, B, Real>;
  static_assert(Four::parameter_count == 122071);
  add_unet<nwm::UNet<small, 2, B, Real>>("narrow");
  add_unet<Four>("wide");
}

}  // namespace conformance
