// A factor of a dense product.
#pragma once

#include <cstddef>

namespace nwm::device {

/// A row-major matrix with `stride` numbers from row to row. With `transposed`, the factor is the transpose
/// of the stored matrix.
template <class Real>
struct Factor {
  const Real* data;
  std::size_t stride;
  bool transposed = false;
};

}  // namespace nwm::device
