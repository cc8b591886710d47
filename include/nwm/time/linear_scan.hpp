// A linear recurrence of two states a column as a scan: chunks of time side by side instead of one step after
// the other.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cstddef>
#include <type_traits>

#include "nwm/backend/threads.hpp"
#include "nwm/memory/for_constants.hpp"

namespace nwm::model {

/// s_t = M s_{t−1} + c f_t with s = (x, z), in every column by itself: M = (xx, xz; zx, zz) and c = (x, z) do
/// not change in time. Each pointer is to `columns` numbers.
template <class Real>
struct LinearStep {
  std::size_t columns;                ///< that there are
  std::array<const Real*, 4> matrix;  ///< xx, xz, zx, zz
  std::array<const Real*, 2> gain;    ///< c, of x and of z
};

namespace detail {

/// How many chunks one lane runs at a time: what a step waits for, the others' steps fill.
inline constexpr std::size_t chunks_abreast = 4;

template <class V>
using Block = std::array<V, 4>;
template <class V>
using PairOf = std::array<V, 2>;

/// M s, and Mᵀ s.
template <class V>
constexpr PairOf<V> times(const Block<V>& m, const PairOf<V>& s) {
  return {m[0] * s[0] + m[1] * s[1], m[2] * s[0] + m[3] * s[1]};
}
template <class V>
constexpr PairOf<V> times_transposed(const Block<V>& m, const PairOf<V>& s) {
  return {m[0] * s[0] + m[2] * s[1], m[1] * s[0] + m[3] * s[1]};
}
/// Mⁿ by repeated squaring, n > 0.
template <class V>
constexpr Block<V> power(Block<V> m, std::size_t n) {
  const auto product = [](const Block<V>& a, const Block<V>& b) {
    return Block<V>{a[0] * b[0] + a[1] * b[2], a[0] * b[1] + a[1] * b[3], a[2] * b[0] + a[3] * b[2],
                    a[2] * b[1] + a[3] * b[3]};
  };
  while (n % 2 == 0) m = product(m, m), n /= 2;
  Block<V> result = m;
  while ((n /= 2) > 0) {
    m = product(m, m);
    if (n % 2 == 1) result = product(result, m);
  }
  return result;
}

template <class Lane, class Real, std::size_t n>
constexpr std::array<typename Lane::Value, n> load_each(Lane lane, const std::array<const Real*, n>& from) {
  std::array<typename Lane::Value, n> values;
  for (std::size_t i = 0; i < n; ++i) values[i] = lane.load(from[i]);
  return values;
}

/// The state of `chunk` at a column of states (chunks, 2, columns); zero where there are none.
template <class Lane, class Real>
constexpr PairOf<typename Lane::Value> load_state(Lane lane, const Real* states, std::size_t chunk,
                                                  std::size_t columns) {
  using V = typename Lane::Value;
  if (!states) return {V(0), V(0)};
  const Real* here = states + 2 * chunk * columns;
  return {lane.load(here), lane.load(here + columns)};
}

/// Runs `count` chunks of `length` steps from chunk `first` on, at a column. starts (chunks, 2, columns):
/// what they start from, null: zero. Sets x and z (T, columns), or where they are null the state at the end
/// of each chunk, ends (chunks, 2, columns).
template <std::size_t count, class Real>
struct RunChunks {
  LinearStep<Real> step;
  std::size_t first, length;
  const Real *force, *starts;
  Real *x, *z, *ends;
  template <class Lane>
  constexpr void operator()(Lane lane) const {
    using V = typename Lane::Value;
    const std::size_t n = step.columns;
    const Block<V> m = load_each(lane, step.matrix);
    const PairOf<V> c = load_each(lane, step.gain);
    std::array<PairOf<V>, count> s;
    for_constants<count>([&](auto k) { s[k] = load_state(lane, starts, first + k, n); });
    // Copies of the members: a store through a pointer might change those themselves.
    const Real* const forces = force + first * length * n;
    Real *const to_x = x ? x + first * length * n : nullptr, *const to_z =
                                                                 z ? z + first * length * n : nullptr;
    const std::size_t chunk = length * n;
    for (std::size_t i = 0; i < chunk; i += n)
      for_constants<count>([&](auto k) {
        const V f = lane.load(forces + (k * chunk + i));
        const PairOf<V> next = times(m, s[k]);
        s[k] = {next[0] + c[0] * f, next[1] + c[1] * f};
        if (!to_x) return;
        lane.store(to_x + (k * chunk + i), s[k][0]);
        lane.store(to_z + (k * chunk + i), s[k][1]);
      });
    if (ends)
      for_constants<count>([&](auto k) {
        lane.store(ends + 2 * (first + k) * n, s[k][0]);
        lane.store(ends + (2 * (first + k) + 1) * n, s[k][1]);
      });
  }
};

/// The adjoint of RunChunks: λ_t = g_t + Mᵀ λ_{t+1} back through the chunks. comings (chunks, 2, columns): Mᵀ
/// λ of the step after a chunk, null: zero. Sets goings (chunks, 2, columns), Mᵀ λ of the chunks' first
/// steps, and where they are not null force_gradient (T, columns) and sums (chunks, 6, columns), the chunks'
/// parts of the gradients of M and c. goings may be comings.
template <std::size_t count, class Real>
struct RunChunksBack {
  LinearStep<Real> step;
  std::size_t first, length;
  const Real *force, *start, *x, *z, *x_gradient, *z_gradient, *comings;
  Real *force_gradient, *sums, *goings;
  template <class Lane>
  constexpr void operator()(Lane lane) const {
    using V = typename Lane::Value;
    const std::size_t n = step.columns;
    const Block<V> m = load_each(lane, step.matrix);
    const PairOf<V> c = load_each(lane, step.gain);
    std::array<PairOf<V>, count> mu;
    std::array<std::array<V, 6>, count> sum;
    for_constants<count>([&](auto k) {
      mu[k] = load_state(lane, comings, first + k, n);
      for (V& v : sum[k]) v = V(0);
    });
    const RunChunksBack all = *this;  // as in RunChunks
    const std::size_t begin = first * length * n, chunk = length * n;
    for (std::size_t i = chunk; i > 0; i -= n)
      for_constants<count>([&](auto k) {
        const std::size_t at = begin + k * chunk + i - n;
        PairOf<V> lambda{mu[k][0] + lane.load(all.x_gradient + at), mu[k][1]};
        if (all.z_gradient) lambda[1] = lambda[1] + lane.load(all.z_gradient + at);
        mu[k] = times_transposed(m, lambda);
        if (!all.force_gradient) return;
        lane.store(all.force_gradient + at, c[0] * lambda[0] + c[1] * lambda[1]);
        const V f = lane.load(all.force + at), before_x = lane.load(at > 0 ? all.x + at - n : all.start),
                before_z = lane.load(at > 0 ? all.z + at - n : all.start + n);
        sum[k] = {sum[k][0] + lambda[0] * before_x, sum[k][1] + lambda[0] * before_z,
                  sum[k][2] + lambda[1] * before_x, sum[k][3] + lambda[1] * before_z,
                  sum[k][4] + lambda[0] * f,        sum[k][5] + lambda[1] * f};
      });
    for_constants<count>([&](auto k) {
      for (std::size_t j = 0; sums && j < 6; ++j) lane.store(sums + (6 * (first + k) + j) * n, sum[k][j]);
      for (std::size_t j = 0; j < 2; ++j) lane.store(goings + (2 * (first + k) + j) * n, mu[k][j]);
    });
  }
};

/// From what each chunk does to zero, `ends`, to what it starts from, in place: start_{k+1} = ends_k + Mⁿ
/// start_k, n the length of a chunk. Backwards the same from the last chunk on with Mᵀ.
template <bool back, class Real>
struct JoinChunks {
  LinearStep<Real> step;
  std::size_t chunks, length;
  const Real* outer;  // what the first (backwards: the last) chunk starts from
  Real* ends;
  template <class Lane>
  constexpr void operator()(Lane lane) const {
    using V = typename Lane::Value;
    const std::size_t n = step.columns;
    Block<V> m = load_each(lane, step.matrix);
    if (chunks > 1) m = power<V>(m, length);
    PairOf<V> s{lane.load(outer), lane.load(outer + n)};
    for (std::size_t i = 0; i < chunks; ++i) {
      const std::size_t chunk = back ? chunks - 1 - i : i;
      Real* here = ends + 2 * chunk * n;
      const PairOf<V> from_zero = load_state(lane, static_cast<const Real*>(ends), chunk, n);
      lane.store(here, s[0]);
      lane.store(here + n, s[1]);
      const PairOf<V> carried = back ? times_transposed(m, s) : times(m, s);
      s = {from_zero[0] + carried[0], from_zero[1] + carried[1]};
    }
  }
};

/// Adds the rows of parts (count, 6, columns) to `to` (6, columns).
template <class Real>
struct AddParts {
  std::size_t columns, count;
  const Real* parts;
  Real* to;
  template <class Lane>
  constexpr void operator()(Lane lane) const {
    for (std::size_t j = 0; j < 6; ++j) {
      auto sum = lane.load(to + j * columns);
      for (std::size_t k = 0; k < count; ++k) sum = sum + lane.load(parts + (6 * k + j) * columns);
      lane.store(to + j * columns, sum);
    }
  }
};

/// Calls f(count, first), count a constant, for groups of chunks_abreast of `chunks` chunks, and for those
/// left over one by one, over the threads.
template <class F>
void for_chunk_groups(std::size_t chunks, std::size_t threads, const F& f) {
  const std::size_t groups = chunks / chunks_abreast, left = chunks % chunks_abreast;
  spread_over_threads(groups + left, threads, [&](std::size_t i, std::size_t) {
    if (i < groups) f(std::integral_constant<std::size_t, chunks_abreast>{}, i * chunks_abreast);
    else f(std::integral_constant<std::size_t, 1>{}, groups * chunks_abreast + (i - groups));
  });
}

}  // namespace detail

/// The linear recurrence over T = `steps` steps from start (2, columns), and its adjoint. Time is cut into
/// `chunks` chunks. Each runs from zero; Mⁿ of a chunk's n steps joins their ends; each runs again from what
/// it starts from. Twice the operations, but nobody waits for the step before: chunks run in turn within a
/// core and over `threads` threads. With one chunk it is the plain recurrence, each step once. The steps that
/// `chunks` does not divide follow at the end. Results do not depend on the threads. B: a backend whose
/// operations return when they are done and may be called from several threads (cpu::Scalar, cpu::Simd).
template <class B, class Real>
struct LinearScan {
  LinearStep<Real> step;                   ///< what a step does
  std::size_t steps, chunks, threads = 1;  ///< T, into how many runs it is cut, and how many threads run them

  /// Numbers of scratch memory: for the adjoint, and enough for the forward pass.
  std::size_t scratch() const { return (8 * used() + 8) * step.columns; }

  /// Sets x and z (T, columns), given force (T, columns). start is not written.
  void run(const Real* force, const Real* start, Real* x, Real* z, Real* scratch_) const {
    const std::size_t n = step.columns, k = used(), length = steps / k;
    const Real* starts = start;
    if (k > 1) {
      detail::for_chunk_groups(k - 1, threads, [&](auto count, std::size_t first) {
        B::template map<Real>(n, detail::RunChunks<count, Real>{step, first, length, force, nullptr, nullptr,
                                                                nullptr, scratch_});
      });
      B::fill(2 * n, Real(0), scratch_ + 2 * (k - 1) * n);  // nobody starts from the last end
      B::template map<Real>(n, detail::JoinChunks<false, Real>{step, k, length, start, scratch_});
      starts = scratch_;
    }
    detail::for_chunk_groups(k, threads, [&](auto count, std::size_t first) {
      B::template map<Real>(
          n, detail::RunChunks<count, Real>{step, first, length, force, starts, x, z, nullptr});
    });
    const std::size_t rest = steps - k * length, at = k * length * n;
    if (rest == 0) return;
    Real* last = scratch_ + 2 * k * n;
    B::copy(n, static_cast<const Real*>(x + at - n), last);
    B::copy(n, static_cast<const Real*>(z + at - n), last + n);
    B::template map<Real>(
        n, detail::RunChunks<1, Real>{step, 0, rest, force + at, last, x + at, z + at, nullptr});
  }

  /// Sets force_gradient (T, columns) and start_gradient (2, columns), and adds to step_gradient (6,
  /// columns), that of M and c, given what `run` took and set and the gradients of x and z (T, columns; z's
  /// null: zero).
  void run_back(const Real* force, const Real* start, const Real* x, const Real* z, const Real* x_gradient,
                const Real* z_gradient, Real* force_gradient, Real* start_gradient, Real* step_gradient,
                Real* scratch_) const {
    const std::size_t n = step.columns, k = used(), length = steps / k;
    const std::size_t rest = steps - k * length, at = k * length * n;
    Real *sums = scratch_, *comings = sums + 6 * (k + 1) * n, *outer = comings + 2 * k * n;
    using detail::RunChunksBack;
    B::fill(6 * n, Real(0), sums + 6 * k * n);
    B::fill(2 * n, Real(0), outer);
    const auto after = [&](const Real* p) { return p ? p + at : nullptr; };
    if (rest > 0) {
      // As a chunk by itself, whose start is the state before it: start_gradient is room for that.
      B::copy(n, x + at - n, start_gradient);
      B::copy(n, z + at - n, start_gradient + n);
      B::template map<Real>(n, RunChunksBack<1, Real>{step, 0, rest, force + at, start_gradient, x + at,
                                                      z + at, x_gradient + at, after(z_gradient), nullptr,
                                                      force_gradient + at, sums + 6 * k * n, outer});
    }
    if (k > 1) {
      detail::for_chunk_groups(k - 1, threads, [&](auto count, std::size_t first) {
        B::template map<Real>(
            n, RunChunksBack<count, Real>{step, first + 1, length, force, start, x, z, x_gradient, z_gradient,
                                          nullptr, nullptr, nullptr, comings});
      });
      B::fill(2 * n, Real(0), comings);
    }
    B::template map<Real>(n, detail::JoinChunks<true, Real>{step, k, length, outer, comings});
    detail::for_chunk_groups(k, threads, [&](auto count, std::size_t first) {
      // The first chunk's Mᵀ λ goes to start_gradient.
      B::template map<Real>(
          n, RunChunksBack<count, Real>{step, first, length, force, start, x, z, x_gradient, z_gradient,
                                        comings, force_gradient, sums, comings});
    });
    B::copy(2 * n, static_cast<const Real*>(comings), start_gradient);
    B::template map<Real>(n, detail::AddParts<Real>{n, k + 1, sums, step_gradient});
  }

 private:
  std::size_t used() const { return std::clamp<std::size_t>(chunks, 1, std::max<std::size_t>(steps, 1)); }
};

}  // namespace nwm::model

#include "nwm/pop_macros.inc"
