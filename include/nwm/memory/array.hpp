// Numbers with a shape, owned: what predictions come as and .npy files hold.
#pragma once

#include <cassert>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "nwm/memory/count.hpp"

namespace nwm {

/// `values` in row-major order (last index fastest) with the lengths `shape` of its axes.
template <class T>
struct Array {
  std::vector<std::size_t> shape;  ///< sizes, outermost first
  std::vector<T> values;           ///< row-major

  Array() = default;
  /// Of that shape, all `value`. Throws Error where so many bytes have no address, or there is no memory for
  /// them.
  explicit Array(std::vector<std::size_t> lengths, T value = T{}) : shape(std::move(lengths)) {
    values = allocated<std::vector<T>>("Array", "shape", shape);
    if (value != T{}) values.assign(values.size(), value);
  }

  /// Numbers that belong to one index of the first axis.
  std::size_t each() const { return shape.empty() || shape[0] == 0 ? 0 : values.size() / shape[0]; }
  /// The numbers of index i of the first axis: those of one image, for instance.
  std::span<const T> operator[](std::size_t i) const {
    assert(!shape.empty() && i < shape[0]);
    return {values.data() + i * each(), each()};
  }
  /// The same, to be set.
  std::span<T> operator[](std::size_t i) {
    assert(!shape.empty() && i < shape[0]);
    return {values.data() + i * each(), each()};
  }
};

}  // namespace nwm
