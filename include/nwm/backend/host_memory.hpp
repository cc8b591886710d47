// Memory of backends that run on the host.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>

#include "nwm/memory/buffer.hpp"

namespace nwm {

/// The part of a backend's vocabulary that is about memory, for backends whose memory is the host's: they
/// derive from it. All arrays have a fixed size, data() and size(), and are zero at first.
struct HostMemory {
  /// An array for the backend's operations alone.
  template <class Real>
  using Memory = Buffer<Real>;
  /// An array that the host, too, reads and writes, after `wait`.
  template <class Real>
  using Managed = Buffer<Real>;
  /// An array of the host from which `upload` is fastest.
  template <class Real>
  using Staging = Buffer<Real>;

  /// Returns when everything asked for so far is done.
  static void wait() {}

  /// Sets `count` numbers of the backend's memory to those of the host's, which must stay until `wait`.
  template <class Real>
  static void upload(std::size_t count, const Real* from, Real* to) {
    copy(count, from, to);
  }
  /// Sets `count` numbers of the host's memory, after everything asked for so far; returns when they are
  /// there.
  template <class Real>
  static void download(std::size_t count, const Real* from, Real* to) {
    copy(count, from, to);
  }

  /// Sets `count` numbers; the two ranges are apart.
  template <class Real>
  static void copy(std::size_t count, const Real* from, Real* to) {
    assert(count == 0 || (from && to));
    std::copy_n(from, count, to);
  }

  /// Sets to (rows, n) from (rows, n): row r at from + r·from_stride and to + r·to_stride.
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
