// Pictures of several handwritten digits, labelled pixel by pixel, for any grid and seed. They are composed
// from MNIST as in the study (arXiv 2502.06034). All arithmetic is in whole numbers, so that a seed gives the
// same bytes everywhere.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nwm/data/dataset.hpp"
#include "nwm/data/generate.hpp"
#include "nwm/data/mnist.hpp"
#include "nwm/error.hpp"
#include "nwm/random.hpp"

namespace nwm::data {

/// Number and kind of the generated pictures of digits.
struct MultiMnistOptions {
  std::size_t images = 2000;    ///< training images (the study: 10000)
  std::size_t validation = 0;   ///< validation images; 0: a tenth of `images`, at least 1
  std::size_t test = 0;         ///< test images; 0: a tenth of `images`, at least 1
  std::uint64_t seed = 0;       ///< of which digits stand where
  std::size_t side = 0;         ///< side of a digit's square, pixels; 0: 42/128 of the picture's smaller side
  std::size_t max_digits = 4;   ///< digits a picture: uniform in 1..max_digits
  std::size_t tries = 200;      ///< places tried for a digit before the digit is left out
  std::uint8_t threshold = 50;  ///< a digit's pixels are brighter than this, of 255
  /// false: all three sets use the training digits, as in the study. true: training pictures use the first
  /// 85 % of the training digits, validation pictures the rest, test pictures the test digits.
  bool held_out_digits = false;
};

namespace detail {

/// Resamples a line of `in` bytes to `out` bytes: by linear interpolation or, when shrinking, by a triangle
/// filter scaled to the new pixels. It uses Pillow's fixed point of 22 bits, so that the study's pictures
/// come out byte for byte.
class Resampling {
 public:
  Resampling(std::size_t in, std::size_t out) {
    const auto whole = [](std::size_t n) { return static_cast<std::int64_t>(n); };
    const std::int64_t i = whole(in), o = whole(out), reach = 2 * std::max(i, o);
    const auto triangle = [&](std::int64_t k, std::int64_t j) {
      return std::max<std::int64_t>(0, reach - std::abs((2 * j + 1) * o - (2 * k + 1) * i));
    };
    for (std::int64_t k = 0; k < o; ++k) {
      std::int64_t first = 0, sum = 0;
      while (triangle(k, first) == 0) ++first;
      std::int64_t end = first;
      while (end < i && triangle(k, end) > 0) sum += triangle(k, end++);
      taps_.push_back(
          {static_cast<std::size_t>(first), weights_.size(), static_cast<std::size_t>(end - first)});
      for (std::int64_t j = first; j < end; ++j)
        weights_.push_back(((triangle(k, j) << (bits + 1)) + sum) / (2 * sum));
    }
  }

  /// Value k of the resampled line; the input values are `stride` apart in memory.
  std::uint8_t operator()(const std::uint8_t* line, std::size_t stride, std::size_t k) const {
    const Taps& t = taps_[k];
    std::int64_t sum = std::int64_t{1} << (bits - 1);
    for (std::size_t j = 0; j < t.count; ++j) sum += weights_[t.weights + j] * line[(t.first + j) * stride];
    return static_cast<std::uint8_t>(std::clamp<std::int64_t>(sum >> bits, 0, 255));
  }

 private:
  struct Taps {
    std::size_t first, weights, count;  // index of the first value, of the first weight; how many
  };
  static constexpr int bits = 22;
  std::vector<Taps> taps_;
  std::vector<std::int64_t> weights_;
};

/// Draws one picture of digits for multi_mnist().
class DigitPainter {
 public:
  /// Throws Error, naming the option, when options do not fit the picture. `digits` must outlive the painter.
  DigitPainter(const Extent& picture, const Digits& digits, const MultiMnistOptions& options)
      : e_(picture),
        digits_(digits),
        o_(options),
        side_(side(picture, options)),
        columns_(digits.width, side_),
        rows_(digits.height, side_),
        wide_(digits.height * side_),
        digit_(side_ * side_) {
    check_picture("multi-mnist", e_, 8);
    if (digits.size() == 0) throw Error("multi-mnist", "digits", "at least 1", "0");
    if (o_.max_digits == 0) throw Error("multi-mnist", "max_digits", "at least 1", "0");
    if (o_.tries == 0) throw Error("multi-mnist", "tries", "at least 1", "0");
    if (side_ > std::min(e_.height, e_.width))
      throw Error("multi-mnist", "side",
                  "at most the " + std::to_string(std::min(e_.height, e_.width)) + " pixels of the picture",
                  std::to_string(side_));
  }

  void operator()(Random& random, std::span<std::uint8_t> image, std::span<std::uint8_t> mask) {
    for (std::size_t count = 1 + random.below(o_.max_digits); count > 0; --count) {
      const std::size_t chosen = random.below(digits_.size());
      resize(digits_.picture(chosen));
      for (std::size_t t = 0; t < o_.tries; ++t) {
        const std::size_t row = random.below(e_.height - side_ + 1),
                          column = random.below(e_.width - side_ + 1);
        if (meets(mask, row, column)) continue;
        paste(image, mask, row, column, static_cast<std::uint8_t>(digits_.labels[chosen] + 1));
        break;
      }
    }
  }

 private:
  static std::size_t side(const Extent& e, const MultiMnistOptions& o) {
    return o.side > 0 ? o.side : std::max<std::size_t>(1, (std::min(e.height, e.width) * 42 + 64) / 128);
  }

  /// Sets digit_ (side, side): resizes along the rows, then along the columns, and rounds after each.
  void resize(std::span<const std::uint8_t> picture) {
    for (std::size_t r = 0; r < digits_.height; ++r)
      for (std::size_t c = 0; c < side_; ++c)
        wide_[r * side_ + c] = columns_(picture.data() + r * digits_.width, 1, c);
    for (std::size_t r = 0; r < side_; ++r)
      for (std::size_t c = 0; c < side_; ++c) digit_[r * side_ + c] = rows_(wide_.data() + c, side_, r);
  }

  /// Calls f(index of the picture's pixel) for each of the digit's pixels.
  template <class F>
  void each_pixel(std::size_t row, std::size_t column, const F& f) const {
    for (std::size_t r = 0; r < side_; ++r)
      for (std::size_t c = 0; c < side_; ++c)
        if (digit_[r * side_ + c] > o_.threshold) f((row + r) * e_.width + column + c);
  }

  bool meets(std::span<const std::uint8_t> mask, std::size_t row, std::size_t column) const {
    bool taken = false;
    each_pixel(row, column, [&](std::size_t pixel) { taken = taken || mask[pixel] != 0; });
    return taken;
  }

  void paste(std::span<std::uint8_t> image, std::span<std::uint8_t> mask, std::size_t row, std::size_t column,
             std::uint8_t label) const {
    each_pixel(row, column, [&](std::size_t pixel) {
      mask[pixel] = label;
      for (std::size_t channel = 0; channel < e_.channels; ++channel)
        image[channel * e_.pixels() + pixel] = 255;
    });
  }

  Extent e_;
  const Digits& digits_;
  MultiMnistOptions o_;
  std::size_t side_;
  Resampling columns_, rows_;
  std::vector<std::uint8_t> wide_, digit_;
};

}  // namespace detail

/// White handwritten digits on black; the classes are digit + 1 = 1..10, and 0 for the ground. Pictures are
/// bytes 0 and 255 of (picture.channels, picture.height, picture.width), with all channels alike;
/// `picture.images` is not read.
/// The number of digits in a picture is uniform, and each digit is drawn from all. A digit is resized to
/// `side` × `side` (bilinear, as Pillow does), made black and white, and put at a uniform place where none of
/// its pixels is taken. A digit that finds no place in `tries` is left out. No picture occurs twice in a set,
/// nor in two sets made from the same digits. generate() describes the random streams.
/// Throws Error when an option does not fit the picture, or when so many different pictures cannot be drawn.
inline Split multi_mnist(const Extent& picture, const Mnist& files, const MultiMnistOptions& options = {}) {
  const std::string name = "multi-mnist";
  const SplitSizes sizes = split_sizes(name, options.images, options.validation, options.test);
  const auto draw = [&](const SplitSizes& some, const Digits& digits) {
    return generate(name, picture, some, options.seed, detail::DigitPainter(picture, digits, options));
  };
  if (!options.held_out_digits) return draw(sizes, files.training);
  const std::size_t held = validation_digits(files.training), rest = files.training.size() - held;
  return {draw({.train = sizes.train}, files.training.part(0, rest)).train,
          draw({.validation = sizes.validation}, files.training.part(rest, held)).validation,
          draw({.test = sizes.test}, files.test).test};
}

/// The same, read from the folder with MNIST's four files. Also throws as load_mnist does.
inline Split multi_mnist(const Extent& picture, const std::filesystem::path& folder,
                         const MultiMnistOptions& options = {}) {
  return multi_mnist(picture, load_mnist(folder), options);
}

/// The same, in the sizes of Machine::shape, which needs at least 11 classes.
template <class Machine>
Split multi_mnist(const std::filesystem::path& folder, const MultiMnistOptions& options = {}) {
  detail::require_classes<static_cast<std::size_t>(Machine::shape.scores()), 11>();
  return multi_mnist(detail::picture_of<Machine>(), folder, options);
}

}  // namespace nwm::data

#include "nwm/pop_macros.inc"
