// The reference backend: plain loops to read against the equations. All other backends are tested against it.
// Sums are taken in double, whatever the precision of storage. It is not meant to be fast.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <string_view>

#include "nwm/backend/host_memory.hpp"
#include "nwm/cell/activation.hpp"
#include "nwm/grid/grid.hpp"
#include "nwm/grid/stencil.hpp"

namespace nwm::cpu {

/// Plain loops, a number at a time: what every other backend is compared with.
struct Scalar : HostMemory {
  static constexpr std::string_view name = "scalar";

  /// One index of a map. Kernels compute in Value (double); results are rounded to Real when stored.
  template <class Real>
  struct Lane {
    using Value = double;
    std::size_t index;
    constexpr Value load(const Real* p) const { return static_cast<Value>(p[index]); }
    constexpr void store(Real* p, Value v) const { p[index] = static_cast<Real>(v); }
  };

  /// Calls kernel(lane) for index 0..count-1.
  template <class Real, class Kernel>
  static void map(std::size_t count, const Kernel& kernel) {
    for (std::size_t i = 0; i < count; ++i) kernel(Lane<Real>{i});
  }

  /// Σ kernel(lane), in order.
  template <class Real, class Kernel>
  static double sum(std::size_t count, const Kernel& kernel) {
    double total = 0;
    for (std::size_t i = 0; i < count; ++i) total += kernel(Lane<Real>{i});
    return total;
  }

  /// max kernel(lane); -infinity for an empty range, NaN when the kernel returns one.
  template <class Real, class Kernel>
  static Real maximum(std::size_t count, const Kernel& kernel) {
    Real largest = -std::numeric_limits<Real>::infinity();
    for (std::size_t i = 0; i < count; ++i) {
      const auto v = static_cast<Real>(kernel(Lane<Real>{i}));
      if (v > largest || v != v) largest = v;
    }
    return largest;
  }

  /// Calls kernel(lane) for every index r·n + i of (rows, n).
  template <class Real, class Kernel>
  static void map_rows(std::size_t rows, std::size_t n, const Kernel& kernel) {
    map<Real>(rows * n, kernel);
  }

  /// Sets to[r] = Σ kernel(lane) over row r of (rows, n), in order.
  template <class Real, class Kernel>
  static void sum_rows(std::size_t rows, std::size_t n, const Kernel& kernel, double* to) {
    for (std::size_t r = 0; r < rows; ++r) {
      to[r] = 0;
      for (std::size_t i = r * n; i < (r + 1) * n; ++i) to[r] += kernel(Lane<Real>{i});
    }
  }

  /// Sets *to to maximum(count, kernel).
  template <class Real, class Kernel>
  static void maximum_to(std::size_t count, const Kernel& kernel, Real* to) {
    *to = maximum<Real>(count, kernel);
  }

  /// Sets y (rows, n), rows `stride` apart, to f(y + bias) with bias (rows).
  template <Activation f, class Real>
  static void add_bias(std::size_t rows, std::size_t n, Real* y, std::size_t stride, const Real* bias) {
    for (std::size_t r = 0; r < rows; ++r)
      for (std::size_t p = 0; p < n; ++p) {
        Real& value = y[r * stride + p];
        value = static_cast<Real>(activate<f>(static_cast<double>(value) + static_cast<double>(bias[r])));
      }
  }

  /// Adds the sum of each row of y (rows, n), rows `stride` apart, to `to` (rows): the adjoint of add_bias in
  /// bias.
  template <class Real>
  static void add_row_sums(std::size_t rows, std::size_t n, const Real* y, std::size_t stride, Real* to) {
    for (std::size_t r = 0; r < rows; ++r) {
      double sum = 0;
      for (std::size_t p = 0; p < n; ++p) sum += static_cast<double>(y[r * stride + p]);
      to[r] += static_cast<Real>(sum);
    }
  }

  /// Scratch numbers that couple and its adjoint need.
  template <class S, class G>
  static constexpr std::size_t scratch = 0;

  /// Sets out (S::out, H, W) = f(bias + weight ⋆ in), ⋆ a cross-correlation. `in` are the channels of `parts`
  /// one after the other, S::in / n channels over G in each. parameters: weight (out, in, k, k), bias (out).
  template <class S, class G, Activation f, class Real, std::size_t n>
  static void couple(const Real* parameters, const std::array<const Real*, n>& parts, Real* out, Real*) {
    for (std::size_t o = 0; o < S::out; ++o)
      for (std::size_t y = 0; y < G::height; ++y)
        for (std::size_t x = 0; x < G::width; ++x) {
          double sum = S::bias ? static_cast<double>(parameters[S::weights + o]) : 0.0;
          for (std::size_t i = 0; i < S::in; ++i)
            for (std::size_t tap = 0; tap < S::taps; ++tap)
              if (const std::size_t site = neighbour<S, G>(y, x, tap); site != outside)
                sum += product(parameters[(o * S::in + i) * S::taps + tap], channel<S, G>(parts, i)[site]);
          out[o * G::sites + y * G::width + x] = static_cast<Real>(activate<f>(sum));
        }
  }

  /// The adjoint of couple without activation. `gradient` (S::out, H, W) is the gradient with respect to the
  /// output. Adds to each part's gradient (null parts are left out) and to parameter_gradient (null: left
  /// out).
  template <class S, class G, class Real, std::size_t n>
  static void couple_adjoint(const Real* parameters, const std::array<const Real*, n>& parts,
                             const Real* gradient, const std::array<Real*, n>& part_gradients,
                             Real* parameter_gradient, Real*) {
    for (std::size_t o = 0; o < S::out; ++o) {
      const Real* g = gradient + o * G::sites;
      for (std::size_t i = 0; i < S::in; ++i)
        for (std::size_t tap = 0; tap < S::taps; ++tap) {
          const std::size_t weight = (o * S::in + i) * S::taps + tap;
          const Real* in = channel<S, G>(parts, i);
          Real* in_gradient = part_gradients[i / (S::in / n)] ? channel<S, G>(part_gradients, i) : nullptr;
          double sum = 0;
          for (std::size_t y = 0; y < G::height; ++y)
            for (std::size_t x = 0; x < G::width; ++x) {
              const std::size_t site = neighbour<S, G>(y, x, tap);
              if (site == outside) continue;
              sum += product(g[y * G::width + x], in[site]);
              if (in_gradient) in_gradient[site] += g[y * G::width + x] * parameters[weight];
            }
          if (parameter_gradient) parameter_gradient[weight] += static_cast<Real>(sum);
        }
      if (S::bias && parameter_gradient)
        parameter_gradient[S::weights + o] +=
            static_cast<Real>(sum<Real>(G::sites, [=](auto lane) { return lane.load(g); }));
    }
  }

  /// Sets y (M×N) to a (M×K) x (K×N), or adds with `add`. Row-major with leading dimensions lda, ldx, ldy.
  template <std::size_t M, std::size_t K, std::size_t N, bool add = false, class Real>
  static void multiply(const Real* a, std::size_t lda, const Real* x, std::size_t ldx, Real* y,
                       std::size_t ldy) {
    for (std::size_t i = 0; i < M; ++i)
      for (std::size_t j = 0; j < N; ++j) {
        double sum = add ? static_cast<double>(y[i * ldy + j]) : 0.0;
        for (std::size_t k = 0; k < K; ++k) sum += product(a[i * lda + k], x[k * ldx + j]);
        y[i * ldy + j] = static_cast<Real>(sum);
      }
  }

  /// Sets x (K×N) to aᵀ y for a (M×K), y (M×N): the adjoint of multiply in x.
  template <std::size_t M, std::size_t K, std::size_t N, class Real>
  static void multiply_transposed(const Real* a, std::size_t lda, const Real* y, std::size_t ldy, Real* x,
                                  std::size_t ldx) {
    for (std::size_t k = 0; k < K; ++k)
      for (std::size_t j = 0; j < N; ++j) {
        double sum = 0;
        for (std::size_t i = 0; i < M; ++i) sum += product(a[i * lda + k], y[i * ldy + j]);
        x[k * ldx + j] = static_cast<Real>(sum);
      }
  }

  /// Adds y xᵀ to a (M×K) for y (M×N), x (K×N): the adjoint of multiply in a.
  template <std::size_t M, std::size_t K, std::size_t N, class Real>
  static void multiply_outer(const Real* y, std::size_t ldy, const Real* x, std::size_t ldx, Real* a,
                             std::size_t lda) {
    for (std::size_t i = 0; i < M; ++i)
      for (std::size_t k = 0; k < K; ++k) {
        double sum = 0;
        for (std::size_t j = 0; j < N; ++j) sum += product(y[i * ldy + j], x[k * ldx + j]);
        a[i * lda + k] += static_cast<Real>(sum);
      }
  }

 private:
  /// The plane of input channel i, where the channels come in n equal parts.
  template <class S, class G, class Real, std::size_t n>
  static Real* channel(const std::array<Real*, n>& parts, std::size_t i) {
    constexpr std::size_t each = S::in / n;
    return parts[i / each] + i % each * G::sites;
  }

  static constexpr std::size_t outside = static_cast<std::size_t>(-1);

  /// The site at tap (row-major) of the stencil at (y, x), or `outside` where the field is zero.
  template <class S, class G>
  static constexpr std::size_t neighbour(std::size_t y, std::size_t x, std::size_t tap) {
    static_assert(checked_boundary<typename S::Boundary, G::height>() &&
                  checked_boundary<typename S::Boundary, G::width>());
    constexpr auto reach = static_cast<std::ptrdiff_t>(S::size / 2);
    const auto row = S::Boundary::source(static_cast<std::ptrdiff_t>(y + tap / S::size) - reach, G::height);
    const auto column = S::Boundary::source(static_cast<std::ptrdiff_t>(x + tap % S::size) - reach, G::width);
    if (row < 0 || column < 0) return outside;
    return static_cast<std::size_t>(row) * G::width + static_cast<std::size_t>(column);
  }

  template <class Real>
  static constexpr double product(Real a, Real b) {
    return static_cast<double>(a) * static_cast<double>(b);
  }
};

}  // namespace nwm::cpu
