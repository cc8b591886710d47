// All steps of an image backwards in one launch: the fields' gradients stay on the chip.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cstddef>

#include "nwm/backend/device/halo.hpp"
#include "nwm/backend/device/resident.hpp"
#include "nwm/tape/recalled.hpp"

namespace nwm::device {

/// model::Recurrence::run_back over a whole segment, one image a block. From a tape that run has left, the
/// gradient of its series (length, channels, image, site) and that of the fields at its end in `gradient`
/// (fields, channels, image, site), which becomes that at its start (for maps: is added to).
/// Gradients of maps stand in shared memory, those of other fields in the registers of the thread that owns
/// the site. What a stage's coupled value hands to its neighbours' fields goes through shared memory and is
/// gathered by the mirrored stencil, so that the boundary must be its own adjoint; the same numbers times the
/// field at the site itself are the gradient in the weights. That gradient is summed in registers over all
/// steps where there are few parameters (`sums`): partial (images, parameters) is set, threads added in a
/// fixed order. Else the gradient of every coupled value is left in steps.coupled. A
/// body (block.hpp); where `fits` is false it takes more than a block has on any device.
/// With two copies of a coupled value's gradient a stage writes the one while the stage before it is still
/// gathered from the other; with one there are two barriers a stage. Both give the same bits.
/// With two parts an image is in two blocks (InCluster makes a body of it), each with half the rows: what is
/// gathered beyond them it reads in the other block (halo.hpp), and `partial` is (images, parts, parameters).
/// The same bits but for the order of that sum.
template <class TimeSegment, std::size_t coupled_copies = 2, unsigned parts_ = 1>
struct ResidentBackward {
  static constexpr unsigned parts = parts_;
  static_assert(coupled_copies == 1 || coupled_copies == 2);
  using Real = typename TimeSegment::Real;
  using G = typename TimeSegment::G;
  using ThreadStrip = Strip<G, parts>;
  static constexpr unsigned C = TimeSegment::channels, rows = ThreadStrip::rows;
  static constexpr std::size_t field = C * ThreadStrip::plane;  ///< numbers of a field of a block
  static constexpr std::size_t threads = ThreadStrip::threads, blocks = parts * TimeSegment::images;

 private:
  struct Facts {
    std::array<bool, TimeSegment::fields> map{};
    std::array<std::size_t, TimeSegment::fields> place{};  ///< among the maps or among the others
    std::size_t maps = 0, others = 0;
    std::size_t groups = 0;  ///< of the 3×3 stage that has most
    bool known = true;       ///< every boundary is its own adjoint
  };
  static constexpr Facts facts = [] {
    Facts all;
    for (std::size_t f = 0; f < TimeSegment::fields; ++f) {
      all.map[f] = cell::field<typename TimeSegment::Cell>(f).role == cell::Role::map;
      all.place[f] = all.map[f] ? all.maps++ : all.others++;
    }
    for_constants<TimeSegment::stages>([&](auto s) {
      using S = typename TimeSegment::template StencilAt<s>;
      if (S::size == 1) return;
      all.groups = std::max<std::size_t>(all.groups, TimeSegment::template Stage<s>::groups);
      all.known = all.known && S::Boundary::self_adjoint;
    });
    return all;
  }();

  /// Whether what `gather` reads of the other block is in what `site` stores behind it: of an oscillator the
  /// gradient of y is in that of the coupled value. In general they may be of different fields.
  static constexpr bool uses_halo = cell::SeriesCell<typename TimeSegment::Cell> && coupled_copies == 2;
  static constexpr std::size_t weights = weights_offset<TimeSegment, true, TimeSegment::stages>();
  /// Numbers of a coupled value's gradient; at the end the same memory takes the threads' sums.
  static constexpr std::size_t coupled = std::max(facts.groups * field, threads);

 public:
  static constexpr bool sums = TimeSegment::parameter_count * sizeof(Real) <= 40 * sizeof(float);
  /// What the threads of a block share.
  struct Shared {
    alignas(16) std::array<Real, weights> weight;
    std::array<Real, coupled_copies * coupled> coupled_gradient;
    std::array<Real, std::max<std::size_t>(1, facts.maps* field)> maps;
  };
  /// What a thread has for itself.
  struct Local {
    std::array<Real, std::max<std::size_t>(1, facts.others* C* rows)> fields;
    std::array<Real, sums ? weights : 1> sum;
  };
  static constexpr bool fits = facts.known && ThreadStrip::possible &&
                               unrolled<TimeSegment>(rows) <= unroll_backward &&
                               sizeof(Shared) <= shared_limit && sizeof(Local) <= 96 * 4;

  TimeSegment steps;
  const Real* series_gradient;
  Real *gradient, *partial;

  template <class Blocks>
  constexpr void operator()(Blocks& all) const {
    // Phases of f(block, strip, local).
    const auto phase = [&](const auto& f) {
      each_thread<parts, uses_halo>(all, [&](auto&& block, std::size_t thread, Local& local) {
        f(block, ThreadStrip(thread, block.index), local);
      });
    };
    each_thread<parts, true>(all, [&](auto&& block, std::size_t thread, Local& local) {
      const ThreadStrip strip(thread, block.index);
      load_weights<TimeSegment, true>(steps.parameters, block.shared.weight.data(), thread, threads);
      local.sum.fill(Real(0));
      each_field(strip, block.index / parts, [&](auto f, unsigned c, unsigned r, std::size_t at) {
        constexpr bool lives = cell::role<typename TimeSegment::Cell, f> != cell::Role::intermediate;
        own<f>(block.shared, local, strip, c, r) = lives ? gradient[f * TimeSegment::columns + at] : Real(0);
      });
    });
    std::size_t turn = 0;
    TimeSegment::in_reverse([&](std::size_t i, auto s) {
      // The stage that ran before this one, backwards: its coupled value's gradient is complete.
      constexpr std::size_t behind = s + 1 < TimeSegment::stages ? s + 1 : 0;
      const std::size_t step = s + 1 < TimeSegment::stages ? i : i + 1;
      if constexpr (coupled_copies == 2) {
        phase([&](auto&& block, ThreadStrip strip, Local& local) {
          if (step < TimeSegment::length)
            gather<behind>(block, local, strip, block.index / parts, step, turn);
          site<s>(block.shared, local, strip, block.index / parts, i, turn + 1);
        });
      } else {
        phase([&](auto&& block, ThreadStrip strip, Local& local) {
          site<s>(block.shared, local, strip, block.index / parts, i, turn + 1);
        });
        phase([&](auto&& block, ThreadStrip strip, Local& local) {
          gather<s>(block, local, strip, block.index / parts, i, turn + 1);
        });
      }
      ++turn;
    });
    phase([&](auto&& block, ThreadStrip strip, Local& local) {
      if constexpr (coupled_copies == 2) gather<0>(block, local, strip, block.index / parts, 0, turn);
      each_field(strip, block.index / parts, [&](auto f, unsigned c, unsigned r, std::size_t at) {
        gradient[f * TimeSegment::columns + at] = own<f>(block.shared, local, strip, c, r);
      });
    });
    if constexpr (sums) add_threads(all);
  }

 private:
  template <std::size_t f>
  static constexpr Real& own(Shared& shared, Local& local, ThreadStrip strip, unsigned c, unsigned r) {
    if constexpr (facts.map[f])
      return shared.maps[facts.place[f] * field + c * ThreadStrip::plane + strip.place(r)];
    else return local.fields[(facts.place[f] * C + c) * rows + r];
  }
  /// f(field, c, r, where it stands) for all numbers of a thread's sites.
  template <class F>
  static constexpr void each_field(ThreadStrip strip, std::size_t image, const F& function) {
    for_constants<TimeSegment::fields>([&](auto f) {
      NWM_UNROLL
      for (unsigned c = 0; c < C; ++c) NWM_UNROLL
      for (unsigned r = 0; r < rows; ++r)
        if (strip.inside(r)) function(f, c, r, TimeSegment::plane(c, image) + strip.site(r));
    });
  }
  template <std::size_t s>
  static constexpr std::size_t offset = weights_offset<TimeSegment, true, s>();
  template <std::size_t s>
  static constexpr bool summed = sums && TimeSegment::template Stage<s>::coupling.trained;

  /// The sites' part of stage s: from the gradient of what it writes to that of its coupled value and of what
  /// it reads.
  template <std::size_t s>
  constexpr void site(Shared& shared, Local& local, ThreadStrip strip, std::size_t image, std::size_t i,
                      std::size_t turn) const {
    using Stage = typename TimeSegment::template Stage<s>;
    using Stencil = typename TimeSegment::template StencilAt<s>;
    using W = Weights<Stencil, true>;
    constexpr unsigned groups = Stage::groups, outs = Stencil::out;
    using Tape = model::Recalled<TimeSegment, s>;
    Real* const to = shared.coupled_gradient.data() + turn % coupled_copies * coupled;
    NWM_UNROLL
    for (unsigned r = 0; r < rows; ++r) {
      if (!strip.inside(r)) continue;
      std::array<Real, outs> coupled_gradient;
      NWM_UNROLL
      for (unsigned c = 0; c < C; ++c) {
        const std::size_t at = TimeSegment::plane(c, image) + strip.site(r);
        if constexpr (s + 1 == TimeSegment::stages)
          own<cell::recorded<typename TimeSegment::Cell>>(shared, local, strip, c, r) +=
              series_gradient[i * TimeSegment::columns + at];
        std::array<Real, groups> coupled_all;
        NWM_UNROLL
        for (unsigned g = 0; g < groups; ++g) coupled_all[g] = Tape::coupled(steps, i, g)[at];
        const auto result = Tape::adjoint(
            steps, i, coupled_all, [&](auto k) { return Tape::template read<k>(steps, i)[at]; },
            [&](auto f) { return own<f>(shared, local, strip, c, r); },
            [&](auto f, Real value) { own<f>(shared, local, strip, c, r) = value; });
        NWM_UNROLL
        for (unsigned g = 0; g < groups; ++g) {
          const unsigned o = g * C + c;
          coupled_gradient[o] = result[g];
          if constexpr (Stencil::size == 3) to[o * ThreadStrip::plane + strip.place(r)] = result[g];
          if constexpr (!sums)
            steps.template coupled<s>(i)[TimeSegment::plane(o, image) + strip.site(r)] = result[g];
          if constexpr (summed<s> && Stencil::bias) local.sum[offset<s> + W::bias + o] += result[g];
        }
      }
      if constexpr (Stencil::size == 1) {
        for_constants<Stage::from.size()>([&](auto k) {
          constexpr std::size_t f = Stage::from[k];
          NWM_UNROLL
          for (unsigned c = 0; c < C; ++c) {
            Real value(0);
            if constexpr (summed<s>)
              value = steps.template seen<s, f>()[i][TimeSegment::plane(c, image) + strip.site(r)];
            NWM_UNROLL
            for (unsigned o = 0; o < outs; ++o)
              pass<s>(shared, local, own<f>(shared, local, strip, c, r), W::at(o, 0, k * C + c),
                      coupled_gradient[o], value);
          }
        });
      }
    }
  }

  /// The neighbours' part of a 3×3 stage: to the gradient of what it gathered, and of its weights.
  template <std::size_t s, class Block>
  constexpr void gather(Block& block, Local& local, ThreadStrip strip, std::size_t image, std::size_t i,
                        std::size_t turn) const {
    Shared& shared = block.shared;
    using Stage = typename TimeSegment::template Stage<s>;
    using Stencil = typename TimeSegment::template StencilAt<s>;
    using W = Weights<Stencil, true>;
    if constexpr (Stencil::size == 3) {
      constexpr unsigned ins = Stencil::in;
      std::array<Real, ins * rows> value;  // of the fields at the thread's own sites
      value.fill(Real(0));
      if constexpr (summed<s>)
        for_constants<Stage::from.size()>([&](auto k) {
          const Real* from = steps.template seen<s, Stage::from[k]>()[i];
          NWM_UNROLL
          for (unsigned c = 0; c < C; ++c) NWM_UNROLL
          for (unsigned r = 0; r < rows; ++r)
            if (strip.inside(r))
              value[(k * C + c) * rows + r] = from[TimeSegment::plane(c, image) + strip.site(r)];
        });
      using Boundary = typename Stencil::Boundary;
      const auto begin = [&](const Shared& of) {
        return of.coupled_gradient.data() + turn % coupled_copies * coupled;
      };
      const Halo<Real> halo = halo_of<Boundary, Real>(block, strip, begin);
      NWM_UNROLL
      for (unsigned o = 0; o < Stencil::out; ++o)
        strip.template window<Boundary, rows>(
            begin(shared), halo, o, 0, [&](unsigned r, unsigned tap, Real sent) {
              if (!strip.inside(r)) return;
              for_constants<Stage::from.size()>([&](auto k) {
                NWM_UNROLL
                for (unsigned c = 0; c < C; ++c)
                  pass<s>(shared, local, own<Stage::from[k]>(shared, local, strip, c, r),
                          W::at(o, tap, k * C + c), sent, value[(k * C + c) * rows + r]);
              });
            });
    }
  }

  /// What a coupled value's gradient hands to a field's through one weight, and to that weight's.
  template <std::size_t s>
  static constexpr void pass(Shared& shared, Local& local, Real& to, std::size_t weight, Real sent,
                             Real value) {
    to += shared.weight[offset<s> + weight] * sent;
    if constexpr (summed<s>) local.sum[offset<s> + weight] += sent * value;
  }

  /// Sets partial: for as many weights at a time as there is memory, each thread's sum, then those of every
  /// `ways`-th thread, then those.
  template <class Blocks>
  constexpr void add_threads(Blocks& blocks_) const {
    constexpr std::size_t chunk = std::min(weights, coupled_copies * coupled / threads);
    constexpr std::size_t ways = std::min<std::size_t>(16, threads);
    for_constants<(weights + chunk - 1) / chunk>([&](auto part) {
      constexpr std::size_t first = part * chunk, count = std::min(chunk, weights - first);
      each_thread<parts, true>(blocks_, [&](auto&& block, std::size_t thread, Local& local) {
        Real* const all = block.shared.coupled_gradient.data();
        NWM_UNROLL
        for (std::size_t k = 0; k < count; ++k) all[k * threads + thread] = local.sum[first + k];
      });
      each_thread<parts, true>(blocks_, [&](auto&& block, std::size_t thread, Local&) {
        Real* const all = block.shared.coupled_gradient.data();
        for (std::size_t w = thread; w < count * ways; w += threads) {
          Real* const sums_ = all + w / ways * threads + w % ways;
          for (std::size_t t = ways; w % ways + t < threads; t += ways) *sums_ += sums_[t];
        }
      });
      each_thread<parts, true>(blocks_, [&](auto&& block, std::size_t thread, Local&) {
        const Real* const all = block.shared.coupled_gradient.data();
        for (std::size_t k = thread; k < count; k += threads) {
          Real sum(0);
          for (std::size_t way = 0; way < ways; ++way) sum += all[k * threads + way];
          set_partial(block.index, first + k, sum);
        }
      });
    });
  }
  /// The sum at `place` of Weights as the parameter it belongs to.
  constexpr void set_partial(std::size_t block, std::size_t place, Real sum) const {
    for_constants<TimeSegment::stages>([&](auto s) {
      using S = typename TimeSegment::template StencilAt<s>;
      using W = Weights<S, true>;
      if (place - offset<s> >= W::size) return;  // another stage's
      const std::size_t p = W::parameter(place - offset<s>);
      if (p < S::parameters)
        partial[block * TimeSegment::parameter_count + TimeSegment::template offset<s>() + p] = sum;
    });
  }
};

}  // namespace nwm::device

#include "nwm/pop_macros.inc"
