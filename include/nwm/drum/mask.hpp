// The sites of a grid that belong to a drum.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nwm/error.hpp"

namespace nwm {

/// A site of a grid; rows and columns count from 0 at the top left.
struct Site {
  std::size_t row = 0, column = 0;  ///< from 0
  bool operator==(const Site&) const = default;
};

namespace mask {

/// The outline of a drum, not yet on a grid; lengths are in lattice spacings. Its bounding box is put in the
/// middle of the grid with its top left corner on a site, so that shapes with whole-numbered corners have
/// their corners on sites. Sites on the outline are clamped: only sites strictly inside move.
struct Outline {
  std::string name;              ///< of the shape
  double height = 0, width = 0;  ///< of the bounding box; infinite: covers any grid
  /// Whether (row, column), counted from the box's top left corner, is strictly inside.
  std::function<bool(double, double)> inside;
  double area = 0, perimeter = 0;  ///< of the exact shape, not of its sites; NaN: not known
};

}  // namespace mask

/// The sites of a (height, width) grid that belong to a drum.
class Mask {
 public:
  /// inside: height·width values, row-major; nonzero marks the drum's sites. area and perimeter are in
  /// lattice spacings and serve comparison only. Throws Error for another number of values or when no site is
  /// inside.
  Mask(std::string name, std::size_t height, std::size_t width, std::vector<std::uint8_t> inside,
       double area = std::numeric_limits<double>::quiet_NaN(),
       double perimeter = std::numeric_limits<double>::quiet_NaN())
      : name_(std::move(name)),
        height_(height),
        width_(width),
        inside_(std::move(inside)),
        area_(area),
        perimeter_(perimeter) {
    if (inside_.size() != height * width)
      throw Error(where(), "inside", std::to_string(height * width) + " values",
                  std::to_string(inside_.size()));
    for (std::size_t i = 0; i < inside_.size(); ++i)
      if (inside_[i] != 0) sites_.push_back(i);
    if (sites_.empty()) throw Error(where(), "sites inside", "at least 1", "0");
  }

  /// Puts the outline in the middle of a grid. Throws Error when the outline does not fit, does not say what
  /// is inside, or no site is.
  Mask(const mask::Outline& outline, std::size_t height, std::size_t width)
      : Mask(outline.name, height, width, draw(outline, height, width), outline.area, outline.perimeter) {
    if (std::isinf(outline.height)) area_ = static_cast<double>(height * width);
  }

  /// Of the shape.
  const std::string& name() const { return name_; }
  /// Rows of the grid.
  std::size_t height() const { return height_; }
  /// Columns of the grid.
  std::size_t width() const { return width_; }
  /// Whether a site is inside; false for sites outside the grid.
  bool contains(Site s) const {
    return s.row < height_ && s.column < width_ && inside_[s.row * width_ + s.column] != 0;
  }
  /// Row-major indices of the sites inside, ascending.
  std::span<const std::size_t> sites() const { return sites_; }
  /// Nonzero inside, 0 outside: height·width values, row-major.
  std::span<const std::uint8_t> values() const { return inside_; }
  /// Area and perimeter of the shape the mask was drawn from, in lattice spacings; NaN when not known.
  double area() const { return area_; }
  /// The perimeter, as `area`.
  double perimeter() const { return perimeter_; }

  /// Whether one of its sites lies at the border of the grid.
  bool touches_border() const {
    for (const std::size_t i : sites_)
      if (i / width_ == 0 || i / width_ + 1 == height_ || i % width_ == 0 || i % width_ + 1 == width_)
        return true;
    return false;
  }

  /// Number of the 4 neighbours of site i that are inside; neighbours over the border count when `wraps`.
  std::size_t neighbours(std::size_t i, bool wraps) const {
    std::size_t count = 0;
    for_neighbours(i, wraps, [&](std::size_t) { ++count; });
    return count;
  }
  /// Calls f(index) for each neighbour of site i that is inside: up, down, left, right.
  template <class F>
  void for_neighbours(std::size_t i, bool wraps, const F& f) const {
    const std::size_t row = i / width_, column = i % width_;
    const auto look = [&](bool beyond, std::size_t there) {
      if ((!beyond || wraps) && inside_[there] != 0) f(there);
    };
    look(row == 0, (row == 0 ? height_ - 1 : row - 1) * width_ + column);
    look(row + 1 == height_, (row + 1 == height_ ? 0 : row + 1) * width_ + column);
    look(column == 0, row * width_ + (column == 0 ? width_ - 1 : column - 1));
    look(column + 1 == width_, row * width_ + (column + 1 == width_ ? 0 : column + 1));
  }

 private:
  std::string where() const { return "nwm::Mask " + name_; }

  static std::vector<std::uint8_t> draw(const mask::Outline& outline, std::size_t height, std::size_t width) {
    if (std::isinf(outline.height)) return std::vector<std::uint8_t>(height * width, 1);
    if (!outline.inside)
      throw Error("nwm::Mask " + outline.name, "inside", "a function of row and column", "none");
    const auto size = [](double h, double w) { return shown_exactly(h) + " x " + shown_exactly(w); };
    const double rows = static_cast<double>(height), columns = static_cast<double>(width);
    if (!(outline.height <= rows + 1) || !(outline.width <= columns + 1))
      throw Error("nwm::Mask " + outline.name, "size", "at most " + size(rows + 1, columns + 1),
                  size(outline.height, outline.width));
    const double top = std::floor((rows - 1 - outline.height) / 2 + 1e-9),
                 left = std::floor((columns - 1 - outline.width) / 2 + 1e-9);
    std::vector<std::uint8_t> inside(height * width);
    for (std::size_t r = 0; r < height; ++r)
      for (std::size_t c = 0; c < width; ++c)
        inside[r * width + c] =
            outline.inside(static_cast<double>(r) - top, static_cast<double>(c) - left) ? 1 : 0;
    return inside;
  }

  std::string name_;
  std::size_t height_, width_;
  std::vector<std::uint8_t> inside_;
  std::vector<std::size_t> sites_;
  double area_, perimeter_;
};

}  // namespace nwm
