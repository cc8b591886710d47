// What the fast CPU backend does at every number: memory, maps, sums, rows.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <limits>

#include "nwm/backend/cpu/pack.hpp"
#include "nwm/backend/crew.hpp"
#include "nwm/backend/host_memory.hpp"
#include "nwm/backend/kernels.hpp"
#include "nwm/cell/activation.hpp"

namespace nwm::cpu {

/// The part of Simd (simd.hpp) that goes over numbers one by one.
template <class Arch>
struct SimdPointwise : HostMemory {
  /// A pack of neighbouring indices. The last pack of a range may be partial (`Partial`).
  template <class Real>
  struct Lane {
    using Value = math::Pack<Real, Arch>;
    static constexpr std::size_t count = Value::size;  ///< columns of a full pack
    std::size_t index;
    Value load(const Real* p) const { return Value::load(p + index); }
    void store(Real* p, Value v) const { v.store(p + index); }
  };
  /// The first `count` indices of a pack.
  template <class Real>
  struct Partial {
    using Value = math::Pack<Real, Arch>;
    std::size_t index, count;
    Value load(const Real* p) const { return Value::load(p + index, count); }
    void store(Real* p, const Value& v) const { v.store(p + index, count); }
  };

  template <class Real, class Kernel>
  static void map(std::size_t count, const Kernel& kernel) {
    // In whole packs, as without a crew.
    divide((count + lanes<Real> - 1) / lanes<Real>, numbers_worth_a_thread / lanes<Real>,
           [&](std::size_t first, std::size_t last) {
             map_range<Real>(first * lanes<Real>, std::min(last * lanes<Real>, count), kernel);
           });
  }
  template <class Real, class Kernel>
  static void map_rows(std::size_t rows, std::size_t n, const Kernel& kernel) {
    divide(rows, rows_worth_a_thread(n), [&](std::size_t first, std::size_t last) {
      for (std::size_t r = first; r < last; ++r) map_range<Real>(r * n, (r + 1) * n, kernel);
    });
  }

  // HostMemory's, divided over a crew.
  template <class Real>
  static void copy(std::size_t count, const Real* from, Real* to) {
    assert(count == 0 || (from && to));
    divide(count, numbers_worth_a_thread,
           [=](std::size_t first, std::size_t last) { std::copy_n(from + first, last - first, to + first); });
  }
  template <class Real>
  static void copy_rows(std::size_t rows, std::size_t n, const Real* from, std::size_t from_stride, Real* to,
                        std::size_t to_stride) {
    divide(rows, rows_worth_a_thread(n), [=](std::size_t first, std::size_t last) {
      HostMemory::copy_rows(last - first, n, from + first * from_stride, from_stride, to + first * to_stride,
                            to_stride);
    });
  }
  template <class Real>
  static void fill(std::size_t count, Real value, Real* to) {
    divide(count, numbers_worth_a_thread,
           [=](std::size_t first, std::size_t last) { std::fill_n(to + first, last - first, value); });
  }

  /// Sums in Real, one partial sum per vector lane; the tail is added lane by lane.
  template <class Real, class Kernel>
  static double sum(std::size_t count, const Kernel& kernel) {
    return sum_range<Real>(0, count, kernel);
  }
  template <class Real, class Kernel>
  static void sum_rows(std::size_t rows, std::size_t n, const Kernel& kernel, double* to) {
    for (std::size_t r = 0; r < rows; ++r) to[r] = sum_range<Real>(r * n, (r + 1) * n, kernel);
  }

  template <class Real, class Kernel>
  static Real maximum(std::size_t count, const Kernel& kernel) {
    using P = math::Pack<Real, Arch>;
    Real result = -std::numeric_limits<Real>::infinity();
    const auto take = [&](Real v) {
      if (v > result || v != v) result = v;
    };
    std::size_t i = 0;
    for (; i + P::size <= count; i += P::size) {
      std::array<Real, P::size> lanes;
      kernel(Lane<Real>{i}).store(lanes.data());
      for (const Real v : lanes) take(v);
    }
    tail<Real>(i, count, kernel, take);
    return result;
  }
  template <class Real, class Kernel>
  static void maximum_to(std::size_t count, const Kernel& kernel, Real* to) {
    *to = maximum<Real>(count, kernel);
  }

  template <Activation f, class Real>
  static void add_bias(std::size_t rows, std::size_t n, Real* y, std::size_t stride, const Real* bias) {
    divide(rows, rows_worth_a_thread(n), [=](std::size_t first, std::size_t last) {
      for (std::size_t r = first; r < last; ++r)
        map_range<Real>(0, n, kernel::AddBias<f, Real>{static_cast<double>(bias[r]), y + r * stride});
    });
  }

  template <class Real>
  static void add_row_sums(std::size_t rows, std::size_t n, const Real* y, std::size_t stride, Real* to) {
    divide(rows, rows_worth_a_thread(n), [=](std::size_t first, std::size_t last) {
      for (std::size_t r = first; r < last; ++r)
        to[r] += static_cast<Real>(sum<Real>(n, kernel::Read<Real>{y + r * stride}));
    });
  }

 protected:
  /// Numbers, and rows of n numbers, whose pointwise operation is worth a thread: some microseconds.
  static constexpr std::size_t numbers_worth_a_thread = 4096;
  static constexpr std::size_t rows_worth_a_thread(std::size_t n) {
    return numbers_worth_a_thread / std::max<std::size_t>(n, 1) + 1;
  }
  template <class Real>
  static constexpr std::size_t lanes = math::Pack<Real, Arch>::size;

 private:
  template <class Real, class Kernel>
  static void map_range(std::size_t i, std::size_t end, const Kernel& kernel) {
    for (; i + lanes<Real> <= end; i += lanes<Real>) kernel(Lane<Real>{i});
    if (i < end) kernel(Partial<Real>{i, end - i});
  }
  template <class Real, class Kernel>
  static double sum_range(std::size_t i, std::size_t end, const Kernel& kernel) {
    math::Pack<Real, Arch> total(0.0);
    for (; i + lanes<Real> <= end; i += lanes<Real>) total += kernel(Lane<Real>{i});
    double result = static_cast<double>(sum_lanes(total));
    tail<Real>(i, end, kernel, [&](Real v) { result += static_cast<double>(v); });
    return result;
  }

  template <class Real, class Kernel, class Take>
  static void tail(std::size_t i, std::size_t count, const Kernel& kernel, const Take& take) {
    if (i == count) return;
    std::array<Real, lanes<Real>> values;
    kernel(Partial<Real>{i, count - i}).store(values.data());
    for (std::size_t k = 0; k < count - i; ++k) take(values[k]);
  }
};

}  // namespace nwm::cpu

#include "nwm/pop_macros.inc"
