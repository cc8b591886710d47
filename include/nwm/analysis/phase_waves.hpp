// Travelling waves by the gradients of their phase: the direction of each neighbourhood of the grid at each
// moment. This finds rings, spirals and sources, which a spectrum over the whole grid averages away.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstddef>
#include <span>
#include <string>
#include <unsupported/Eigen/FFT>
#include <vector>

#include "nwm/analysis/series.hpp"
#include "nwm/error.hpp"

namespace nwm::analysis {

/// Drift removal, neighbourhood and trimming of phase_waves.
struct PhaseOptions {
  /// Order of the drift in time that is removed from each neuron's series (`centred`).
  std::size_t trend = default_trend;
  std::size_t neighbourhood = 5;  ///< sites a side of a neighbourhood, where directions must agree; odd
  double trim = 0.1;              ///< share of steps left out at each end, where the Hilbert transform is off
};

/// z is the analytic signal of a neuron (its series plus i times the Hilbert transform), φ its phase, and
///   J = −Im(z* ∇z).
/// |J| ≤ |z||∇z|, with equality for a travelling wave. J is 0 for a standing wave, whose phase is the same
/// everywhere between two nodes. A wave runs along −∇φ; u = −∇φ/|∇φ|.
struct PhaseWaves {
  /// Mean resultant length of the directions u over neighbourhoods, each direction weighted by |J|:
  ///   Σ |Σ_near |J| u| / Σ |z||∇z|   over sites, steps and channels.
  /// 0: standing waves, or none. 1: every neighbourhood runs in one direction. White noise gives about 0.19
  /// with neighbourhoods of 5×5 sites.
  double directionality = 0;
  /// The same with the whole grid as one neighbourhood: 1 for a plane wave, 0 for rings.
  double plane = 0;
  /// Mean dφ/dt over mean |∇φ|, both weighted by |J|, in sites per step. 0 when nothing moves.
  double speed = 0;
  double frequency = 0;  ///< mean dφ/dt weighted by |J|, radians per step

  std::size_t height = 0, width = 0;  ///< of the grid
  std::vector<double> strength{};     ///< (height, width): directionality of each site's neighbourhood
  /// (height, width): mean direction, at most as long as strength allows.
  std::vector<double> down{},
      right{};  ///< (height, width): mean direction, at most as long as strength allows
};

namespace detail {

/// The analytic signal (steps, sites) of every site of a channel: only positive frequencies are kept.
inline std::vector<std::complex<double>> analytic(const std::vector<double>& values, std::size_t steps,
                                                  std::size_t sites) {
  Eigen::FFT<double> fft;
  std::vector<std::complex<double>> result(values.size()), in(steps), out(steps);
  for (std::size_t p = 0; p < sites; ++p) {
    for (std::size_t t = 0; t < steps; ++t) in[t] = values[t * sites + p];
    fft.fwd(out, in);
    for (std::size_t b = 1; b < steps; ++b) {
      if (2 * b < steps) out[b] *= 2;
      else if (2 * b > steps) out[b] = 0;
    }
    fft.inv(in, out);
    for (std::size_t t = 0; t < steps; ++t) result[t * sites + p] = in[t];
  }
  return result;
}

/// Sets out (height, width) to sums over side × side neighbourhoods, which wrap on a torus and are cut off
/// otherwise.
inline void box_sums(std::span<const double> in, const SeriesView& s, std::size_t side,
                     std::vector<double>& work, std::vector<double>& out) {
  const auto along = [&](std::span<const double> from, std::vector<double>& to, std::size_t size,
                         std::size_t stride) {
    to.assign(from.size(), 0.0);
    const auto n = static_cast<std::ptrdiff_t>(size), reach = static_cast<std::ptrdiff_t>(side / 2);
    for (std::size_t i = 0; i < from.size(); ++i) {
      const auto at = static_cast<std::ptrdiff_t>(i / stride % size);
      const std::size_t line = i - static_cast<std::size_t>(at) * stride;
      for (std::ptrdiff_t d = -reach; d <= reach; ++d) {
        std::ptrdiff_t place = at + d;
        if (s.torus) place = (place + n) % n;
        if (place >= 0 && place < n) to[i] += from[line + static_cast<std::size_t>(place) * stride];
      }
    }
  };
  along(in, work, s.width, 1);
  along(work, out, s.height, s.width);
}

/// The two neighbours of place i on an axis of length n; beyond an edge, i itself.
struct Neighbours {
  std::size_t before, after;
};
inline Neighbours neighbours(std::size_t i, std::size_t n, bool torus) {
  return {i > 0 ? i - 1 : torus ? n - 1 : i, i + 1 < n ? i + 1 : torus ? 0 : i};
}

/// The change of the analytic signal along one axis at a site.
struct AxisChange {
  double flow, gradient, slope;  ///< −Im(z* ∂z); −∂φ, correct up to π per site; |∂z|²
};
inline AxisChange axis_change(std::complex<double> before, std::complex<double> here,
                              std::complex<double> after, bool one_sided) {
  const double half = one_sided ? 1 : 0.5;
  const std::complex<double> turn = half * (after * std::conj(here) + here * std::conj(before));
  // At an edge one of the two products is |z|², which must not count.
  const std::complex<double> kept = one_sided ? turn - std::norm(here) : turn;
  return {-kept.imag(), kept == 0.0 ? 0.0 : -std::arg(kept), std::norm(half * (after - before))};
}

/// The flow of one step of a channel at every site: |J| u (down, right), |J|, |∇φ| and |z||∇z|.
struct Flow {
  explicit Flow(std::size_t sites) : down(sites), right(sites), size(sites), gradient(sites), bound(sites) {}
  std::vector<double> down, right, size, gradient, bound;

  void set(const std::complex<double>* z, const SeriesView& s) {
    for (std::size_t p = 0; p < s.plane(); ++p) {
      const std::size_t y = p / s.width, x = p % s.width;
      const Neighbours rows = neighbours(y, s.height, s.torus), columns = neighbours(x, s.width, s.torus);
      const auto vertical = axis_change(z[rows.before * s.width + x], z[p], z[rows.after * s.width + x],
                                        rows.before == y || rows.after == y);
      const auto horizontal =
          axis_change(z[y * s.width + columns.before], z[p], z[y * s.width + columns.after],
                      columns.before == x || columns.after == x);
      size[p] = std::hypot(vertical.flow, horizontal.flow);
      gradient[p] = std::hypot(vertical.gradient, horizontal.gradient);
      bound[p] = std::abs(z[p]) * std::sqrt(vertical.slope + horizontal.slope);
      const double scale = gradient[p] > 0 ? size[p] / gradient[p] : 0;
      down[p] = scale * vertical.gradient, right[p] = scale * horizontal.gradient;
    }
  }
};

}  // namespace detail

/// Phase-gradient directionality of a series, as Rubino, Robbins and Hatsopoulos (2006) and Davis, Muller et
/// al. (2020) measure it for cortical waves. Any boundary is allowed. Waves should complete at least two
/// periods in the series and be longer than two sites. Throws Error when the series does not fit its sizes,
/// the neighbourhood is even, or trim lies outside [0, 0.4].
inline PhaseWaves phase_waves(const SeriesView& s, const PhaseOptions& options = {}) {
  constexpr const char* where = "nwm::analysis::phase_waves";
  s.check(where);
  if (options.neighbourhood % 2 == 0)
    throw Error(where, "neighbourhood", "an odd number", std::to_string(options.neighbourhood));
  if (!(options.trim >= 0) || options.trim > 0.4)
    throw Error(where, "trim", "a share from 0 to 0.4", shown_exactly(options.trim));
  const std::size_t n = s.plane();
  // A neighbourhood must not count a site twice.
  const std::size_t side =
      std::min({options.neighbourhood, s.height - 1 + s.height % 2, s.width - 1 + s.width % 2});
  const auto cut = static_cast<std::size_t>(std::lround(options.trim * static_cast<double>(s.steps)));
  PhaseWaves result{.height = s.height, .width = s.width};
  result.down.resize(n), result.right.resize(n), result.strength.resize(n);
  std::vector<double> bounds(n), near_bounds(n), work, near_down, near_right;
  double together = 0, bound = 0, near_bound = 0, near = 0, omega = 0, wave = 0, flows = 0;
  detail::Flow flow(n);
  for (std::size_t c = 0; c < s.channels; ++c) {
    const Centred channel = centred(s, c, options.trend);
    if (!channel.moves()) continue;
    const auto z = detail::analytic(channel.values, s.steps, n);
    for (std::size_t t = cut; t + 1 < s.steps - cut; ++t) {
      const std::complex<double>* now = z.data() + t * n;
      flow.set(now, s);
      double down = 0, right = 0;
      for (std::size_t p = 0; p < n; ++p) {
        down += flow.down[p], right += flow.right[p];
        result.down[p] += flow.down[p], result.right[p] += flow.right[p];
        bounds[p] += flow.bound[p];
        bound += flow.bound[p];
        const std::complex<double> turn = now[n + p] * std::conj(now[p]);
        omega += flow.size[p] * (turn == 0.0 ? 0.0 : std::arg(turn));
        wave += flow.size[p] * flow.gradient[p];
        flows += flow.size[p];
      }
      together += std::hypot(down, right);
      detail::box_sums(flow.down, s, side, work, near_down);
      detail::box_sums(flow.right, s, side, work, near_right);
      for (std::size_t p = 0; p < n; ++p) result.strength[p] += std::hypot(near_down[p], near_right[p]);
    }
  }
  detail::box_sums(bounds, s, side, work, near_bounds);
  for (std::size_t p = 0; p < n; ++p) {
    near += result.strength[p], near_bound += near_bounds[p];
    if (near_bounds[p] > 0) result.strength[p] /= near_bounds[p];
    if (bounds[p] > 0) result.down[p] /= bounds[p], result.right[p] /= bounds[p];
  }
  if (near_bound > 0) result.directionality = near / near_bound;
  if (bound > 0) result.plane = together / bound;
  if (flows > 0) result.frequency = omega / flows;
  if (wave > 0) result.speed = omega / wave;
  return result;
}

}  // namespace nwm::analysis

#include "nwm/pop_macros.inc"
