// A short training whose whole outcome is kept, to be compared between backends.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <span>
#include <vector>

#include "../train/tools.hpp"
#include "nwm/train/trainer.hpp"

namespace tools {

/// ‖a − b‖ / ‖b‖.
template <class Real>
double relative(const std::vector<Real>& a, const std::vector<Real>& b) {
  double difference = 0, norm = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double d = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    difference += d * d;
    norm += static_cast<double>(b[i]) * static_cast<double>(b[i]);
  }
  return std::sqrt(difference / norm);
}

template <class Real>
struct Outcome {
  std::vector<Real> moved, scores;  // the way of the parameters, and the scores of 7 images
  std::vector<double> losses, norms;
  bool operator==(const Outcome&) const = default;
};

/// `steps` steps of 6 images each.
template <class Machine>
auto trained(std::size_t steps = 3) {
  using Real = typename Machine::Real;
  constexpr std::size_t height = Machine::shape.height, width = Machine::shape.width;
  const auto set = blocks(6 * steps, 1, height, width), others = blocks(7, 2, height, width);
  nwm::Trainer<Machine> trainer({.learning_rate = 1e-2, .batch = 6, .threads = 1});
  Outcome<Real> o{weights(trainer.current()), {}, {}, {}};
  std::vector<std::size_t> order(set.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t step = 0; step < steps; ++step) {
    o.norms.push_back(trainer.step(set, std::span(order).subspan(6 * step, 6), steps));
    o.losses.push_back(trainer.last_loss());
  }
  const auto now = weights(trainer.current());
  for (std::size_t i = 0; i < now.size(); ++i) o.moved[i] = now[i] - o.moved[i];
  o.scores.resize(others.size() * Machine::score_size);
  nwm::ExecutorOf<Machine>(1, 1).predict(
      trainer.current(), others, [&](std::size_t i, std::span<const Real> s) {
        std::ranges::copy(s, o.scores.begin() + static_cast<std::ptrdiff_t>(i * Machine::score_size));
      });
  return o;
}

}  // namespace tools
