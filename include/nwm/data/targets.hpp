// What the images of a data set should be answered with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <utility>
#include <vector>

namespace nwm::data {

/// The targets of a data set. One kind holds for the whole set.
class Targets {
 public:
  /// Classes or labels.
  using Bytes = std::vector<std::uint8_t>;
  /// Numbers.
  using Floats = std::vector<float>;
  /// A class at every pixel, one label an image, or numbers at every pixel.
  enum class Kind { classes, labels, numbers };

  Targets() = default;
  /// A class at every pixel: masks (image, row, column).
  Targets(Bytes masks) : bytes_(std::move(masks)) {}  // NOLINT: meant to convert
  /// The same, from a list.
  Targets(std::initializer_list<std::uint8_t> masks) : bytes_(masks) {}

  /// One class for each image: labels (image).
  static Targets labels(Bytes labels) { return {Kind::labels, std::move(labels), {}, 1}; }
  /// `outputs` numbers at every pixel: fields (image, output, row, column).
  static Targets numbers(std::size_t outputs, Floats fields) {
    return {Kind::numbers, {}, std::move(fields), outputs};
  }

  /// Which kind of target it is.
  Kind kind() const { return kind_; }
  std::size_t outputs() const { return outputs_; }  ///< numbers a pixel; 1 for classes and labels
  /// Classes or labels; empty for numbers.
  const Bytes& bytes() const { return bytes_; }
  /// Numbers; empty for classes and labels.
  const Floats& floats() const { return floats_; }
  /// Values that belong to one image of `pixels` pixels.
  std::size_t each(std::size_t pixels) const { return kind_ == Kind::labels ? 1 : outputs_ * pixels; }
  /// How many classes, labels or numbers there are.
  std::size_t size() const { return kind_ == Kind::numbers ? floats_.size() : bytes_.size(); }
  /// The name of a kind, as errors tell it.
  static const char* name(Kind kind) {
    return kind == Kind::classes  ? "a class a pixel"
           : kind == Kind::labels ? "a label an image"
                                  : "numbers a pixel";
  }
  /// The targets of `images` images of `pixels` pixels from image `first` on.
  Targets part(std::size_t first, std::size_t images, std::size_t pixels) const {
    const auto begin = static_cast<std::ptrdiff_t>(first * each(pixels));
    const auto end = begin + static_cast<std::ptrdiff_t>(images * each(pixels));
    if (kind_ == Kind::numbers)
      return {kind_, {}, Floats(floats_.begin() + begin, floats_.begin() + end), outputs_};
    return {kind_, Bytes(bytes_.begin() + begin, bytes_.begin() + end), {}, outputs_};
  }

 private:
  Targets(Kind kind, Bytes bytes, Floats floats, std::size_t outputs)
      : kind_(kind), bytes_(std::move(bytes)), floats_(std::move(floats)), outputs_(outputs) {}

  Kind kind_ = Kind::classes;
  Bytes bytes_;
  Floats floats_;
  std::size_t outputs_ = 1;
};

}  // namespace nwm::data
