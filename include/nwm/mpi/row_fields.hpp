// A cell run over time on some rows of a grid, the others being with other ranks: inner rows move while those
// at the borders are under way.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cstddef>

#include "nwm/backend/backend.hpp"
#include "nwm/cell/activation.hpp"
#include "nwm/cell/stage.hpp"
#include "nwm/grid/grid.hpp"
#include "nwm/memory/buffer.hpp"
#include "nwm/memory/for_constants.hpp"
#include "nwm/memory/tiles.hpp"
#include "nwm/mpi/row_halo.hpp"
#include "nwm/mpi/row_passes.hpp"
#include "nwm/mpi/row_split.hpp"
#include "nwm/simulation/in_place.hpp"
#include "nwm/tape/stages.hpp"
#include "nwm/time/recurrence.hpp"
#include "nwm/time/stage_kernels.hpp"

namespace nwm::mpi {

/// The fields of `Cell` with `channels` oscillators on a rank's rows of G, and their step: that of
/// model::InPlace bit for bit, however the rows are split. Fields are (channels, rows, W).
///
/// A stage that couples rows sends its outermost rows, as they are before it, moves those in between, waits,
/// and moves the last row and then the first. Rows are written in place: what a row still needs of one that
/// has moved is kept, the row above in `above_`, the second row in `second_`. A cell of one five-point stage
/// takes several steps between two exchanges where nobody looks in between (RowPasses).
template <cell::Cell Cell, class G, std::size_t channels, class B, class Real>
class RowFields {
  using Waves = model::Recurrence<Cell, G, channels, 1, 1, B, Real>;
  template <std::size_t s>
  using Stage = typename Waves::template Stage<s>;
  template <std::size_t s>
  using StencilAt = typename Waves::template StencilAt<s>;
  static constexpr std::size_t width = G::width;
  /// Fields that stage s gathers, channel by channel.
  template <std::size_t s>
  static constexpr std::size_t planes = Stage<s>::from.size() * channels;
  static constexpr std::size_t most_planes =
      model::largest_of<Waves::stages>([](auto s) { return planes<s>; });

  /// Whether rows are moved by the backend's word for five-point couplings, as InPlace decides.
  static constexpr bool by_rows = model::InPlace<Cell, G, channels, B, Real>::by_rows;
  static constexpr bool banded = model::BandedBackend<B>;
  /// Rows that are moved at once where there are so many.
  static constexpr std::size_t group = [] {
    if constexpr (by_rows) return std::size_t{B::rows_at_once};
    constexpr std::size_t row = (Waves::widest_coupled + most_planes / channels) * channels * width;
    constexpr std::size_t room = 32768 / sizeof(Real) / row;
    return room < 1 ? 1 : room < 8 ? room : 8;
  }();
  /// `count` rows with those above and below them.
  template <std::size_t s, std::size_t count>
  using Window = Grid<count + StencilAt<s>::size - 1, width, typename G::Boundary>;

 public:
  /// All fields zero.
  RowFields(const RankGrid& ranks, const RowSplit& split)
      : rows_(split.count(ranks.rank())),
        halo_(ranks, split, most_planes),
        passes_(ranks, split),
        fields_(Waves::fields * stride()),
        above_(most_planes * line),
        second_(most_planes * line),
        window_(most_planes * (group + 2) * width),
        coupled_(Waves::widest_coupled * channels * (group + 2) * width),
        scratch_(scratch_size()) {}

  /// Rows of this rank, and numbers of a field on them.
  std::size_t rows() const { return rows_; }
  /// Numbers of a field on them.
  std::size_t field_size() const { return channels * rows_ * width; }
  /// Field f on them, (channels, rows, W).
  Real* field(std::size_t f) { return fields_.data() + f * stride(); }
  /// Field f on them, (channels, rows, W).
  const Real* field(std::size_t f) const { return fields_.data() + f * stride(); }
  /// Bytes that this rank sends in a step of `run`.
  std::size_t bytes_sent() const {
    if (passes_.depth() > 1) return passes_.bytes_sent_a_step();
    return halo_.bytes_sent() * model::sum_of<Waves::stages>([](auto s) {
             return StencilAt<s>::size > 1 ? planes<s> : std::size_t{0};
           });
  }

  /// `count` steps of every stage. All ranks call it together.
  void run(const Cell& cell, const Real* parameters, std::size_t count) {
    if (count > 1 && passes_.depth() > 1)
      return passes_.run(cell, parameters, count, [&](std::size_t f) { return field(f); });
    for (std::size_t i = 0; i < count; ++i)
      for_constants<Waves::stages>([&](auto s) { stage<s>(cell, parameters + Waves::template offset<s>()); });
  }

 private:
  struct NoPasses {
    NoPasses(const RankGrid&, const RowSplit&) {}
    static constexpr std::size_t depth() { return 1; }
    static constexpr std::size_t bytes_sent_a_step() { return 0; }
    template <class Field>
    void run(const Cell&, const Real*, std::size_t, const Field&) {}
  };
  template <bool wanted, class = void>
  struct PassesOf {
    using type = NoPasses;
  };
  template <class Any>
  struct PassesOf<true, Any> {
    using type = RowPasses<Stage<0>, Cell, G, channels, B, Real>;
  };

  // Not a power of two, as in InPlace.
  std::size_t stride() const { return round_up(field_size(), 16) + 272; }
  // Whole cache lines, and room for whole packs.
  static constexpr std::size_t line = round_up(width, 16);

  static constexpr std::size_t scratch_size() {
    return model::largest_of<Waves::stages>([](auto s) {
      return std::max<std::size_t>(B::template scratch<StencilAt<s>, Window<s, group>>,
                                   B::template scratch<StencilAt<s>, Window<s, 1>>);
    });
  }

  /// Row r of the p-th plane that stage s gathers.
  template <std::size_t s>
  const Real* row(std::size_t p, std::size_t r) const {
    return field(Stage<s>::from[p / channels]) + (p % channels * rows_ + r) * width;
  }

  template <std::size_t s>
  void stage(const Cell& cell, const Real* weights) {
    const auto own = [&](std::size_t p, std::size_t r) { return row<s>(p, r); };
    if constexpr (StencilAt<s>::size == 1) {
      sweep<s>(cell, weights, 0, rows_);
    } else {
      halo_.begin(planes<s>, own);
      if (rows_ > 1)
        for (std::size_t p = 0; p < planes<s>; ++p) {
          std::copy_n(own(p, 1), width, second_.data() + p * line);
          std::copy_n(own(p, 0), width, above_.data() + p * line);
        }
      sweep<s>(cell, weights, 1, rows_ - 1);
      halo_.wait();
      const auto below = [&](std::size_t p) { return halo_.below(p); };
      if (rows_ > 1) move<s, 1>(cell, weights, rows_ - 1, below);
      for (std::size_t p = 0; p < planes<s>; ++p)
        std::copy_n(halo_.above(p), width, above_.data() + p * line);
      if (rows_ > 1) move<s, 1>(cell, weights, 0, [&](std::size_t p) { return second_.data() + p * line; });
      else move<s, 1>(cell, weights, 0, below);
    }
  }

  /// Moves rows first ≤ r < end, whose neighbours are this rank's own.
  template <std::size_t s>
  void sweep(const Cell& cell, const Real* weights, std::size_t first, std::size_t end) {
    std::size_t r = first;
    for (; r + group <= end; r += group)
      move<s, group>(cell, weights, r, [&](std::size_t p) { return row<s>(p, r + group); });
    for (; r < end; ++r) move<s, 1>(cell, weights, r, [&](std::size_t p) { return row<s>(p, r + 1); });
  }

  /// Stage s of `count` rows. above_ are the rows before them as they were, and become the last of them as it
  /// was; below(plane): the row after them.
  template <std::size_t s, std::size_t count, class Below>
  void move(const Cell& cell, const Real* weights, std::size_t first, const Below& below) {
    using S = Stage<s>;
    std::array<const Real*, S::reads.size()> in;
    std::array<Real*, S::writes.size()> out;
    for (std::size_t k = 0; k < in.size(); ++k) in[k] = field(S::reads[k]);
    for (std::size_t k = 0; k < out.size(); ++k) out[k] = field(S::writes[k]);
    if constexpr (by_rows) {
      const model::detail::StageForward<S, Cell, Real> update{cell, 0, nullptr, in, out};
      for (std::size_t c = 0; c < channels; ++c)
        B::template rows<typename G::Boundary, width, count>(weights + c * (channels + 1) * 9,
                                                             row<s>(c, first), above_.data() + c * line,
                                                             below(c), (c * rows_ + first) * width, update);
    } else {
      constexpr std::size_t reach = StencilAt<s>::size / 2, sites = Window<s, count>::sites;
      for (std::size_t p = 0; p < planes<s>; ++p) {
        Real* to = window_.data() + p * sites;
        std::copy_n(row<s>(p, first), count * width, to + reach * width);
        if constexpr (reach > 0) {
          std::copy_n(above_.data() + p * line, width, to);
          std::copy_n(below(p), width, to + (count + 1) * width);
          std::copy_n(to + count * width, width, above_.data() + p * line);
        }
      }
      const std::size_t plane = couple<s, count>(weights);
      const Real* coupled = coupled_.data() + (plane - count * width) / 2;
      for (std::size_t c = 0; c < channels; ++c) {
        const auto at = [&](auto lists) {
          for (auto& p : lists) p += (c * rows_ + first) * width;
          return lists;
        };
        B::template map<Real>(
            count * width, model::detail::StageForward<S, Cell, Real>{cell, channels * plane,
                                                                      coupled + c * plane, at(in), at(out)});
      }
    }
  }

  /// Sets the coupled values of `count` rows from the window: planes of the size returned, in whose middle
  /// the rows stand.
  template <std::size_t s, std::size_t count>
  std::size_t couple(const Real* weights) {
    using S = StencilAt<s>;
    using W = Window<s, count>;
    const std::array<const Real*, 1> window{window_.data()};
    if constexpr (banded) {
      if constexpr (S::size > 1) B::template prepare_rows<S, W>(window, scratch_.data(), 0, W::height);
      B::template couple_rows<S, W, count>(weights, window, coupled_.data(), scratch_.data(), S::size / 2);
      return count * width;
    } else {
      B::template couple<S, W, Activation::none>(weights, window, coupled_.data(), scratch_.data());
      return W::sites;
    }
  }

  std::size_t rows_;
  RowHalo<G, Real> halo_;
  typename PassesOf<by_rows>::type passes_;
  Buffer<Real> fields_, above_, second_, window_, coupled_, scratch_;
};

}  // namespace nwm::mpi

#include "nwm/pop_macros.inc"
