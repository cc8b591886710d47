// The field's tests of memory, drawn from a seed: copy, adding, and pictures read pixel by pixel.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nwm/data/sequences.hpp"
#include "nwm/error.hpp"
#include "nwm/memory/count.hpp"
#include "nwm/random.hpp"

namespace nwm::data {

/// Sizes of the copy task: `symbols` symbols are shown, and are to be said again `delay` steps later.
struct CopyTask {
  std::size_t delay = 100;  ///< steps between a symbol and its repetition
  /// Symbols shown, numbers of an input, classes of an answer.
  static constexpr std::size_t symbols = 10, inputs = 10, classes = 9;
  /// Steps of a sequence.
  constexpr std::size_t steps() const { return delay + symbols; }
};

/// `count` sequences of the copy task (Hochreiter and Schmidhuber 1997; arXiv 2309.08045): one-hot vectors
/// (T + 10, 10) of ten random symbols 1 to 8, then blanks 0, with the symbol 9 at place T − 1, counted from
/// 0. The label of a step is 0, but for the last ten, which repeat the symbols. Who guesses these has a loss
/// of (10 / (T + 10)) ln 8. Throws Error for a delay below 10, and where
/// there is no memory for so many.
inline Dataset copy_task(std::size_t count, CopyTask task, std::uint64_t seed) {
  constexpr std::size_t symbols = CopyTask::symbols, inputs = CopyTask::inputs;
  const std::size_t steps = task.steps();
  if (task.delay < symbols || steps < symbols)
    throw Error("copy task", "delay", "at least " + std::to_string(symbols), std::to_string(task.delay));
  auto x = allocated<Targets::Bytes>("copy task", "sequences", std::array{count, steps, inputs});
  auto labels = allocated<Targets::Bytes>("copy task", "sequences", std::array{count, steps});
  Random random(seed);
  for (std::size_t i = 0; i < count; ++i) {
    const auto show = [&](std::size_t step, std::size_t symbol) {
      std::uint8_t* one_hot = x.data() + (i * steps + step) * inputs;
      std::fill_n(one_hot, inputs, std::uint8_t{0});
      one_hot[symbol] = 255;  // byte pictures are divided by 255
    };
    for (std::size_t t = 0; t < steps; ++t) show(t, 0);
    for (std::size_t k = 0; k < symbols; ++k) {
      const std::size_t symbol = 1 + random.below(8);
      show(k, symbol);
      labels[(i + 1) * steps - symbols + k] = static_cast<std::uint8_t>(symbol);
    }
    show(task.delay - 1, 9);
  }
  return label_steps(vectors(count, steps, inputs), std::move(x), std::move(labels), "copy task");
}

/// `count` sequences of the adding task (Hochreiter and Schmidhuber 1997): `steps` pairs of a number, uniform
/// in (0, 1), and a mark, 1 at one place in each half and 0 elsewhere. The target is the sum of the two
/// marked numbers; the constant guess 1 has a mean square of 1/6. Throws Error for fewer than two
/// steps, and where there is no memory for so many.
inline Dataset adding_task(std::size_t count, std::size_t steps, std::uint64_t seed) {
  if (steps < 2) throw Error("adding task", "steps", "at least 2", std::to_string(steps));
  auto x = allocated<Targets::Floats>("adding task", "sequences", std::array{count, steps, std::size_t{2}});
  Targets::Floats sums(count);
  Random random(seed);
  for (std::size_t i = 0; i < count; ++i) {
    float* sequence = x.data() + i * steps * 2;
    for (std::size_t t = 0; t < steps; ++t) sequence[2 * t] = static_cast<float>(random.uniform(0, 1));
    const std::size_t half = steps / 2, first = random.below(half),
                      second = half + random.below(steps - half);
    sequence[2 * first + 1] = sequence[2 * second + 1] = 1;
    sums[i] = sequence[2 * first] + sequence[2 * second];
  }
  return numbers_each(vectors(count, steps, 2), std::move(x), 1, std::move(sums), "adding task");
}

/// A permutation of 0 to count − 1, drawn from the seed.
inline std::vector<std::size_t> permutation(std::size_t count, std::uint64_t seed) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  Random random(seed);
  random.shuffle(std::span(order));
  return order;
}

/// Grey pictures (count, pixels) read one pixel after the other, row by row or, where `order` is given, in
/// that order: sequences of pixels numbers in [0, 1] with a label each. Throws Error where sizes do not fit.
inline Dataset pixel_by_pixel(std::span<const std::uint8_t> pictures, Targets::Bytes labels,
                              std::span<const std::size_t> order = {}, std::string name = "pixel by pixel") {
  const std::size_t count = labels.size(), pixels = count > 0 ? pictures.size() / count : 0;
  if (pictures.size() != count * pixels || (!order.empty() && order.size() != pixels))
    throw Error(name, "pixels", std::to_string(order.empty() ? pixels : order.size()) + " a picture",
                std::to_string(pictures.size()) + " of " + std::to_string(count) + " pictures");
  std::vector<std::uint8_t> x(pictures.begin(), pictures.end());
  if (!order.empty())
    for (std::size_t i = 0; i < count; ++i)
      for (std::size_t p = 0; p < pixels; ++p) x[i * pixels + p] = pictures[i * pixels + order[p]];
  return label_each(vectors(count, pixels, 1), std::move(x), std::move(labels), std::move(name));
}

}  // namespace nwm::data
