#include "tasks.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <utility>
#include <vector>

#include "nwm/data/mnist.hpp"
#include "nwm/data/sequences.hpp"
#include "nwm/data/tasks.hpp"
#include "nwm/error.hpp"
#include "nwm/random.hpp"

namespace sequence {
namespace {

using nwm::data::Dataset;

/// Validation sequences of drawn tasks, and digits at the end of MNIST's training set.
constexpr std::size_t most_validated = 256, validated_digits = 3000;
/// The one permutation of psMNIST, whatever a run's seed.
constexpr std::uint64_t permutation_seed = 5544;

/// draw(count, seed) makes a set. Each epoch, the validation set and the test set have a seed of their own;
/// that of the test set depends on no option.
template <class Draw>
Data drawn(const DataOptions& o, const Draw& draw) {
  const auto seed = [base = o.seed](std::uint64_t part) { return nwm::Random(base, part).bits(); };
  return {.train =
              [=, count = o.train](std::size_t epoch) {
                return std::make_shared<const Dataset>(draw(count, seed(epoch + 1)));
              },
          .validation = draw(std::min(o.train, most_validated), seed(0)),
          .test = draw(o.test, nwm::Random(0x7e57, 0).bits())};
}

/// A shape's pixels (row, column).
using Pixels = std::vector<std::array<std::size_t, 2>>;
const std::array<Pixels, 5> shapes{{
    {{0, 1}, {1, 0}, {1, 1}, {1, 2}, {2, 1}},                          // a cross
    {{0, 0}, {0, 1}, {1, 0}, {1, 1}},                                  // a square
    {{0, 0}, {1, 0}, {2, 0}, {2, 1}, {2, 2}},                          // a corner
    {{0, 0}, {0, 1}, {0, 2}, {1, 1}, {2, 1}},                          // a T
    {{0, 0}, {0, 1}, {0, 2}, {1, 0}, {1, 2}, {2, 0}, {2, 1}, {2, 2}},  // a ring
}};

/// One or two shapes a sequence, each at a velocity of −1 to 1 pixels a step along each side, not both 0, on
/// a torus. The target of a step is the next frame.
Dataset moving(std::size_t count, bool frames, std::uint64_t seed) {
  constexpr std::size_t steps = Moving::steps, side = Moving::side, sites = Moving::sites;
  std::vector<std::uint8_t> inputs(count * steps * sites, 0);
  std::vector<float> targets(count * steps * sites, 0);
  nwm::Random random(seed);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t number = 1 + random.below(2);
    for (std::size_t s = 0; s < number; ++s) {
      const Pixels& shape = shapes[random.below(shapes.size())];
      const std::size_t row = random.below(side), column = random.below(side);
      // Velocities of −1, 0, 1 are steps of side − 1, 0, 1; the middle of the nine is none.
      const std::size_t way = (random.below(8) + 5) % 9;
      const std::size_t down = (way / 3 + side - 1) % side, right = (way % 3 + side - 1) % side;
      for (std::size_t t = 0; t <= steps; ++t)
        for (const auto& [y, x] : shape) {
          const std::size_t site = (row + y + t * down) % side * side + (column + x + t * right) % side;
          if (t < steps) inputs[(i * steps + t) * sites + site] = 255;
          if (t > 0) targets[(i * steps + t - 1) * sites + site] = 1;
        }
    }
  }
  const auto extent =
      frames ? nwm::data::frames(count, steps, 1, side, side) : nwm::data::vectors(count, steps, sites);
  return nwm::data::numbers_steps(extent, std::move(inputs), sites, targets, "moving shapes");
}

/// The mean square of who answers every frame of moving() with itself.
double mean_square_of_standing(const Dataset& set) {
  constexpr std::size_t steps = Moving::steps, sites = Moving::sites;
  std::vector<float> now(steps * sites);
  double sum = 0;
  for (std::size_t i = 0; i < set.size(); ++i) {
    set.picture(i, std::span(now));
    const auto next = set.numbers(i);  // (sites, steps)
    for (std::size_t t = 0; t < steps; ++t)
      for (std::size_t p = 0; p < sites; ++p) {
        const double apart = static_cast<double>(now[t * sites + p] - next[p * steps + t]);
        sum += apart * apart;
      }
  }
  return sum / static_cast<double>(set.size() * steps * sites);
}

}  // namespace

Data copy_data(std::size_t delay, const DataOptions& options) {
  const nwm::data::CopyTask task{.delay = delay};
  Data data = drawn(options, [=](std::size_t count, std::uint64_t seed) {
    return nwm::data::copy_task(count, task, seed);
  });
  data.guess = 10.0 / static_cast<double>(task.steps()) * std::log(8.0);
  data.guess_name = "guessing the symbols";
  return data;
}

Data adding_data(const DataOptions& options) {
  Data data = drawn(options, [](std::size_t count, std::uint64_t seed) {
    return nwm::data::adding_task(count, adding_steps, seed);
  });
  data.guess = 1.0 / 6;
  data.guess_name = "always saying 1";
  return data;
}

Data mnist_data(bool permuted, const DataOptions& o) {
  const nwm::data::Mnist files = nwm::data::load_mnist(o.folder);
  const auto require = [](const char* option, std::size_t wanted, std::size_t there) {
    if (wanted > there)
      throw nwm::Error("nwm_sequence", option, "at most " + std::to_string(there) + " digits",
                       std::to_string(wanted));
    return wanted > 0 ? wanted : there;
  };
  const std::size_t all = files.training.size();
  if (all <= validated_digits)
    throw nwm::Error(files.training.name, "digits", "more than " + std::to_string(validated_digits),
                     std::to_string(all));
  const std::size_t train = require("--train", o.train, all - validated_digits),
                    test = require("--test", o.test, files.test.size());
  const auto order =
      permuted ? nwm::data::permutation(pixel_steps, permutation_seed) : std::vector<std::size_t>{};
  const auto set = [&](const nwm::data::Digits& digits) {
    if (digits.height * digits.width != pixel_steps)
      throw nwm::Error(digits.name, "pixels a digit", std::to_string(pixel_steps),
                       std::to_string(digits.height * digits.width));
    return nwm::data::pixel_by_pixel(digits.pixels, digits.labels, order, permuted ? "psMNIST" : "sMNIST");
  };
  const auto training = std::make_shared<const Dataset>(set(files.training.part(0, train)));
  const std::size_t validated = std::min(validated_digits, train);
  return {.train = [training](std::size_t) { return training; },
          .validation = set(files.training.part(all - validated, validated)),
          .test = set(files.test.part(0, test))};
}

Data moving_data(bool frames, const DataOptions& options) {
  Data data =
      drawn(options, [=](std::size_t count, std::uint64_t seed) { return moving(count, frames, seed); });
  data.guess = mean_square_of_standing(data.test);
  data.guess_name = "shapes that stand still";
  return data;
}

}  // namespace sequence
