// A cell run over time with no way back: one version of each field, written in place, band of rows by band of
// rows.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cstddef>

#include "nwm/backend/threads.hpp"
#include "nwm/cell/stage.hpp"
#include "nwm/grid/grid.hpp"
#include "nwm/grid/stencil.hpp"
#include "nwm/memory/buffer.hpp"
#include "nwm/memory/for_constants.hpp"
#include "nwm/simulation/wavefront.hpp"
#include "nwm/time/recurrence.hpp"
#include "nwm/time/row_sweep.hpp"

namespace nwm::model {

namespace detail {
template <class B, class S, class G, class Real>
concept PreparesRows = requires(const std::array<const Real*, 1>& parts, Real* out, std::size_t row) {
  B::template prepare_rows<S, G>(parts, out, row, row);
};
template <class B, class S, class G, class Real>
concept CouplesRows =
    requires(const std::array<const Real*, 1>& parts, const Real* in, Real* out, std::size_t row) {
      B::template couple_rows<S, G, std::size_t{2}>(in, parts, out, in, row);
    };
}  // namespace detail

/// A backend that can couple some rows of a grid at a time (cpu::Simd has the meaning of both operations).
template <class B, class S = Stencil<1, 1, 3, Zero, false>, class G = Grid<8, 8, Zero>>
concept BandedBackend = detail::PreparesRows<B, S, G, float> && detail::PreparesRows<B, S, G, double> &&
                        detail::CouplesRows<B, S, G, float> && detail::CouplesRows<B, S, G, double>;

/// The fields of `Cell` with `channels` oscillators over `G`, and its step: that of Recurrence bit for bit. A
/// stage sees what the stages before it wrote in this step, else the step before. The coupled value of a band
/// is used where it was made, in the cache of its thread; bands are the same for every number of threads. A
/// cell of one five-point stage is moved row by row instead, several steps in one pass (Wavefront).
template <cell::Cell Cell, class G, std::size_t channels, class B, class Real>
class InPlace {
  using Waves = Recurrence<Cell, G, channels, 1, 1, B, Real>;
  template <std::size_t s>
  using Stage = typename Waves::template Stage<s>;
  template <std::size_t s>
  using StencilAt = typename Waves::template StencilAt<s>;

 public:
  static constexpr bool banded = BandedBackend<B>;  ///< whether bands of rows may run beside each other
  static_assert(whole_row_backend<B>());
  static_assert(banded || !detail::PreparesRows<B, Stencil<1, 1, 3, Zero, false>, Grid<8, 8, Zero>, float>,
                "a backend with `prepare_rows` has `couple_rows`, both in float and in double, as cpu::Simd");
  /// Whether rows are moved one by one, several steps in one pass.
  static constexpr bool by_rows = [] {
    if constexpr (RowBackend<B> && Waves::stages == 1 && cell::five_point<Stage<0>>)
      return Wavefront<typename G::Boundary, G::height, G::width, 1, B::line(G::width), channels,
                       Real>::possible;
    return false;
  }();
  static constexpr std::size_t columns = channels * G::sites;  ///< numbers of a field

  /// Rows of a band: its coupled value takes half of a first-level cache; whole tiles of the stencil's
  /// kernels (8 rows at most) where there is room.
  static constexpr std::size_t rows = [] {
    if (!banded) return G::height;
    constexpr std::size_t cache = 16384, row = Waves::widest_coupled * channels * G::width * sizeof(Real);
    constexpr std::size_t room = cache / row > 1 ? cache / row : 1;
    return std::min(G::height, room < 8 ? room : room / 8 * 8);
  }();
  static constexpr std::size_t bands = (G::height + rows - 1) / rows;  ///< how many bands there are

  /// Where rows are moved one by one: how many at once.
  static constexpr std::size_t group = row_group<B, G>;

  /// All fields zero. `threads` > 0, 1 unless `banded`.
  explicit InPlace(std::size_t threads)
      : threads_(std::min(threads, bands)),
        fields_(Waves::fields * field_stride),
        scratch_(by_rows ? 0 : Waves::scratch),
        coupled_all(by_rows ? 0 : threads_ * coupled_size),
        order_(std::min(threads, std::max<std::size_t>(1, columns * deepest / least_work)), deepest) {}

  /// The first number of field f.
  Real* field(std::size_t f) { return fields_.data() + f * field_stride; }
  /// The first number of field f.
  const Real* field(std::size_t f) const { return fields_.data() + f * field_stride; }
  /// Threads that there is work for.
  std::size_t busy_threads() const {
    if constexpr (by_rows) return order_.bands();
    return threads_;
  }

  /// `count` steps of every stage.
  void run(const Cell& cell, const Real* parameters, std::size_t count) {
    if constexpr (by_rows) {
      const std::size_t depth = order_.bands() > 1 || flattest < 2 ? deepest : flattest;
      run_together(order_.bands(), [&](const Worker& member) {
        for (std::size_t taken = 0; taken < count; taken += depth)
          pass(member, cell, parameters, std::min(depth, count - taken));
      });
    } else {
      for (std::size_t i = 0; i < count; ++i)
        for_constants<Waves::stages>([&](auto s) { stage<s>(cell, parameters); });
    }
  }

 private:
  /// How many steps at a time have the rows that are under way within `cache` bytes.
  static constexpr std::size_t depth_within(std::size_t cache, std::size_t most) {
    std::size_t touched = 0;
    for (std::size_t f = 0; f < Waves::fields; ++f)
      touched += cell::position(Stage<0>::reads, f) < Stage<0>::reads.size() ||
                 cell::position(Stage<0>::writes, f) < Stage<0>::writes.size();
    std::size_t steps = std::max<std::size_t>(1, std::min(most, G::height / group / 2));
    while (steps > 1 && (((steps + 1) * group + 1) * touched + steps) * G::width * sizeof(Real) > cache)
      --steps;
    return steps;
  }
  // In the first-level cache, and in the second; threads that wait for each other take the second's.
  static constexpr std::size_t flattest = depth_within(40960, 8), deepest = depth_within(1 << 19, 16);
  // Updates of a site in one pass that are worth a thread: a few times what waiting for the others costs.
  static constexpr std::size_t least_work = 1 << 16;

  struct AllAtOnce {  // nothing is kept for an order
    AllAtOnce(std::size_t, std::size_t) {}
  };
  template <bool wanted, class = void>
  struct OrderOf {
    using type = AllAtOnce;
  };
  template <class Any>
  struct OrderOf<true, Any> {
    using type =
        Wavefront<typename G::Boundary, G::height, G::width, group, B::line(G::width), channels, Real>;
  };

  // Fields do not stand a power of two apart, where the same sites of all would meet in the same places of
  // the cache.
  static constexpr std::size_t field_stride = (columns + 15) / 16 * 16 + 272;
  // Whole cache lines, so that threads do not share one.
  static constexpr std::size_t coupled_size =
      (Waves::widest_coupled * channels * rows * G::width + 31) / 32 * 32;

  template <std::size_t n>
  std::array<const Real*, n> seen(const std::array<std::size_t, n>& list) const {
    std::array<const Real*, n> result;
    for (std::size_t k = 0; k < n; ++k) result[k] = field(list[k]);
    return result;
  }

  /// `steps` ≤ deepest steps of the only stage.
  void pass(const Worker& member, const Cell& cell, const Real* parameters, std::size_t steps) {
    using S = Stage<0>;
    std::array<Real*, S::writes.size()> out;
    for (std::size_t w = 0; w < out.size(); ++w) out[w] = field(S::writes[w]);
    const detail::StageForward<S, Cell, Real> update{cell, columns, nullptr, seen(S::reads), out};
    const Real* coupled = field(S::from[0]);
    order_.pass(
        member, steps, [=](std::size_t c) { return coupled + c * G::sites; },
        [&](std::size_t c, std::size_t offset, Real* before, const Real* below) {
          const std::size_t index = c * G::sites + offset;
          B::template rows<typename G::Boundary, G::width, group>(
              parameters + c * (channels + 1) * 9, coupled + index, before, below, index, update);
        });
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
      Real* coupled = coupled_all.data() + thread * coupled_size;
      if (G::height % rows == 0 || b + 1 < bands) band<s, rows>(cell, parameters, b * rows, coupled);
      else if constexpr (G::height % rows != 0)
        band<s, G::height % rows>(cell, parameters, b * rows, coupled);
    });
  }

  /// Stage s of `count` rows from `first` on. coupled value: room for (groups·C, count, W).
  template <std::size_t s, std::size_t count>
  void band(const Cell& cell, const Real* parameters, std::size_t first, Real* coupled) {
    using S = Stage<s>;
    constexpr std::size_t writes = S::writes.size();
    constexpr std::size_t sites = count * G::width;
    const Real* weights = parameters + Waves::template offset<s>();
    if constexpr (banded)
      B::template couple_rows<StencilAt<s>, G, count>(weights, seen(S::from), coupled, scratch_.data(),
                                                      first);
    else
      B::template couple<StencilAt<s>, G, Activation::none>(weights, seen(S::from), coupled, scratch_.data());
    for (std::size_t c = 0; c < channels; ++c) {
      const std::size_t begin = c * G::sites + first * G::width;
      auto in = seen(S::reads);
      for (const Real*& p : in) p += begin;
      std::array<Real*, writes> out;
      for (std::size_t w = 0; w < writes; ++w) out[w] = field(S::writes[w]) + begin;
      B::template map<Real>(
          sites, detail::StageForward<S, Cell, Real>{cell, channels * sites, coupled + c * sites, in, out});
    }
  }

  std::size_t threads_;
  Buffer<Real> fields_, scratch_, coupled_all;
  typename OrderOf<by_rows>::type order_;
};

}  // namespace nwm::model

#include "nwm/pop_macros.inc"
