// Images with what a model should say about each of them, in memory. Pictures are bytes (files, generators)
// or floats. The target of an image is a class at every pixel, one label, or numbers at every pixel.
#pragma once

#include <array>
#include <atomic>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "nwm/error.hpp"

namespace nwm::data {

/// Sizes of a data set: `images` pictures of (channels, height, width) and as many masks of (height, width).
struct Extent {
  std::size_t images = 0, channels = 1, height = 0, width = 0;
  std::size_t pixels() const { return height * width; }
  std::size_t values() const { return channels * height * width; }
  bool operator==(const Extent&) const = default;
};

inline std::string to_string(const Extent& e) {
  std::string text = "(";
  for (const std::size_t n : {e.images, e.channels, e.height}) text.append(std::to_string(n)).append(", ");
  return text.append(std::to_string(e.width)).append(")");
}

/// What the images of a data set should be answered with. One kind holds for the whole set.
class Targets {
 public:
  using Bytes = std::vector<std::uint8_t>;
  using Floats = std::vector<float>;
  enum class Kind { classes, labels, numbers };

  Targets() = default;
  /// A class at every pixel: masks (image, row, column).
  Targets(Bytes masks) : bytes_(std::move(masks)) {}  // NOLINT: meant to convert
  Targets(std::initializer_list<std::uint8_t> masks) : bytes_(masks) {}

  /// One class for each image: labels (image).
  static Targets labels(Bytes labels) { return {Kind::labels, std::move(labels), {}, 1}; }
  /// `outputs` numbers at every pixel: fields (image, output, row, column).
  static Targets numbers(std::size_t outputs, Floats fields) {
    return {Kind::numbers, {}, std::move(fields), outputs};
  }

  Kind kind() const { return kind_; }
  std::size_t outputs() const { return outputs_; }  ///< numbers a pixel; 1 for classes and labels
  const Bytes& bytes() const { return bytes_; }
  const Floats& floats() const { return floats_; }
  /// Values that belong to one image of `pixels` pixels.
  std::size_t each(std::size_t pixels) const { return kind_ == Kind::labels ? 1 : outputs_ * pixels; }
  std::size_t size() const { return kind_ == Kind::numbers ? floats_.size() : bytes_.size(); }
  /// The name of a kind, as errors tell it.
  static const char* name(Kind kind) {
    return kind == Kind::classes  ? "a class a pixel"
           : kind == Kind::labels ? "a label an image"
                                  : "numbers a pixel";
  }
  /// The targets of the first `images` images of `pixels` pixels.
  Targets first(std::size_t images, std::size_t pixels) const {
    const auto end = static_cast<std::ptrdiff_t>(images * each(pixels));
    if (kind_ == Kind::numbers) return {kind_, {}, Floats(floats_.begin(), floats_.begin() + end), outputs_};
    return {kind_, Bytes(bytes_.begin(), bytes_.begin() + end), {}, outputs_};
  }

 private:
  Targets(Kind kind, Bytes bytes, Floats floats, std::size_t outputs)
      : kind_(kind), bytes_(std::move(bytes)), floats_(std::move(floats)), outputs_(outputs) {}

  Kind kind_ = Kind::classes;
  Bytes bytes_;
  Floats floats_;
  std::size_t outputs_ = 1;
};

/// Pictures planar (image, channel, row, column) and their targets. Byte pictures are divided by 255 when
/// read, float pictures are handed on unchanged. A set never changes once it is made.
class Dataset {
 public:
  using Bytes = Targets::Bytes;
  using Floats = Targets::Floats;

  Dataset() = default;

  /// Takes the storage over. Throws Error when a length does not fit the extent, or a picture or a target
  /// holds a number that is not finite.
  Dataset(Extent extent, std::variant<Bytes, Floats> pictures, Targets targets, std::string name = "dataset")
      : extent_(extent),
        pictures_(std::move(pictures)),
        targets_(std::move(targets)),
        name_(std::move(name)),
        content_(next_content()) {
    const std::size_t found = std::visit([](const auto& p) { return p.size(); }, pictures_);
    check_length("pictures", extent_.images * extent_.values(), found);
    check_length(targets_.kind() == Targets::Kind::classes ? "masks" : "targets",
                 extent_.images * targets_.each(extent_.pixels()), targets_.size());
    if (const auto* floats = std::get_if<Floats>(&pictures_))
      check_finite("pictures", *floats, extent_.values());
    check_finite("targets", targets_.floats(), targets_.each(extent_.pixels()));
    for (const std::uint8_t c : targets_.bytes()) present_[c] = true;
  }

  const Extent& extent() const { return extent_; }
  std::size_t size() const { return extent_.images; }
  const std::string& name() const { return name_; }
  const Targets& targets() const { return targets_; }

  /// A number that only this set and its copies have: other pictures at the same address have another.
  std::uint64_t content() const { return content_; }

  /// One more than the largest class number in the masks or labels, `left_out` (a class number) not counted.
  std::size_t classes(int left_out = -1) const {
    for (std::size_t c = present_.size(); c-- > 0;)
      if (present_[c] && static_cast<int>(c) != left_out) return c + 1;
    return 0;
  }

  /// Sets out (channels·height·width, planar) to picture `index`, in [0, 1] for byte pictures.
  template <class Real>
  void picture(std::size_t index, std::span<Real> out) const {
    assert(index < size() && out.size() <= extent_.values());
    std::visit(
        [&](const auto& stored) {
          const auto* from = stored.data() + index * extent_.values();
          constexpr bool bytes = std::is_same_v<std::decay_t<decltype(*from)>, std::uint8_t>;
          for (std::size_t i = 0; i < out.size(); ++i)
            out[i] = bytes ? static_cast<Real>(from[i]) / Real(255) : static_cast<Real>(from[i]);
        },
        pictures_);
  }

  /// Class numbers of image `index`, (height, width). For sets with a class a pixel.
  std::span<const std::uint8_t> mask(std::size_t index) const {
    assert(targets_.kind() == Targets::Kind::classes && index < size());
    return {targets_.bytes().data() + index * extent_.pixels(), extent_.pixels()};
  }
  /// The class of image `index`, one number. For sets with a label an image.
  std::span<const std::uint8_t> label(std::size_t index) const {
    assert(targets_.kind() == Targets::Kind::labels && index < size());
    return {targets_.bytes().data() + index, 1};
  }
  /// The target numbers of image `index`, (outputs, height, width). For sets with numbers a pixel.
  std::span<const float> numbers(std::size_t index) const {
    assert(targets_.kind() == Targets::Kind::numbers && index < size());
    const std::size_t each = targets_.each(extent_.pixels());
    return {targets_.floats().data() + index * each, each};
  }

  /// The first `count` images (all when there are fewer), copied.
  Dataset first(std::size_t count) const {
    Extent e = extent_;
    e.images = count < e.images ? count : e.images;
    auto pictures = std::visit(
        [&](const auto& stored) -> std::variant<Bytes, Floats> {
          const auto end = stored.begin() + static_cast<std::ptrdiff_t>(e.images * e.values());
          return std::decay_t<decltype(stored)>(stored.begin(), end);
        },
        pictures_);
    return Dataset(e, std::move(pictures), targets_.first(e.images, e.pixels()), name_);
  }

 private:
  static std::uint64_t next_content() {
    static std::atomic<std::uint64_t> last{0};
    return ++last;
  }
  void check_length(const char* field, std::size_t expected, std::size_t found) const {
    if (expected != found)
      throw Error(name_, field, std::to_string(expected) + " values for extent " + to_string(extent_),
                  std::to_string(found));
  }
  void check_finite(const char* field, const Floats& floats, std::size_t each) const {
    for (std::size_t i = 0; i < floats.size(); ++i)
      if (!std::isfinite(floats[i]))
        throw Error(name_, std::string(field) + "[" + std::to_string(i / each) + "]", "finite values",
                    std::to_string(floats[i]) + " at position " + std::to_string(i % each));
  }

  Extent extent_;
  std::variant<Bytes, Floats> pictures_;
  Targets targets_;
  std::string name_ = "dataset";
  std::array<bool, 256> present_{};
  std::uint64_t content_ = 0;
};

/// A data set in the three parts training needs; no image is in two of them.
struct Split {
  Dataset train, validation, test;
};

}  // namespace nwm::data
