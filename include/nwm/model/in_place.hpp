// A cell run over time with no way back: one version of each field, written in place, band of rows by band of
// rows.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "nwm/backend/threads.hpp"
#include "nwm/cell/cell.hpp"
#include "nwm/grid/grid.hpp"
#include "nwm/grid/stencil.hpp"
#include "nwm/memory/buffer.hpp"
#include "nwm/model/recurrence.hpp"

namespace nwm::model {

/// A backend that can couple some rows of a grid at a time (cpu::Simd has the meaning of both operations).
template <class B, class S = Stencil<1, 1, 3, Zero, false>, class G = Grid<8, 8, Zero>>
concept BandedBackend = requires(const std::array<const float*, 1>& parts, const float* in, float* out,
                                 std::size_t row) {
  B::template prepare_rows<S, G>(parts, out, row, row);
  B::template couple_rows<S, G, std::size_t{2}>(in, parts, out, in, row);
};

/// The fields of `Cell` with `channels` oscillators over `G`, and its step: that of Recurrence bit for bit. A
/// stage sees what the stages before it wrote in this step, else the step before. The drive of a band is used
/// where it was made, in the cache of its thread. Bands are the same for every number of threads.
template <cell::Cell Cell, class G, std::size_t channels, class B, class Real>
class InPlace {
  using Waves = Recurrence<Cell, G, channels, 1, 1, B, Real>;
  template <std::size_t s>
  using Stage = typename Waves::template Stage<s>;
  template <std::size_t s>
  using StencilAt = typename Waves::template StencilAt<s>;

 public:
  static constexpr bool banded = BandedBackend<B>;
  static constexpr std::size_t columns = channels * G::sites;

  /// Rows of a band: its drive takes half of a first-level cache; whole tiles of the stencil's kernels (8
  /// rows at most) where there is room.
  static constexpr std::size_t rows = [] {
    if (!banded) return G::height;
    constexpr std::size_t cache = 16384, row = Waves::widest_drive * channels * G::width * sizeof(Real);
    constexpr std::size_t room = cache / row > 1 ? cache / row : 1;
    return std::min(G::height, room < 8 ? room : room / 8 * 8);
  }();
  static constexpr std::size_t bands = (G::height + rows - 1) / rows;

  /// All fields zero. `threads` > 0, 1 unless `banded`.
  explicit InPlace(std::size_t threads)
      : threads_(threads),
        fields_(Waves::fields * columns),
        scratch_(Waves::scratch),
        drives_(threads * drive_size) {}

  Real* field(std::size_t f) { return fields_.data() + f * columns; }
  const Real* field(std::size_t f) const { return fields_.data() + f * columns; }
  std::size_t threads() const { return threads_; }

  /// One step of every stage.
  void step(const Cell& cell, const Real* parameters) {
    [&]<std::size_t... s>(std::index_sequence<s...>) { (stage<s>(cell, parameters), ...); }
    (std::make_index_sequence<Waves::stages>{});
  }

 private:
  // Whole cache lines, so that threads do not share one.
  static constexpr std::size_t drive_size = (Waves::widest_drive * channels * rows * G::width + 31) / 32 * 32;

  template <std::size_t n>
  std::array<const Real*, n> seen(const std::array<std::size_t, n>& list) const {
    std::array<const Real*, n> result;
    for (std::size_t k = 0; k < n; ++k) result[k] = field(list[k]);
    return result;
  }

  template <std::size_t s>
  void stage(const Cell& cell, const Real* parameters) {
    const auto from = seen(Stage<s>::from);
    if constexpr (banded && (StencilAt<s>::size > 1 || Stage<s>::from.size() > 1))
      spread_over_threads(bands, threads_, [&](std::size_t b, std::size_t) {
        B::template prepare_rows<StencilAt<s>, G>(from, scratch_.data(), b * rows,
                                                  std::min(G::height, (b + 1) * rows));
      });
    spread_over_threads(bands, threads_, [&](std::size_t b, std::size_t thread) {
      Real* drive = drives_.data() + thread * drive_size;
      if (G::height % rows == 0 || b + 1 < bands) band<s, rows>(cell, parameters, b * rows, drive);
      else if constexpr (G::height % rows != 0) band<s, G::height % rows>(cell, parameters, b * rows, drive);
    });
  }

  /// Stage s of `count` rows from `first` on. drive: room for (groups·C, count, W).
  template <std::size_t s, std::size_t count>
  void band(const Cell& cell, const Real* parameters, std::size_t first, Real* drive) {
    using S = Stage<s>;
    constexpr std::size_t writes = S::writes.size();
    constexpr std::size_t sites = count * G::width;
    const Real* weights = parameters + Waves::template offset<s>();
    if constexpr (banded)
      B::template couple_rows<StencilAt<s>, G, count>(weights, seen(S::from), drive, scratch_.data(), first);
    else
      B::template couple<StencilAt<s>, G, Activation::none>(weights, seen(S::from), drive, scratch_.data());
    for (std::size_t c = 0; c < channels; ++c) {
      const std::size_t begin = c * G::sites + first * G::width;
      auto in = seen(S::reads);
      for (const Real*& p : in) p += begin;
      std::array<Real*, writes> out;
      for (std::size_t w = 0; w < writes; ++w) out[w] = field(S::writes[w]) + begin;
      B::template map<Real>(
          sites, detail::StageForward<S, Cell, Real>{cell, channels * sites, drive + c * sites, in, out});
    }
  }

  std::size_t threads_;
  Buffer<Real> fields_, scratch_, drives_;
};

}  // namespace nwm::model
