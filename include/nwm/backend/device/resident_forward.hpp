// All steps of an image in one launch: its fields stay on the chip, and only the tape leaves it.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cstddef>

#include "nwm/backend/device/halo.hpp"
#include "nwm/backend/device/resident.hpp"
#include "nwm/tape/stage_site.hpp"

namespace nwm::device {

/// Runs the steps from steps.initial and sets the tape's slots: model::Recurrence::run over a whole segment,
/// one image a block, one barrier a stage. Sums run over input channels, then rows, then columns, and begin
/// with the bias. A body (block.hpp); where `fits` is false it takes more than a block has on any device.
/// With two parts an image is in two blocks (InCluster makes a body of it), each with half the rows: what a
/// stencil gathers beyond them it reads in the other block (halo.hpp). The same bits.
template <class TimeSegment, unsigned parts_ = 1>
struct ResidentForward {
  static constexpr unsigned parts = parts_;
  using Real = typename TimeSegment::Real;
  using G = typename TimeSegment::G;
  using ThreadStrip = Strip<G, parts>;
  using Placement = Residence<TimeSegment>;
  static constexpr unsigned C = TimeSegment::channels, rows = ThreadStrip::rows;
  static constexpr std::size_t field = C * ThreadStrip::plane;  ///< numbers of a field of a block

  static constexpr std::size_t threads = ThreadStrip::threads, blocks = parts * TimeSegment::images;
  /// What the threads of a block share.
  struct Shared {
    alignas(16) std::array<Real, weights_offset<TimeSegment, false, TimeSegment::stages>()> weights;
    std::array<Real, std::max<std::size_t>(1, Placement::facts.copies* field)> fields;
  };
  /// What a thread has for itself.
  struct Local {
    std::array<Real, std::max<std::size_t>(1, Placement::facts.registers* C* rows)> fields;
  };

  /// Registers for the fields: half of a thread's; the other half computes.
  static constexpr bool fits = Placement::facts.one_writer && ThreadStrip::possible &&
                               unrolled<TimeSegment>(rows) <= unroll_forward &&
                               sizeof(Shared) <= shared_limit && sizeof(Local) <= 64 * 4;

  TimeSegment steps;

  template <class Blocks>
  constexpr void operator()(Blocks& all) const {
    // What a stage reads of the other block is in the coupled value, and with it in what goes onto the tape.
    each_thread<parts, true>(all, [&](auto&& block, std::size_t thread, Local& local) {
      begin(block.shared, local, ThreadStrip(thread, block.index), thread, block.index / parts);
    });
    TimeSegment::in_order([&](std::size_t i, auto s) {
      each_thread<parts, true>(all, [&](auto&& block, std::size_t thread, Local& local) {
        stage<s>(block, local, ThreadStrip(thread, block.index), block.index / parts, i);
      });
    });
  }

 private:
  /// Field f of channel c at row r, as it is before (`turn` = 0) or after (1) its writer's turn at step i.
  template <std::size_t f, class S, class L>
  static constexpr auto& own(S& shared, L& local, ThreadStrip strip, unsigned c, unsigned r,
                             std::size_t turn) {
    if constexpr (Placement::facts.gathered[f])
      return shared.fields[copy<f>(turn) + c * ThreadStrip::plane + strip.place(r)];
    else return local.fields[(Placement::facts.place[f] * C + c) * rows + r];
  }
  template <std::size_t f>
  static constexpr std::size_t copy(std::size_t turn) {
    return (Placement::facts.place[f] + (Placement::facts.twice[f] ? turn % 2 : 0)) * field;
  }
  /// The turn of the copy of field f that stage s sees at step i.
  template <std::size_t s, std::size_t f>
  static constexpr std::size_t turn(std::size_t i) {
    constexpr auto source = TimeSegment::Map::source(s, f);
    return source.stage == TimeSegment::Map::none || source.previous ? i : i + 1;
  }

  constexpr void begin(Shared& shared, Local& local, ThreadStrip strip, std::size_t thread,
                       std::size_t image) const {
    load_weights<TimeSegment, false>(steps.parameters, shared.weights.data(), thread, threads);
    for_constants<TimeSegment::fields>([&](auto f) {
      NWM_UNROLL
      for (unsigned c = 0; c < C; ++c) NWM_UNROLL
      for (unsigned r = 0; r < rows; ++r)
        if (strip.inside(r))
          own<f>(shared, local, strip, c, r, 0) =
              steps.initial[f][TimeSegment::plane(c, image) + strip.site(r)];
    });
  }

  template <std::size_t s, class Block>
  constexpr void stage(Block& block, Local& local, ThreadStrip strip, std::size_t image,
                       std::size_t i) const {
    Shared& shared = block.shared;
    using Stage = typename TimeSegment::template Stage<s>;
    using Stencil = typename TimeSegment::template StencilAt<s>;
    using W = Weights<Stencil, false>;
    constexpr unsigned groups = Stage::groups, outs = Stencil::out;
    constexpr unsigned together = divisor(rows, 16 / outs);  // rows whose sums are in registers at a time
    const Real* weights = shared.weights.data() + weights_offset<TimeSegment, false, s>();
    NWM_UNROLL
    for (unsigned first = 0; first < rows; first += together) {
      std::array<Real, together * outs> sum;
      NWM_UNROLL
      for (unsigned k = 0; k < together * outs; ++k)
        sum[k] = Stencil::bias ? weights[W::bias + k % outs] : Real(0);
      for_constants<Stage::from.size()>([&](auto k) {
        constexpr std::size_t f = Stage::from[k];
        using Boundary = typename Stencil::Boundary;
        const auto begin = [&](const Shared& of) { return of.fields.data() + copy<f>(turn<s, f>(i)); };
        [[maybe_unused]] Halo<Real> halo;
        if constexpr (Stencil::size == 3) halo = halo_of<Boundary, Real>(block, strip, begin);
        NWM_UNROLL
        for (unsigned c = 0; c < C; ++c) {
          const auto take = [&](unsigned r, unsigned tap, Real value) {
            NWM_UNROLL
            for (unsigned o = 0; o < outs; ++o)
              sum[r * outs + o] += weights[W::at(k * C + c, tap, o)] * value;
          };
          if constexpr (Stencil::size == 3) {
            strip.template window<Boundary, together>(begin(shared), halo, c, first, take);
          } else {
            NWM_UNROLL
            for (unsigned r = 0; r < together; ++r)
              if (strip.inside(first + r))
                take(r, 0, own<f>(shared, local, strip, c, first + r, turn<s, f>(i)));
          }
        }
      });
      NWM_UNROLL
      for (unsigned r = 0; r < together; ++r) {
        const unsigned row = first + r;
        if (!strip.inside(row)) continue;
        NWM_UNROLL
        for (unsigned c = 0; c < C; ++c) {
          std::array<Real, groups> coupled;
          NWM_UNROLL
          for (unsigned g = 0; g < groups; ++g) {
            coupled[g] = sum[r * outs + g * C + c];
            if constexpr (TimeSegment::Map::keeps_coupled)
              steps.template coupled<s>(i)[TimeSegment::plane(g * C + c, image) + strip.site(row)] =
                  coupled[g];
          }
          model::stage_at<Stage>(
              steps.cell, coupled,
              [&](auto k) {
                constexpr std::size_t f = Stage::reads[k];
                return own<f>(shared, local, strip, c, row, turn<s, f>(i));
              },
              [&](auto k, Real value) {
                constexpr std::size_t f = Stage::writes[k];
                own<f>(shared, local, strip, c, row, i + 1) = value;
                if (TimeSegment::Map::keeps(s, f) || i + 1 == TimeSegment::length)
                  steps.template version<s, f>(i)[TimeSegment::plane(c, image) + strip.site(row)] = value;
              });
        }
      }
    }
  }
};

}  // namespace nwm::device

#include "nwm/pop_macros.inc"
