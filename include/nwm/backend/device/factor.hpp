// A factor of a dense product.
#pragma once

#include <cstddef>

namespace nwm::device {

/// Row-major, `stride` numbers from row to row; where `transposed`, what is stored are the matrix's columns.
template <class Real>
struct Factor {
  const Real* data;
  std::size_t stride;
  bool transposed = false;
};

}  // namespace nwm::device
