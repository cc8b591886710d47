// Shapes of drums: simple ones, the pair that sounds the same, and shapes from pictures.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numbers>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nwm/drum/mask.hpp"
#include "nwm/error.hpp"

namespace nwm::mask {

/// A corner of a polygon, in lattice spacings.
struct Corner {
  double row = 0, column = 0;  ///< in lattice spacings
};

namespace detail {

inline void check_length(const char* shape, const char* field, double value, double above = 0) {
  if (!(value > above) || !std::isfinite(value))
    throw Error(std::string("nwm::mask::") + shape, field, "a finite length above " + shown_exactly(above),
                shown_exactly(value));
}

/// Strictly inside: an odd number of crossings to the right, and not on an edge.
inline bool inside_polygon(const std::vector<Corner>& corners, double row, double column) {
  constexpr double tolerance = 1e-9;
  bool inside = false;
  for (std::size_t i = 0, j = corners.size() - 1; i < corners.size(); j = i++) {
    const auto [ar, ac] = corners[j];
    const auto [br, bc] = corners[i];
    const double dr = br - ar, dc = bc - ac, length2 = dr * dr + dc * dc;
    if (length2 == 0) continue;
    const double along = std::clamp(((row - ar) * dr + (column - ac) * dc) / length2, 0.0, 1.0);
    if (std::hypot(row - ar - along * dr, column - ac - along * dc) < tolerance) return false;
    if ((ar > row) != (br > row) && column < ac + (row - ar) / dr * dc) inside = !inside;
  }
  return inside;
}

}  // namespace detail

/// The polygon with these corners, in order along its rim; edges must not cross. Corners are moved so that
/// the least row and column are 0. Throws Error for fewer than 3 corners, a corner that is not finite, or no
/// area.
inline Outline polygon(std::vector<Corner> corners, std::string name = "polygon") {
  if (corners.size() < 3)
    throw Error("nwm::mask::polygon", "corners", "at least 3", std::to_string(corners.size()));
  Corner least = corners[0], most = corners[0];
  for (const Corner& c : corners) {
    if (!std::isfinite(c.row) || !std::isfinite(c.column))
      throw Error("nwm::mask::polygon", "corners", "finite numbers", "one that is not");
    least = {std::min(least.row, c.row), std::min(least.column, c.column)};
    most = {std::max(most.row, c.row), std::max(most.column, c.column)};
  }
  double doubled = 0, perimeter = 0;
  for (std::size_t i = 0, j = corners.size() - 1; i < corners.size(); j = i++) {
    doubled += corners[j].row * corners[i].column - corners[i].row * corners[j].column;
    perimeter += std::hypot(corners[i].row - corners[j].row, corners[i].column - corners[j].column);
  }
  if (!(std::abs(doubled) > 0)) throw Error("nwm::mask::polygon", "corners", "an area", "none");
  for (Corner& c : corners) c = {c.row - least.row, c.column - least.column};
  return {std::move(name),
          most.row - least.row,
          most.column - least.column,
          [corners = std::move(corners)](double row, double column) {
            return detail::inside_polygon(corners, row, column);
          },
          std::abs(doubled) / 2,
          perimeter};
}

/// A rectangle. Throws Error unless both sides are above 0. Whole sides give (height − 1)·(width − 1) sites.
inline Outline rectangle(double height, double width) {
  detail::check_length("rectangle", "height", height);
  detail::check_length("rectangle", "width", width);
  return polygon({{0, 0}, {0, width}, {height, width}, {height, 0}}, "rectangle");
}

/// A square. Throws Error unless its side is above 0.
inline Outline square(double side) {
  detail::check_length("square", "side", side);
  Outline outline = rectangle(side, side);
  outline.name = "square";
  return outline;
}

/// A regular polygon of 3 or more sides in a circle of `radius`: one corner up, then turned clockwise by
/// `turn` (radians). Throws Error for fewer sides, more than a million, or a radius that is not above 0.
inline Outline regular_polygon(std::size_t sides, double radius, double turn = 0) {
  if (sides < 3 || sides > 1'000'000)
    throw Error("nwm::mask::regular_polygon", "sides", "3 to 1000000", std::to_string(sides));
  detail::check_length("regular_polygon", "radius", radius);
  std::vector<Corner> corners;
  for (std::size_t i = 0; i < sides; ++i) {
    const double angle = turn + 2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(sides);
    corners.push_back({-radius * std::cos(angle), radius * std::sin(angle)});
  }
  return polygon(std::move(corners), "polygon of " + std::to_string(sides) + " sides");
}

/// An L-shape: a square without its upper right quarter. Throws Error unless its side is above 0.
inline Outline ell(double side) {
  detail::check_length("ell", "side", side);
  const double half = side / 2;
  return polygon({{0, 0}, {0, half}, {half, half}, {half, side}, {side, side}, {side, 0}}, "L");
}

/// The ring between two concentric circles; inner = 0 gives a disc. The centre is on a site when the outer
/// radius is whole. Throws Error unless 0 <= inner < outer.
inline Outline annulus(double outer, double inner) {
  detail::check_length("annulus", "outer radius", outer);
  if (!(inner >= 0) || !(inner < outer))
    throw Error("nwm::mask::annulus", "inner radius", "from 0 to below " + shown_exactly(outer),
                shown_exactly(inner));
  return {inner > 0 ? "annulus" : "disc",
          2 * outer,
          2 * outer,
          [=](double row, double column) {
            const double distance = std::hypot(row - outer, column - outer);
            return distance < outer - 1e-9 && (inner == 0 || distance > inner + 1e-9);
          },
          std::numbers::pi * (outer * outer - inner * inner),
          2 * std::numbers::pi * (outer + inner)};
}

/// A disc. Throws Error unless its radius is above 0.
inline Outline disc(double radius) {
  detail::check_length("disc", "radius", radius);
  return annulus(radius, 0);
}

/// The two drums of Gordon, Webb and Wolpert (1992) that sound the same; which: 0 or 1. Each consists of
/// seven half-squares of `tile` lattice spacings. `tile` is whole, so that all corners are on sites and the
/// spectra are equal on the grid, too. Throws Error for another `which` or a tile of 0.
inline Outline isospectral(std::size_t which, std::size_t tile) {
  if (which > 1) throw Error("nwm::mask::isospectral", "which", "0 or 1", std::to_string(which));
  if (tile == 0) throw Error("nwm::mask::isospectral", "tile", "at least 1", "0");
  static constexpr std::array<std::array<Corner, 8>, 2> drums{
      {{{{0, 0}, {0, 1}, {2, 3}, {2, 2}, {3, 2}, {2, 1}, {1, 1}, {1, 0}}},
       {{{1, 0}, {0, 1}, {0, 2}, {2, 2}, {2, 3}, {3, 2}, {2, 1}, {1, 1}}}}};
  std::vector<Corner> corners;
  for (const Corner& c : drums[which])
    corners.push_back({c.row * static_cast<double>(tile), c.column * static_cast<double>(tile)});
  return polygon(std::move(corners), which == 0 ? "Gordon-Webb-Wolpert I" : "Gordon-Webb-Wolpert II");
}

/// The whole grid, for edges that are periodic or absorbing.
inline Outline whole() {
  constexpr double all = std::numeric_limits<double>::infinity(),
                   unknown = std::numeric_limits<double>::quiet_NaN();
  return {"whole grid", all, all, [](double, double) { return true; }, unknown, unknown};
}

/// The pixels of a (height, width) picture brighter than `threshold` (dark: not brighter), one pixel per
/// site. The area is the number of pixels; the perimeter is not known. Throws Error for another number of
/// pixels. A silhouette without pixels is refused when put on a grid.
inline Outline silhouette(std::size_t height, std::size_t width, std::span<const float> brightness,
                          float threshold = 0.5f, bool dark = false) {
  if (brightness.size() != height * width)
    throw Error("nwm::mask::silhouette", "brightness", std::to_string(height * width) + " values",
                std::to_string(brightness.size()));
  std::vector<std::uint8_t> inside(brightness.size());
  for (std::size_t i = 0; i < inside.size(); ++i) inside[i] = (brightness[i] > threshold) != dark ? 1 : 0;
  const auto area = static_cast<double>(std::count(inside.begin(), inside.end(), 1));
  const double rows = static_cast<double>(height), columns = static_cast<double>(width);
  // A box of rows − 1 has its sites from 0 to rows − 1.
  return {"silhouette",
          rows - 1,
          columns - 1,
          [inside = std::move(inside), rows, columns, width](double row, double column) {
            return row > -0.5 && column > -0.5 && row < rows - 0.5 && column < columns - 0.5 &&
                   inside[static_cast<std::size_t>(std::lround(row)) * width +
                          static_cast<std::size_t>(std::lround(column))] != 0;
          },
          area,
          std::numeric_limits<double>::quiet_NaN()};
}

}  // namespace nwm::mask

#include "nwm/pop_macros.inc"
