// Pictures of regular polygons, labelled by their number of sides: a task that a small neighbourhood cannot
// solve, and that needs no download. All geometry is in whole numbers, so that a seed gives the same bytes
// under every compiler and mathematical library.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "nwm/data/dataset.hpp"
#include "nwm/data/generate.hpp"
#include "nwm/error.hpp"
#include "nwm/random.hpp"

namespace nwm::data {

/// Number and kind of the generated pictures of polygons.
struct PolygonOptions {
  std::size_t images = 2000;     ///< training images
  std::size_t validation = 0;    ///< validation images; 0: a tenth of `images`, at least 1
  std::size_t test = 0;          ///< test images; 0: a tenth of `images`, at least 1
  std::uint64_t seed = 0;        ///< of the drawing
  bool rotated = false;          ///< each turned by a uniform random angle; false: all with a vertex up
  std::size_t max_polygons = 2;  ///< polygons an image: uniform in 1..max_polygons
  double min_radius = 0.16;      ///< least radius through the vertices, as share of the image's smaller side
  double max_radius = 0.28;      ///< greatest radius; radii are uniform between the two
  std::uint8_t min_intensity = 128;  ///< the brightest channel is at least this, of 255
};

namespace detail {

/// Fixed point: lengths in units of 1/256 pixel, components of unit vectors in units of 2^-24.
constexpr std::int64_t polygon_pixel = 256, polygon_unit = std::int64_t{1} << 24;

/// A unit vector; y grows downwards with the rows.
struct Direction {
  std::int64_t x, y;
};

/// The direction `d`, turned by the angle of the direction `by`.
constexpr Direction turned(Direction d, Direction by) {
  const std::int64_t half = polygon_unit / 2;
  return {(d.x * by.x - d.y * by.y + half) >> 24, (d.x * by.y + d.y * by.x + half) >> 24};
}

/// Cosine and sine of π/sides, for 3 to 6 sides.
constexpr Direction half_step(std::size_t sides) {
  constexpr double c[] = {0.5, 0.70710678118654752, 0.80901699437494742, 0.86602540378443865};
  constexpr double s[] = {0.86602540378443865, 0.70710678118654752, 0.58778525229247313, 0.5};
  return {static_cast<std::int64_t>(c[sides - 3] * polygon_unit + 0.5),
          static_cast<std::int64_t>(s[sides - 3] * polygon_unit + 0.5)};
}

/// A uniform random direction, found as the direction of a random point of the disc.
inline Direction random_direction(Random& random) {
  for (;;) {
    const auto x = static_cast<std::int64_t>(random.below(65537)) - 32768;
    const auto y = static_cast<std::int64_t>(random.below(65537)) - 32768;
    const std::int64_t square = x * x + y * y;
    if (square == 0 || square > std::int64_t{1} << 30) continue;
    const double length = std::sqrt(static_cast<double>(square));  // correctly rounded everywhere
    return {std::llround(static_cast<double>(x * polygon_unit) / length),
            std::llround(static_cast<double>(y * polygon_unit) / length)};
  }
}

struct Polygon {
  std::size_t sides;
  std::int64_t radius, x, y;  ///< circle through the vertices, 1/256 pixel
  Direction vertex;           ///< from the centre towards a vertex
};

/// Sets `pixels` to the indices of all pixels whose centre p lies in the polygon or on its edge, that is,
/// n_k · (p − centre) ≤ radius cos(π/sides) for the outward normals n_k of all edges.
inline void rasterise(const Polygon& p, const Extent& e, std::vector<std::size_t>& pixels) {
  const Direction half = half_step(p.sides), step = turned(half, half);
  std::array<Direction, 6> normals{};
  normals[0] = turned(p.vertex, half);
  for (std::size_t k = 1; k < p.sides; ++k) normals[k] = turned(normals[k - 1], step);
  const std::int64_t apothem = p.radius * half.x;

  const auto first = [&](std::int64_t centre) {
    return std::max<std::int64_t>(0, (centre - p.radius) / 256);
  };
  const auto end = [&](std::int64_t centre, std::size_t size) {
    return std::min(static_cast<std::int64_t>(size), (centre + p.radius) / 256 + 1);
  };
  pixels.clear();
  for (std::int64_t row = first(p.y); row < end(p.y, e.height); ++row)
    for (std::int64_t column = first(p.x); column < end(p.x, e.width); ++column) {
      const std::int64_t dx = column * polygon_pixel + polygon_pixel / 2 - p.x;
      const std::int64_t dy = row * polygon_pixel + polygon_pixel / 2 - p.y;
      bool inside = true;
      for (std::size_t k = 0; k < p.sides; ++k)
        inside = inside && normals[k].x * dx + normals[k].y * dy <= apothem;
      if (inside)
        pixels.push_back(static_cast<std::size_t>(row) * e.width + static_cast<std::size_t>(column));
    }
}

/// Whether `mask` is nonzero at one of `pixels` or of their eight neighbours.
inline bool touches(const std::vector<std::size_t>& pixels, std::span<const std::uint8_t> mask,
                    const Extent& e) {
  for (const std::size_t pixel : pixels) {
    const std::size_t row = pixel / e.width, column = pixel % e.width;
    for (std::size_t r = row - (row > 0); r <= std::min(row + 1, e.height - 1); ++r)
      for (std::size_t c = column - (column > 0); c <= std::min(column + 1, e.width - 1); ++c)
        if (mask[r * e.width + c] != 0) return true;
  }
  return false;
}

/// Draws one image of polygons for polygons().
class PolygonPainter {
 public:
  /// Throws Error, naming the option, when options do not fit the picture.
  PolygonPainter(const Extent& picture, const PolygonOptions& options) : e_(picture), o_(options) {
    check_picture("polygons", e_, 4);
    const auto side = static_cast<double>(std::min(e_.height, e_.width));
    if (o_.max_polygons == 0) throw Error("polygons", "max_polygons", "at least 1", "0");
    if (!(o_.min_radius * side >= 2))
      throw Error("polygons", "min_radius",
                  "at least 2 pixels, " + shown_exactly(2 / side) + " of this image" + large_enough(),
                  shown_exactly(o_.min_radius));
    if (!(o_.max_radius >= o_.min_radius && o_.max_radius <= 0.5))
      throw Error("polygons", "max_radius", "min_radius = " + shown_exactly(o_.min_radius) + " to 0.5",
                  shown_exactly(o_.max_radius));
    shortest_ = std::llround(o_.min_radius * side * polygon_pixel);
    longest_ = std::llround(o_.max_radius * side * polygon_pixel);
  }

  void operator()(Random& random, std::span<std::uint8_t> image, std::span<std::uint8_t> mask) {
    constexpr int tries = 1000;
    const std::size_t count = 1 + random.below(o_.max_polygons);
    for (int t = 0; t < tries; ++t) {
      std::fill(image.begin(), image.end(), std::uint8_t{0});
      std::fill(mask.begin(), mask.end(), std::uint8_t{0});
      std::size_t drawn = 0;
      while (drawn < count && add(random, image, mask)) ++drawn;
      if (drawn == count) return;
    }
    throw Error("polygons", "max_polygons", "polygons that fit beside each other",
                std::to_string(count) + ", which found no place on a picture of " +
                    std::to_string(e_.height) + " x " + std::to_string(e_.width) + " in " +
                    std::to_string(tries) + " tries");
  }

 private:
  /// False when the polygon found no free place.
  bool add(Random& random, std::span<std::uint8_t> image, std::span<std::uint8_t> mask) {
    constexpr int places = 64;
    Polygon p{};
    p.sides = 3 + random.below(4);
    p.radius = shortest_ +
               static_cast<std::int64_t>(random.below(static_cast<std::size_t>(longest_ - shortest_ + 1)));
    p.vertex = o_.rotated ? random_direction(random) : Direction{0, -polygon_unit};
    for (int k = 0; k < places; ++k) {
      p.x = centre(random, p.radius, e_.width);
      p.y = centre(random, p.radius, e_.height);
      rasterise(p, e_, pixels_);
      if (touches(pixels_, mask, e_)) continue;
      paint(random, image);
      for (const std::size_t pixel : pixels_) mask[pixel] = static_cast<std::uint8_t>(p.sides - 2);
      return true;
    }
    return false;
  }

  /// The smallest picture in which the least radius is 2 pixels.
  std::string large_enough() const {
    if (!(o_.min_radius >= 1e-6 && o_.min_radius <= 0.5)) return "";
    auto side = static_cast<std::size_t>(2 / o_.min_radius);
    while (!(o_.min_radius * static_cast<double>(side) >= 2)) ++side;
    return " (or pictures of at least " + std::to_string(side) + "x" + std::to_string(side) + " pixels)";
  }
  /// A uniform coordinate at which the whole circle lies inside the image.
  static std::int64_t centre(Random& random, std::int64_t radius, std::size_t size) {
    const std::int64_t room = static_cast<std::int64_t>(size) * polygon_pixel - 2 * radius;
    return radius + static_cast<std::int64_t>(random.below(static_cast<std::size_t>(room) + 1));
  }

  void paint(Random& random, std::span<std::uint8_t> image) {
    colour_.resize(e_.channels);
    do {
      for (std::uint8_t& c : colour_) c = static_cast<std::uint8_t>(random.below(256));
    } while (*std::max_element(colour_.begin(), colour_.end()) < o_.min_intensity);
    for (std::size_t c = 0; c < e_.channels; ++c)
      for (const std::size_t pixel : pixels_) image[c * e_.pixels() + pixel] = colour_[c];
  }

  Extent e_;
  PolygonOptions o_;
  std::int64_t shortest_ = 0, longest_ = 0;  // radii, 1/256 pixel
  std::vector<std::size_t> pixels_;
  std::vector<std::uint8_t> colour_;
};

}  // namespace detail

/// Solid regular polygons of 3 to 6 sides on black; the classes are sides − 2 = 1..4 (triangle, square,
/// pentagon, hexagon), and 0 for the ground. Pictures are bytes of (picture.channels, picture.height,
/// picture.width); `picture.images` is not read.
/// Each polygon has a uniform number of sides, radius and place (and angle, with `rotated`). Its whole circle
/// is inside the image, with at least one pixel of ground between it and the others. Every channel's
/// intensity is uniform in 0..255, drawn again until the brightest is at least `min_intensity`. A pixel
/// belongs to a polygon when its centre does. No picture occurs twice in the three sets; generate() describes
/// the random streams.
/// Throws Error when an option does not fit the picture, or when so many different images cannot be drawn.
template <std::same_as<PolygonOptions> Options = PolygonOptions>
Split polygons(const Extent& picture, const std::type_identity_t<Options>& options = {}) {
  const SplitSizes sizes = split_sizes("polygons", options.images, options.validation, options.test);
  return generate("polygons", picture, sizes, options.seed, detail::PolygonPainter(picture, options));
}

/// The same, in the sizes of Machine::shape, which needs at least 5 classes.
template <class Machine>
Split polygons(const PolygonOptions& options = {}) {
  detail::require_classes<static_cast<std::size_t>(Machine::shape.scores()), 5>();
  return polygons(detail::picture_of<Machine>(), options);
}

}  // namespace nwm::data

#include "nwm/pop_macros.inc"
