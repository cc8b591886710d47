// Images with what a model should say about each of them, in memory. Pictures are bytes (files, generators)
// or floats. The target of an image is a class at every pixel, one label, or numbers at every pixel.
#pragma once

#include <array>
#include <atomic>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nwm/data/pictures.hpp"
#include "nwm/data/targets.hpp"
#include "nwm/error.hpp"
#include "nwm/memory/count.hpp"

namespace nwm::data {

/// Sizes of a data set: `images` pictures of (channels, height, width), each with its target (Targets); with
/// `steps`, sequences of so many such frames, or of vectors (channels) of height and width 1.
struct Extent {
  std::size_t images = 0, channels = 1, height = 0, width = 0;  ///< of the set, and of one picture or frame
  std::size_t steps = 0;                                        ///< 0: still pictures
  std::size_t positions = 0;  ///< places of an image that have a target; 0: its pixels

  /// Places of an image that have a target.
  std::size_t pixels() const { return positions > 0 ? positions : height * width; }
  /// Numbers of an image, or of a sequence.
  std::size_t values() const { return (steps > 0 ? steps : 1) * channels * height * width; }
  /// Whether the inputs have the same sizes, whatever the targets.
  bool same_inputs(const Extent& other) const {
    return images == other.images && channels == other.channels && height == other.height &&
           width == other.width && steps == other.steps;
  }
  bool operator==(const Extent&) const = default;
};

/// (images, channels, height, width); of sequences (images, steps, channels) or (images, steps, channels,
/// height, width).
inline std::string to_string(const Extent& e) {
  std::string text = "(" + std::to_string(e.images);
  const auto add = [&](std::size_t n) { text.append(", ").append(std::to_string(n)); };
  if (e.steps > 0) add(e.steps);
  add(e.channels);
  if (e.steps == 0 || e.height * e.width != 1) add(e.height), add(e.width);
  return text.append(")");
}

/// Pictures and their targets. A set never changes once it is made.
class Dataset {
 public:
  /// Pictures of bytes, 0 to 255.
  using Bytes = Targets::Bytes;
  /// Pictures of floats.
  using Floats = Targets::Floats;

  Dataset() = default;

  /// Takes the storage over. Pictures of bytes are read as numbers in [0, 1]; pictures of floats are taken as
  /// they are, and should lie near [0, 1]: divide what is 0 to 255. Throws Error when a length does not fit
  /// the extent, the extent has more numbers than there are addresses, or a picture or a target holds a
  /// number that is not finite.
  Dataset(Extent extent, Pictures pictures, Targets targets, std::string name = "dataset")
      : extent_(extent),
        pictures_(std::move(pictures)),
        targets_(std::move(targets)),
        name_(std::move(name)),
        content_(next_content()) {
    const auto [images, channels, height, width, steps, positions] = extent_;
    if (steps > 0) checked_product(name_, "extent", std::array{images, steps, channels, height, width});
    else checked_product(name_, "extent", std::array{images, channels, height, width});
    if (positions > 0) checked_product(name_, "extent", std::array{images, targets_.outputs(), positions});
    else checked_product(name_, "extent", std::array{images, targets_.outputs(), height, width});
    check_length("pictures", extent_.images * extent_.values(), pictures_.size());
    check_length(targets_.kind() == Targets::Kind::classes ? "masks" : "targets",
                 extent_.images * targets_.each(extent_.pixels()), targets_.size());
    check_finite("pictures", pictures_.floats(), extent_.values());
    check_finite("targets", targets_.floats(), targets_.each(extent_.pixels()));
    for (const std::uint8_t c : targets_.bytes()) present_[c] = true;
  }

  /// Its sizes.
  const Extent& extent() const { return extent_; }
  /// The number of images.
  std::size_t size() const { return extent_.images; }
  /// What messages call it.
  const std::string& name() const { return name_; }
  /// What the images should be answered with.
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
    pictures_.read(index * extent_.values(), out);
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
  Dataset first(std::size_t count) const { return part(0, count); }
  /// `count` images from image `first` on (as many as there are), copied.
  Dataset part(std::size_t first, std::size_t count) const {
    Extent e = extent_;
    first = first < e.images ? first : e.images;
    e.images = count < e.images - first ? count : e.images - first;
    return Dataset(e, pictures_.part(first * e.values(), e.images * e.values()),
                   targets_.part(first, e.images, e.pixels()), name_);
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
                    shown(static_cast<double>(floats[i])) + " at position " + std::to_string(i % each));
  }

  Extent extent_;
  Pictures pictures_;
  Targets targets_;
  std::string name_ = "dataset";
  std::array<bool, 256> present_{};
  std::uint64_t content_ = 0;
};

/// A data set in the three parts training needs; no image is in two of them.
struct Split {
  Dataset train, validation, test;  ///< to learn from, to choose weights by, and to judge them by
};

}  // namespace nwm::data
