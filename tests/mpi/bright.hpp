// A training that is unstable at one image.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <utility>

#include "../train/tools.hpp"
#include "nwm/data/dataset.hpp"
#include "nwm/error.hpp"
#include "nwm/train/trainer_options.hpp"

namespace tools {

/// blocks() as floats; image 31 is so bright that the waves on it grow without bound.
inline nwm::data::Dataset with_a_bright_one() {
  const auto set = blocks(50, 1);
  const std::size_t each = set.extent().values();
  nwm::data::Dataset::Floats pictures(50 * each);
  nwm::data::Dataset::Bytes masks(50 * each);
  for (std::size_t i = 0; i < 50; ++i) {
    set.picture(i, std::span(pictures).subspan(i * each, each));
    std::ranges::copy(set.mask(i), masks.begin() + static_cast<std::ptrdiff_t>(i * each));
  }
  for (float& v : std::span(pictures).subspan(31 * each, each)) v *= 1e9f;
  return {set.extent(), std::move(pictures), std::move(masks), "bright"};
}

/// One batch of all images: weights are those that all trainers begin with.
inline const nwm::TrainerOptions one_batch{.learning_rate = 1e-2, .batch = 50, .epochs = 1, .threads = 1};

/// What a training on it throws, in words; "stable" where it throws nothing.
template <class Trainer>
std::string unstable(Trainer& trainer) {
  static const auto set = with_a_bright_one(), validation = blocks(9, 2);
  try {
    trainer.fit(set, validation);
  } catch (const nwm::Unstable& e) {
    return e.what();
  }
  return "stable";
}

}  // namespace tools
