// Reads plain memory as channels over a grid.
#pragma once

#include <cassert>
#include <cstddef>
#include <span>

namespace nwm {

/// A view of `channels` planes over `Grid`: value (c, y, x) is at data[(c·height + y)·width + x].
template <class Value, std::size_t channels, class Grid>
class FieldView {
 public:
  static constexpr std::size_t size = channels * Grid::sites;  ///< numbers in all

  /// A view of `size` numbers from `data` on.
  explicit constexpr FieldView(Value* data) : data_(data) {}
  /// A view of these numbers.
  explicit constexpr FieldView(std::span<Value, size> values) : data_(values.data()) {}

  /// The value there.
  constexpr Value& operator()(std::size_t channel, std::size_t row, std::size_t column) const {
    assert(channel < channels && row < Grid::height && column < Grid::width);
    return data_[(channel * Grid::height + row) * Grid::width + column];
  }
  /// One channel, (H, W).
  constexpr std::span<Value, Grid::sites> plane(std::size_t channel) const {
    assert(channel < channels);
    return std::span<Value, Grid::sites>(data_ + channel * Grid::sites, Grid::sites);
  }
  /// The first number.
  constexpr Value* data() const { return data_; }

 private:
  Value* data_;
};

}  // namespace nwm
