// Memory of backends that run on the host.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>

#include "nwm/memory/buffer.hpp"

namespace nwm {

/// The memory operations of a backend whose memory is the host's; such a backend derives from this type. All
/// arrays have a fixed size, data() and size(), and are zero at first.
struct HostMemory {
  /// An array that only the backend's operations use.
  template <class Real>
  using Memory = Buffer<Real>;
  /// An array that the host may read and write, too, after `wait`.
  template <class Real>
  using Managed = Buffer<Real>;
  /// A host array from which `upload` is fastest.
  template <class Real>
  using Staging = Buffer<Real>;

  /// Returns when all operations requested so far are done.
  static void wait() {}

  /// Copies `count` numbers from host memory to the backend's memory. `from` must stay valid until `wait`.
  template <class Real>
  static void upload(std::size_t count, const Real* from, Real* to) {
    copy(count, from, to);
  }
  /// Copies `count` numbers to host memory, after all operations requested so far, and returns when they have
  /// arrived.
  template <class Real>
  static void download(std::size_t count, const Real* from, Real* to) {
    copy(count, from, to);
  }

  /// Copies `count` numbers within the backend's memory; the two ranges must not overlap.
  template <class Real>
  static void copy(std::size_t count, const Real* from, Real* to) {
    assert(count == 0 || (from && to));
    std::copy_n(from, count, to);
  }

  /// Copies (rows, n) numbers: row r from from + r·from_stride to to + r·to_stride.
  template <class Real>
  static void copy_rows(std::size_t rows, std::size_t n, const Real* from, std::size_t from_stride, Real* to,
                        std::size_t to_stride) {
    assert(rows < 2 || (n <= from_stride && n <= to_stride));
    for (std::size_t r = 0; r < rows; ++r) std::copy_n(from + r * from_stride, n, to + r * to_stride);
  }

  /// Sets `count` numbers to `value`.
  template <class Real>
  static void fill(std::size_t count, Real value, Real* to) {
    std::fill_n(to, count, value);
  }
};

}  // namespace nwm
