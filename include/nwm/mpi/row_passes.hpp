// Several time steps between two exchanges of a rank with its neighbours, in one pass over its rows.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <utility>

#include "nwm/backend/backend.hpp"
#include "nwm/cell/field.hpp"
#include "nwm/cell/stage.hpp"
#include "nwm/memory/buffer.hpp"
#include "nwm/memory/tiles.hpp"
#include "nwm/mpi/exchange.hpp"
#include "nwm/mpi/row_split.hpp"
#include "nwm/simulation/wavefront.hpp"
#include "nwm/time/stage_kernels.hpp"

namespace nwm::mpi {

/// The steps of a cell of one five-point stage on a rank's rows of G. A pass of e steps begins with e rows of
/// either neighbour. The rank moves those, too, a row less on either side with every step, so that its own
/// are right after e steps: some rows are moved twice, by both ranks, and messages are e times rarer. While
/// rows take step k + 1, those above them take step k + 2, as in model::Wavefront, so that what they need is
/// still in the cache. A row is updated in the same way whatever the split and e: the bits do not depend on
/// them.
template <class S, class Cell, class G, std::size_t channels, class B, class Real>
class RowPasses {
  using Boundary = typename G::Boundary;
  static constexpr std::size_t width = G::width, group = B::rows_at_once, line = B::line(width);
  static constexpr auto h = static_cast<std::ptrdiff_t>(G::height);
  static constexpr std::ptrdiff_t top = Boundary::source(-1, h), bottom = Boundary::source(h, h);
  static constexpr bool wraps = top == h - 1 && bottom == 0;
  static constexpr std::size_t reads = S::reads.size(), writes = S::writes.size();
  /// The fields that the stage writes, then the others that it needs.
  static constexpr std::size_t touched_count = [] {
    std::size_t n = writes;
    for (const std::size_t f : S::reads) n += cell::position(S::writes, f) == writes;
    return n +
           (cell::position(S::writes, S::from[0]) == writes && cell::position(S::reads, S::from[0]) == reads);
  }();
  static constexpr std::array<std::size_t, touched_count> touched = [] {
    std::array<std::size_t, touched_count> all{};
    std::size_t n = 0;
    for (const std::size_t f : S::writes) all[n++] = f;
    for (const std::size_t f : S::reads)
      if (cell::position(S::writes, f) == writes) all[n++] = f;
    if (n < touched_count) all[n] = S::from[0];
    return all;
  }();

 public:
  /// Steps of a pass: so many that the rows under way take half of a second-level cache.
  static constexpr std::size_t most = [] {
    std::size_t steps = 8;
    while (steps > 1 && (steps + 1) * group * touched.size() * width * sizeof(Real) > (std::size_t{1} << 19))
      --steps;
    return steps;
  }();

  /// A quarter of the rows of a rank is moved twice at most.
  RowPasses(const RankGrid& ranks, const RowSplit& split)
      : rows_(static_cast<std::ptrdiff_t>(split.count(ranks.rank()))),
        depth_(std::clamp<std::size_t>(G::height / static_cast<std::size_t>(ranks.size()) / 4, 1, most)),
        exchange_(ranks),
        up_(!wraps && ranks.rank() == 0),
        down_(!wraps && ranks.rank() + 1 == ranks.size()),
        alone_(ranks.size() == 1),
        above_rank_(ranks.neighbour(-1, 0)),
        below_rank_(ranks.neighbour(1, 0)),
        lines_((most + 1) * line) {
    const std::size_t halo = depth_ > 1 ? touched.size() * halo_size() : 0;
    for (auto* buffer : {&above_, &below_, &sent_up_, &sent_down_, &came_}) *buffer = Buffer<Real>(halo);
    came_below_ = Buffer<Real>(halo);
  }

  /// Steps between two exchanges.
  std::size_t depth() const { return depth_; }
  /// Bytes that this rank sends in a step, on average.
  std::size_t bytes_sent_a_step() const {
    const std::size_t one = writes * channels * width * sizeof(Real);
    return alone_ ? 0 : (up_ ? 0 : one) + (down_ ? 0 : one);
  }

  /// `count` steps; field(f): this rank's rows of field f, (channels, rows, W). All ranks call it together.
  template <class Field>
  void run(const Cell& cell, const Real* weights, std::size_t count, const Field& field) {
    exchange(writes, touched.size(), depth_, field);
    for (std::size_t taken = 0; taken < count; taken += depth_) {
      const std::size_t steps = std::min(depth_, count - taken);
      exchange(0, writes, steps, field);
      for (std::size_t c = 0; c < channels; ++c)
        pass(cell, weights + c * (channels + 1) * 9, steps, c, field);
    }
  }

 private:
  std::size_t halo_size() const { return channels * depth_ * width; }

  /// Brings `deep` rows of the touched fields first ≤ k < last of both neighbours. Rows above stand at the
  /// end of their depth_, rows below at the beginning.
  template <class Field>
  void exchange(std::size_t first, std::size_t last, std::size_t deep, const Field& field) {
    const std::size_t rows = static_cast<std::size_t>(rows_), chunk = deep * width,
                      all = (last - first) * channels * chunk;
    if (all == 0) return;
    const auto each = [&](const auto& act) {
      for (std::size_t k = first, n = 0; k < last; ++k)
        for (std::size_t c = 0; c < channels; ++c, ++n) act(k, c, n * chunk);
    };
    each([&](std::size_t k, std::size_t c, std::size_t at) {
      const Real* own = field(touched[k]) + c * rows * width;
      std::copy_n(own, chunk, sent_up_.data() + at);
      std::copy_n(own + (rows - deep) * width, chunk, sent_down_.data() + at);
    });
    const Real *from_above = came_.data(), *from_below = came_below_.data();
    if (alone_) {
      from_above = sent_down_.data(), from_below = sent_up_.data();  // a torus
    } else {
      exchange_.receive(std::span<Real>(came_.data(), all), above_rank_, 0);
      exchange_.receive(std::span<Real>(came_below_.data(), all), below_rank_, 1);
      exchange_.send(std::span<const Real>(sent_down_.data(), all), below_rank_, 0);
      exchange_.send(std::span<const Real>(sent_up_.data(), all), above_rank_, 1);
      exchange_.wait();
    }
    each([&](std::size_t k, std::size_t c, std::size_t at) {
      const std::size_t to = k * halo_size() + c * depth_ * width;
      if (!up_) std::copy_n(from_above + at, chunk, above_.data() + to + (depth_ - deep) * width);
      if (!down_) std::copy_n(from_below + at, chunk, below_.data() + to);
    });
  }

  /// Where a row of a field stands: its region's memory, rows of that, and the row there.
  struct Region {
    std::ptrdiff_t first, rows;  ///< of the rank's rows, −depth_ ≤ first
    std::array<Real*, touched.size()> fields;
  };

  /// `steps` steps of channel c.
  template <class Field>
  void pass(const Cell& cell, const Real* weights, std::size_t steps, std::size_t c, const Field& field) {
    const auto e = static_cast<std::ptrdiff_t>(steps), d = static_cast<std::ptrdiff_t>(depth_);
    std::array<Region, 3> regions{{{-d, d, {}}, {0, rows_, {}}, {rows_, d, {}}}};
    for (std::size_t k = 0; k < touched.size(); ++k) {
      regions[0].fields[k] = above_.data() + k * halo_size();
      regions[1].fields[k] = field(touched[k]);
      regions[2].fields[k] = below_.data() + k * halo_size();
    }
    const auto region_of = [&](std::ptrdiff_t r) -> const Region& {
      return regions[r < 0 ? 0 : r < rows_ ? 1 : 2];
    };
    const auto index = [&](const Region& in, std::ptrdiff_t r) {
      return (c * static_cast<std::size_t>(in.rows) + static_cast<std::size_t>(r - in.first)) * width;
    };
    constexpr std::size_t coupled = cell::position(touched, S::from[0]);
    const auto row = [&](std::ptrdiff_t r) -> const Real* {
      const Region& in = region_of(r);
      return in.fields[coupled] + index(in, r);
    };

    // Step k has moved its rows before next[k]; end[k] is where it ends.
    std::array<std::ptrdiff_t, most> next{}, end{};
    std::array<bool, most> begun{};
    for (std::ptrdiff_t k = 0; k < e; ++k) {
      next[static_cast<std::size_t>(k)] = up_ ? 0 : k + 1 - e;
      end[static_cast<std::size_t>(k)] = down_ ? rows_ : rows_ + e - 1 - k;
    }
    const Real* nothing = lines_.data() + most * line;
    while (next[steps - 1] < end[steps - 1])
      for (std::size_t k = 0; k < steps; ++k) {
        const std::ptrdiff_t r = next[k];
        if (r == end[k]) continue;
        const Region& in = region_of(r);
        const std::ptrdiff_t room = std::min(end[k], in.first + in.rows) - r;
        const bool many = room >= static_cast<std::ptrdiff_t>(group);
        const std::ptrdiff_t after = r + (many ? static_cast<std::ptrdiff_t>(group) : 1);
        // The row below must have taken the step before; there is none below the last.
        if (k > 0 && next[k - 1] <= after && !(next[k - 1] == end[k - 1] && after == end[k])) break;
        Real* before = lines_.data() + k * line;
        if (!std::exchange(begun[k], true))
          std::copy_n(!up_ ? row(r - 1) : top < 0 ? nothing : row(0), width, before);
        const Real* below = !down_ || after < rows_ ? row(after) : bottom < 0 ? nothing : row(rows_ - 1);
        if (many) move<group>(cell, weights, in, index(in, r), before, below);
        else move<1>(cell, weights, in, index(in, r), before, below);
        next[k] = after;
      }
  }

  template <std::size_t count>
  static void move(const Cell& cell, const Real* weights, const Region& in, std::size_t index, Real* before,
                   const Real* below) {
    std::array<const Real*, reads> from;
    std::array<Real*, writes> to;
    for (std::size_t k = 0; k < reads; ++k) from[k] = in.fields[cell::position(touched, S::reads[k])];
    for (std::size_t k = 0; k < writes; ++k) to[k] = in.fields[k];
    constexpr std::size_t coupled = cell::position(touched, S::from[0]);
    B::template rows<Boundary, width, count>(
        weights, in.fields[coupled] + index, before, below, index,
        model::detail::StageForward<S, Cell, Real>{cell, 0, nullptr, from, to});
  }

  std::ptrdiff_t rows_;
  std::size_t depth_;
  Exchange exchange_;
  bool up_, down_, alone_;
  int above_rank_, below_rank_;
  Buffer<Real> above_, below_, sent_up_, sent_down_, came_, came_below_;
  Buffer<Real> lines_;
};

}  // namespace nwm::mpi

#include "nwm/pop_macros.inc"
