// Images with a class at every pixel, in memory, as bytes (files, generators) or floats (the user's own).
#pragma once

#include <cassert>
#include <cmath>
#include <cstddef>
#include <cstdint>
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

/// Pictures planar (image, channel, row, column), masks (image, row, column) with class numbers; class 0 is
/// the background. Byte pictures are divided by 255 when read, float pictures are handed on unchanged.
class Dataset {
 public:
  using Bytes = std::vector<std::uint8_t>;
  using Floats = std::vector<float>;

  Dataset() = default;

  /// Takes the storage over. Throws Error when a length does not fit the extent or a float pixel is not
  /// finite.
  Dataset(Extent extent, std::variant<Bytes, Floats> pictures, Bytes masks, std::string name = "dataset")
      : extent_(extent), pictures_(std::move(pictures)), masks_(std::move(masks)), name_(std::move(name)) {
    const std::size_t found = std::visit([](const auto& p) { return p.size(); }, pictures_);
    check_length("pictures", extent_.images * extent_.values(), found);
    check_length("masks", extent_.images * extent_.pixels(), masks_.size());
    if (const auto* floats = std::get_if<Floats>(&pictures_)) check_finite(*floats);
    for (const std::uint8_t c : masks_)
      classes_ = c + std::size_t{1} > classes_ ? c + std::size_t{1} : classes_;
  }

  const Extent& extent() const { return extent_; }
  std::size_t size() const { return extent_.images; }
  const std::string& name() const { return name_; }

  /// One more than the largest class number in the masks.
  std::size_t classes() const { return classes_; }

  /// Sets out (channels·height·width, planar) to picture `index`, in [0, 1] for byte pictures.
  template <class Real>
  void picture(std::size_t index, std::span<Real> out) const {
    assert(index < extent_.images && out.size() <= extent_.values());
    std::visit(
        [&](const auto& stored) {
          const auto* from = stored.data() + index * extent_.values();
          constexpr bool bytes = std::is_same_v<std::decay_t<decltype(*from)>, std::uint8_t>;
          for (std::size_t i = 0; i < out.size(); ++i)
            out[i] = bytes ? static_cast<Real>(from[i]) / Real(255) : static_cast<Real>(from[i]);
        },
        pictures_);
  }

  /// Class numbers of image `index`, (height, width).
  std::span<const std::uint8_t> mask(std::size_t index) const {
    assert(index < extent_.images);
    return {masks_.data() + index * extent_.pixels(), extent_.pixels()};
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
    const auto end = masks_.begin() + static_cast<std::ptrdiff_t>(e.images * e.pixels());
    return Dataset(e, std::move(pictures), Bytes(masks_.begin(), end), name_);
  }

 private:
  void check_length(const char* field, std::size_t expected, std::size_t found) const {
    if (expected != found)
      throw Error(name_, field, std::to_string(expected) + " values for extent " + to_string(extent_),
                  std::to_string(found));
  }
  void check_finite(const Floats& floats) const {
    for (std::size_t i = 0; i < floats.size(); ++i)
      if (!std::isfinite(floats[i]))
        throw Error(name_, "pictures[" + std::to_string(i / extent_.values()) + "]", "finite values",
                    std::to_string(floats[i]) + " at position " + std::to_string(i % extent_.values()));
  }

  Extent extent_;
  std::variant<Bytes, Floats> pictures_;
  Bytes masks_;
  std::string name_ = "dataset";
  std::size_t classes_ = 0;
};

/// A data set in the three parts training needs; no image is in two of them.
struct Split {
  Dataset train, validation, test;
};

}  // namespace nwm::data
