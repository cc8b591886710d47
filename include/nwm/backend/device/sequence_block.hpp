// What a block holds that runs some sequences through all their steps, and how its threads share a product:
// the facts that the resident kernels of sequences share.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cstddef>

#include "nwm/backend/device/unroll.hpp"
#include "nwm/grid/abreast.hpp"
#include "nwm/memory/for_constants.hpp"
#include "nwm/memory/tiles.hpp"
#include "nwm/tape/segment.hpp"
#include "nwm/tape/stages.hpp"

namespace nwm::device {

/// Where a resident kernel of sequences reads the weights at every step: from shared memory, or from the
/// device's memory, which is its cache (L2).
enum class WeightsIn { shared, memory };

/// Whether all steps of a TimeSegment can run in one launch: a driven cell on images abreast, whose couplings
/// are dense or stencils of any weights under a boundary that is its own adjoint.
template <class S>
inline constexpr bool sequences_possible = [] {
  if constexpr (AbreastGrid<typename S::G> && cell::driven_cell<typename S::Cell>) {
    bool all = true;
    for_constants<S::stages>([&](auto s) {
      using Stage = typename S::template Stage<s>;
      using C = typename S::template CouplingAt<s>;
      if constexpr (Stage::couples)
        all = all && (C::reach == cell::Reach::dense || (C::is_stencil && !C::fixed && !C::depthwise &&
                                                         (C::taps == 1 || C::Boundary::self_adjoint)));
    });
    return all;
  } else {
    return false;
  }
}();

/// `back`: of the kernel that runs backwards. `group` sequences stand side by side in a block: number (row,
/// lane) of a field, rows being channels and sites, is at row·group + lane. So few that there are blocks for
/// a GPU's multiprocessors (up to 132); where all of them read the weights from L2, more, as each reads all.
template <class S_, WeightsIn weights_in, bool back>
struct SequenceBlock {
  using S = S_;
  using Real = typename S::Real;
  using Cell = typename S::Cell;
  template <std::size_t s>
  using Stage = typename S::template Stage<s>;
  template <std::size_t s>
  using C = typename S::template CouplingAt<s>;

  static constexpr bool in_shared = weights_in == WeightsIn::shared;
  static constexpr std::size_t lanes = lanes_of<typename S::G>, sites = S::sites;
  static constexpr std::size_t rows = S::channels * sites;  ///< numbers of a field of one sequence
  static constexpr std::size_t group = [] {
    const std::size_t blocks_wanted = in_shared ? 128 : 32;
    std::size_t g = 1;
    while (g < 8 && g * blocks_wanted < lanes) g *= 2;
    return g;
  }();
  static constexpr std::size_t blocks = (lanes + group - 1) / group;
  static constexpr std::size_t numbers = rows * group;  ///< of a field in a block
  static constexpr std::size_t align = 16 / sizeof(Real);

  /// Rows of field f.
  template <std::size_t f>
  static constexpr bool is_drive = cell::role<Cell, f> == cell::Role::drive;
  template <std::size_t f>
  static constexpr std::size_t field_rows = is_drive<f> ? S::Input::channels * S::Input::sites : rows;

  /// Weights of stage s before those of its k-th field, in a row of the matrix.
  template <std::size_t s, std::size_t k>
  static constexpr std::size_t first_column = C<s>::template rows_before<k> * C<s>::taps;
  /// The fields that stage s gathers and that have a gradient; their weights in a row of the matrix.
  template <std::size_t s>
  static constexpr std::size_t states = [] {
    std::size_t n = 0;
    for_constants<Stage<s>::from.size()>([&](auto k) {
      if constexpr (!is_drive<Stage<s>::from[k]>) ++n;
    });
    return n;
  }();
  /// The place of the k-th field of stage s among these.
  template <std::size_t s, std::size_t k>
  static constexpr std::size_t state_place = [] {
    std::size_t n = 0;
    for_constants<k>([&](auto j) {
      if constexpr (!is_drive<Stage<s>::from[j]>) ++n;
    });
    return n;
  }();
  template <std::size_t s>
  static constexpr bool dense = !C<s>::is_stencil;

  /// The product of stage s: so many results of a sequence, each a sum over `depth` rows of weights; weights
  /// [depth][columns] in the order in which neighbouring threads read neighbours.
  template <std::size_t s>
  static constexpr std::size_t results = !Stage<s>::couples ? 0
                                         : back             ? states<s> * rows
                                                            : Stage<s>::groups * rows;
  template <std::size_t s>
  static constexpr std::size_t depth = !Stage<s>::couples ? 0
                                       : back             ? C<s>::out
                                                          : C<s>::K;
  template <std::size_t s>
  static constexpr std::size_t columns = !Stage<s>::couples ? 0
                                         : !back            ? C<s>::out
                                         : dense<s>         ? states<s> * rows
                                                            : states<s> * S::channels * C<s>::taps;
  /// Where the weights of stage s begin in shared memory.
  template <std::size_t s>
  static constexpr std::size_t weights_offset() {
    constexpr std::size_t sum = model::sum_of<s>([](auto k) { return depth<k> * columns<k>; });
    return sum;
  }
  static constexpr std::size_t weight_numbers = weights_offset<S::stages>();

  /// Threads: enough for 32 products each, in whole warps.
  static constexpr std::size_t threads = [] {
    std::size_t most = numbers;
    for_constants<S::stages>([&](auto s) {
      const std::size_t beside = dense<s> ? (depth<s> + 31) / 32 : 1;
      most = std::max(most, round_up(results<s>, 32) * beside);
    });
    return std::clamp<std::size_t>(round_up(most, 32), 32, 512);
  }();
  /// Threads that share the results of a dense stage out, and the ways in which each result's sum is cut: a
  /// warp is in one way, so that it reads one number of the gathered field.
  template <std::size_t s>
  static constexpr std::size_t abreast = smaller(threads, round_up(results<s>, 32));
  template <std::size_t s>
  static constexpr std::size_t ways = [] {
    if constexpr (dense<s> && results<s> > 0)
      return std::clamp<std::size_t>(threads / abreast<s>, 1, (depth<s> + 15) / 16);
    else return std::size_t{1};
  }();
  /// Results of all ways of the stage that has most.
  static constexpr std::size_t partial_numbers = std::max<std::size_t>(
      1, group* model::largest_of<S::stages>([](auto s) { return ways<s> * results<s>; }));

  /// Terms of a sum that are unrolled: 16 loads from L2 are on their way at a time.
  static constexpr std::size_t step = in_shared ? 8 : 16;

  /// Adds Σ weight[d·stride]·x[d·group + lane] over d = start..end−1 to sum, in order. x + start·group lies
  /// on 16 bytes.
  static constexpr void add(const Real* weight, std::size_t stride, const Real* x, unsigned start,
                            unsigned end, std::array<Real, group>& sum) {
    unsigned d = start;
    for (; d + step <= end; d += static_cast<unsigned>(step)) {
      std::array<Real, step> w;
      const auto* from = static_cast<const Real*>(__builtin_assume_aligned(x + d * group, 16));
      NWM_UNROLL
      for (std::size_t j = 0; j < step; ++j) w[j] = weight[(d + j) * stride];
      NWM_UNROLL
      for (std::size_t j = 0; j < step; ++j) NWM_UNROLL
      for (std::size_t l = 0; l < group; ++l) sum[l] += w[j] * from[j * group + l];
    }
    for (; d < end; ++d) NWM_UNROLL
    for (std::size_t l = 0; l < group; ++l) sum[l] += weight[d * stride] * x[d * group + l];
  }
  /// The part of n terms that way number `way` of stage s takes.
  template <std::size_t s, std::size_t n>
  static constexpr void add_way(unsigned way, const Real* weight, std::size_t stride, const Real* x,
                                std::array<Real, group>& sum) {
    constexpr auto each = static_cast<unsigned>(round_up((n + ways<s> - 1) / ways<s>, step));
    const auto start = static_cast<unsigned>(smaller(way * each, n));
    add(weight, stride, x, start, static_cast<unsigned>(smaller(start + each, n)), sum);
  }

  /// f(site seen, tap) for the taps of stage s around a site, or of its mirrored stencil.
  template <std::size_t s, class F>
  static constexpr void for_taps(unsigned site, const F& f) {
    constexpr int tall = static_cast<int>(C<s>::tap_rows), wide = static_cast<int>(C<s>::tap_columns);
    constexpr auto width = static_cast<unsigned>(S::G::width);
    const int y = static_cast<int>(site / width), x = static_cast<int>(site % width);
    for (int tap_row = 0; tap_row < tall; ++tap_row) {
      const int dy = tap_row - tall / 2;
      const int row = seen<s, S::G::height>(back ? y - dy : y + dy);
      if (row < 0) continue;
      for (int tap_column = 0; tap_column < wide; ++tap_column) {
        const int dx = tap_column - wide / 2;
        const int column = seen<s, S::G::width>(back ? x - dx : x + dx);
        if (column < 0) continue;
        f(static_cast<unsigned>(row) * width + static_cast<unsigned>(column),
          static_cast<unsigned>(tap_row * wide + tap_column));
      }
    }
  }

  /// Sum over the ways of result `row` of stage s, lane l.
  template <std::size_t s>
  static constexpr Real joined(const Real* partial, std::size_t row, std::size_t l) {
    Real sum = partial[row * group + l];
    NWM_UNROLL
    for (std::size_t way = 1; way < ways<s>; ++way) sum += partial[(way * results<s> + row) * group + l];
    return sum;
  }

 private:
  template <std::size_t s, std::size_t n>
  static constexpr int seen(int i) {
    if (i >= 0 && i < static_cast<int>(n)) return i;
    return static_cast<int>(C<s>::Boundary::source(i, static_cast<std::ptrdiff_t>(n)));
  }
};

}  // namespace nwm::device

#include "nwm/pop_macros.inc"
