// What all generators of pictures share: `generate` turns "draw one image" into training, validation and test
// sets. No picture occurs twice. A seed gives the same bytes on every platform.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <utility>

#include "nwm/data/dataset.hpp"
#include "nwm/error.hpp"
#include "nwm/memory/count.hpp"
#include "nwm/random.hpp"

namespace nwm::data {

/// Number of images in each part of a generated data set.
struct SplitSizes {
  std::size_t train = 0, validation = 0, test = 0;  ///< images of each set
};

/// The sizes of the three sets. A validation or test size of 0 means a tenth of the training images, at least
/// 1. Throws Error (where: `name`, field `images`) when there are no training images.
inline SplitSizes split_sizes(const std::string& name, std::size_t images, std::size_t validation,
                              std::size_t test) {
  if (images == 0) throw Error(name, "images", "at least 1", "0");
  const std::size_t tenth = images < 10 ? 1 : images / 10;
  return {images, validation == 0 ? tenth : validation, test == 0 ? tenth : test};
}

/// A function that draws one image for `generate`. It gets random numbers, a picture (channels, height,
/// width) and a mask (height, width); picture and mask arrive filled with zeros. All randomness must come
/// from the first argument, because the function may be called again for the same image.
template <class Draw>
concept DrawsImage =
    std::invocable<Draw&, Random&, std::span<std::uint8_t> /*picture*/, std::span<std::uint8_t> /*mask*/>;

namespace detail {

constexpr std::size_t draws_before_giving_up = 10000;

/// FNV-1a, 64 bits: the same number on every platform.
inline std::uint64_t hash(std::span<const std::uint8_t> bytes) {
  std::uint64_t h = 0xCBF29CE484222325ull;
  for (const std::uint8_t b : bytes) h = (h ^ b) * 0x100000001B3ull;
  return h;
}

/// Throws Error (field `picture`) when there are no channels or a side is shorter than `least` pixels.
inline void check_picture(const std::string& name, const Extent& e, std::size_t least) {
  if (e.channels == 0 || e.height < least || e.width < least)
    throw Error(
        name, "picture",
        "at least 1 channel, height and width of at least " + std::to_string(least) + " pixels",
        std::to_string(e.channels) + ", " + std::to_string(e.height) + ", " + std::to_string(e.width));
}

/// Stops compilation when a machine has too few classes. The compiler's message shows both numbers.
template <std::size_t Classes, std::size_t Needed>
constexpr void require_classes() {
  static_assert(Classes >= Needed, "the machine's shape has fewer classes than this generator draws");
}

/// The size of one picture of `Machine`; `images` is 0.
template <class Machine>
constexpr Extent picture_of() {
  return {.images = 0,
          .channels = static_cast<std::size_t>(Machine::shape.image_channels),
          .height = static_cast<std::size_t>(Machine::shape.height),
          .width = static_cast<std::size_t>(Machine::shape.width)};
}

}  // namespace detail

/// Draws training, validation and test sets with `draw`. `picture` gives channels, height and width
/// (`picture.images` is not read). `name` gives the sets' names ("<name>/train", …) and is the place errors
/// tell.
/// Image i of each set has its own stream of random numbers: Random(seed, 3 i + set), where set is 0 for
/// training, 1 for validation, 2 for test. A picture that has occurred before, in any set, is drawn again
/// from the same stream. Test and validation sets are drawn first. So, with their sizes unchanged, the first
/// n training images are the same in every larger training set.
/// Throws Error: field `images` when 10000 draws in a row give no new picture (the message tells how many
/// different ones were found), or when they have more numbers than there is memory for; field `picture` when
/// a size is 0.
template <DrawsImage Draw>
Split generate(const std::string& name, Extent picture, const SplitSizes& sizes, std::uint64_t seed,
               Draw&& draw) {
  detail::check_picture(name, picture, 1);
  for (const std::size_t count : {sizes.train, sizes.validation, sizes.test})
    checked_product(name, "images", std::array{count, picture.channels, picture.height, picture.width});
  const std::size_t total = sizes.train + sizes.validation + sizes.test;
  std::set<std::uint64_t> seen;  // an accidental collision of hashes costs one more draw, no more

  const auto build = [&](std::size_t count, std::size_t set, const char* part) {
    picture.images = count;
    const std::array sizes_of_all{count, picture.channels, picture.height, picture.width};
    auto pictures = allocated<Dataset::Bytes>(name, "images", sizes_of_all);
    auto masks = allocated<Dataset::Bytes>(name, "images", std::array{count, picture.pixels()});
    for (std::size_t i = 0; i < count; ++i) {
      const std::span image(pictures.data() + i * picture.values(), picture.values());
      const std::span mask(masks.data() + i * picture.pixels(), picture.pixels());
      Random random(seed, 3 * i + set);
      draw(random, image, mask);
      for (std::size_t again = 1; !seen.insert(detail::hash(image)).second; ++again) {
        if (again == detail::draws_before_giving_up)
          throw Error(name, "images",
                      std::to_string(total) + " different images (training, validation and test)",
                      std::to_string(seen.size()) + ", and none new in " + std::to_string(again) + " draws");
        for (std::uint8_t& v : image) v = 0;
        for (std::uint8_t& v : mask) v = 0;
        draw(random, image, mask);
      }
    }
    return Dataset(picture, std::move(pictures), std::move(masks), name + "/" + part);
  };

  Split split;
  split.test = build(sizes.test, 2, "test");
  split.validation = build(sizes.validation, 1, "validation");
  split.train = build(sizes.train, 0, "train");
  return split;
}

}  // namespace nwm::data
