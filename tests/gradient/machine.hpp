// A small machine with a random image and target, its loss and its gradient by name of parameter.
#pragma once

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "nwm/check/check_gradient.hpp"
#include "nwm/model/wave_machine.hpp"
#include "tools.hpp"

namespace tools {

template <class M>
class Problem {
 public:
  using Real = typename M::Real;

  explicit Problem(std::uint64_t seed = 5,
                   const typename M::Options& options = {.cell = {.dt = 0.5}, .seed = 3})
      : machine(options), image_(M::image_size), target_(M::sites) {
    nwm::Random random(seed);
    // Away from the initial Laplacian, and strong enough for every part to matter.
    for (const nwm::Slice& slice : M::layout.slices)
      for (Real& v : machine.parameters().subspan(slice.offset, slice.size))
        v = Real(1.5) * v + static_cast<Real>(random.uniform(-0.2, 0.3));
    for (Real& v : image_) v = static_cast<Real>(random.uniform());
    for (std::uint8_t& c : target_) c = static_cast<std::uint8_t>(random.below(M::shape.classes));
  }

  std::span<const Real, M::image_size> image() const {
    return std::span<const Real, M::image_size>(image_.data(), M::image_size);
  }

  /// Mean cross-entropy and its gradient.
  double loss() { return run(1.0 / static_cast<double>(M::sites)); }
  std::vector<Real> gradient() {
    loss();
    return gradient_;
  }
  std::vector<Real> scores() {
    std::vector<Real> out(M::score_size);
    machine.scores(image(), std::span<Real, M::score_size>(out.data(), M::score_size), *space);
    return out;
  }
  std::vector<Real> series() {
    std::vector<Real> out(M::series_size);
    machine.record(image(), std::span<Real, M::series_size>(out.data(), M::series_size), *space);
    return out;
  }

  M machine;
  std::unique_ptr<typename M::Workspace> space = std::make_unique<typename M::Workspace>();

 private:
  double run(double scale) {
    gradient_.assign(M::parameter_count, Real(0));
    return scale * machine.add_gradient(
                       image(), target_, static_cast<Real>(scale),
                       std::span<Real, M::parameter_count>(gradient_.data(), M::parameter_count), *space);
  }

  std::vector<Real> image_, gradient_;
  std::vector<std::uint8_t> target_;
};

/// The slices of a machine; those that are not trained, or whose name contains `without`, must have no
/// gradient.
template <class M>
std::vector<nwm::GradientPart> parts_of(const std::string& without = "") {
  std::vector<nwm::GradientPart> parts;
  for (const nwm::Slice& slice : M::layout.slices) {
    const std::string name(slice.name.view());
    const bool zero = !slice.trained || (!without.empty() && name.find(without) != std::string::npos);
    parts.push_back({.name = name, .offset = slice.offset, .size = slice.size, .zero = zero});
  }
  return parts;
}

/// `claimed` against central differences; `coordinates` of each slice, 0: all.
template <class M>
nwm::GradientReport check_slices(Problem<M>& problem, const std::vector<double>& claimed,
                                 std::size_t coordinates, const std::vector<nwm::GradientPart>& parts) {
  return nwm::check_gradient(problem.machine.parameters(), claimed, [&] { return problem.loss(); }, parts,
                             {.tolerance = 1e-6, .coordinates = coordinates, .directions = 2});
}

/// Every parameter slice of M.
template <class M>
void check_every_slice(std::size_t coordinates, const std::string& without = "") {
  Problem<M> problem;
  const auto report = check_slices(problem, problem.gradient(), coordinates, parts_of<M>(without));
  BOOST_TEST_CONTEXT(std::string(M::Readout::name)
                     << ", " << M::steps << " steps, " << M::channels << " channels, " << M::Backend::name) {
    for (const std::string& fault : report.faults) BOOST_TEST(false, fault);
    BOOST_TEST(report.ok());
    BOOST_TEST_MESSAGE("worst " << report.worst.error << " at " << report.worst.quantity << " among "
                                << report.worst.compared);
  }
}

}  // namespace tools
