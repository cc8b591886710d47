// All steps of some sequences in one launch: their fields stay on the chip, and only the tape leaves it.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cstddef>

#include "nwm/backend/device/sequence_block.hpp"
#include "nwm/tape/stage_site.hpp"

namespace nwm::device {

/// Runs the steps from steps.initial and steps.drive and sets the tape's slots: model::Recurrence::run over a
/// whole segment of sequences, `group` a block, at most two barriers a stage. Sums run over the gathered
/// fields' rows (of a stencil: over taps, then channels) in as many ways as threads share a result, then over
/// the ways; the bias comes last. A body (block.hpp) for segments that are `sequences_possible`.
template <class S, WeightsIn weights_in>
struct SequenceForward {
  using Plan = SequenceBlock<S, weights_in, false>;
  using Real = typename S::Real;
  static constexpr std::size_t group = Plan::group, lanes = Plan::lanes;
  static constexpr std::size_t threads = Plan::threads, blocks = Plan::blocks;

  /// Where field f begins among the fields, on 16 bytes; the input of a step stands there twice, in turns.
  template <std::size_t f>
  static constexpr std::size_t field_numbers = round_up(Plan::template field_rows<f> * group, Plan::align);
  template <std::size_t f>
  static constexpr std::size_t offset() {
    constexpr std::size_t sum =
        model::sum_of<f>([](auto k) { return field_numbers<k> * (Plan::template is_drive<k> ? 2 : 1); });
    return sum;
  }
  template <std::size_t s>
  static constexpr std::size_t bias_offset() {
    constexpr std::size_t sum = model::sum_of<s>([](auto k) {
      using C = typename Plan::template C<k>;
      return C::Stage::couples && C::bias ? C::out : 0;
    });
    return sum;
  }

  /// What the threads of a block share.
  struct Shared {
    alignas(16) std::array<Real, Plan::in_shared ? std::max<std::size_t>(1, Plan::weight_numbers) : 1> weight;
    alignas(16) std::array<Real, offset<S::fields>()> fields;
    std::array<Real, Plan::partial_numbers> partial;
    std::array<Real, std::max<std::size_t>(1, bias_offset<S::stages>())> bias;
  };

 private:
  static constexpr std::size_t drive = [] {
    std::size_t found = 0;
    for_constants<S::fields>([&](auto f) {
      if constexpr (Plan::template is_drive<f>) found = f;
    });
    return found;
  }();
  static constexpr std::size_t drive_numbers = Plan::template field_rows<drive> * group;
  static constexpr std::size_t drive_each = (drive_numbers + threads - 1) / threads;  ///< of a thread
  static constexpr bool drive_ahead = drive_each <= 8;  ///< in registers while the product runs

 public:
  /// What a thread has for itself.
  struct Local {
    std::array<Real, drive_ahead ? drive_each : 1> drive;
  };

  S steps;
  const Real* transposed;  ///< weights [depth][columns] of all stages, where they are not in shared memory

  template <class Block>
  constexpr void operator()(Block& block) const {
    block.each([&](std::size_t thread, Local& local) {
      begin(block.shared, thread, block.index);
      load_drive(block.shared, local, thread, block.index, 0);
      store_drive(block.shared, local, thread, block.index, 0);
    });
    S::in_order([&](std::size_t i, auto s) {
      constexpr bool couples = Plan::template Stage<s>::couples;
      const bool ahead = s == 0 && i + 1 < S::length;  // the next step's input comes meanwhile
      if constexpr (couples) {
        block.each([&](std::size_t thread, Local& local) {
          if (ahead) load_drive(block.shared, local, thread, block.index, i + 1);
          product<s>(block.shared, thread, i);
          if (ahead) store_drive(block.shared, local, thread, block.index, i + 1);
        });
      }
      block.each([&](std::size_t thread, Local& local) {
        if (!couples && ahead) load_drive(block.shared, local, thread, block.index, i + 1);
        update<s>(block.shared, thread, block.index, i);
        if (!couples && ahead) store_drive(block.shared, local, thread, block.index, i + 1);
      });
    });
  }

 private:
  /// Field f as step i sees it.
  template <std::size_t f>
  static constexpr Real* field(Shared& shared, std::size_t i) {
    if constexpr (Plan::template is_drive<f>)
      return shared.fields.data() + offset<f>() + i % 2 * field_numbers<f>;
    else return shared.fields.data() + offset<f>();
  }

  constexpr void begin(Shared& shared, std::size_t thread, std::size_t block) const {
    for_constants<S::stages>([&](auto s) {
      using C = typename Plan::template C<s>;
      if constexpr (C::Stage::couples) {
        const Real* from = steps.parameters + S::template offset<s>();
        if constexpr (Plan::in_shared) {
          for (std::size_t p = thread; p < C::weights; p += threads)
            shared.weight[Plan::template weights_offset<s>() + p % C::K * C::out + p / C::K] = from[p];
        }
        if constexpr (C::bias) {
          for (std::size_t o = thread; o < C::out; o += threads)
            shared.bias[bias_offset<s>() + o] = from[C::weights + o];
        }
      }
    });
    for_constants<S::fields>([&](auto f) {
      if constexpr (!Plan::template is_drive<f>) {
        for (std::size_t n = thread; n < Plan::numbers; n += threads) {
          const std::size_t lane = block * group + n % group;
          field<f>(shared, 0)[n] = lane < lanes ? steps.initial[f][n / group * lanes + lane] : Real(0);
        }
      }
    });
  }

  /// The input of step i: to registers, and from there to the copy that step i reads.
  constexpr Real drive_at(std::size_t n, std::size_t block, std::size_t i) const {
    const std::size_t lane = block * group + n % group;
    return n < drive_numbers && lane < lanes
               ? steps.drive.first[i * steps.drive.stride + n / group * lanes + lane]
               : Real(0);
  }
  constexpr void load_drive(Shared&, Local& local, std::size_t thread, std::size_t block,
                            std::size_t i) const {
    if constexpr (drive_ahead) {
      NWM_UNROLL
      for (std::size_t j = 0; j < drive_each; ++j) local.drive[j] = drive_at(thread + j * threads, block, i);
    }
  }
  constexpr void store_drive(Shared& shared, Local& local, std::size_t thread, std::size_t block,
                             std::size_t i) const {
    Real* to = field<drive>(shared, i);
    if constexpr (drive_ahead) {
      NWM_UNROLL
      for (std::size_t j = 0; j < drive_each; ++j)
        if (thread + j * threads < drive_numbers) to[thread + j * threads] = local.drive[j];
    } else {
      for (std::size_t n = thread; n < drive_numbers; n += threads) to[n] = drive_at(n, block, i);
    }
  }

  /// Sets the stage's partial sums.
  template <std::size_t s>
  constexpr void product(Shared& shared, std::size_t thread, std::size_t i) const {
    using Stage = typename Plan::template Stage<s>;
    using C = typename Plan::template C<s>;
    constexpr std::size_t parts = Stage::from.size(), results = Plan::template results<s>;
    const Real* weight =
        (Plan::in_shared ? shared.weight.data() : transposed) + Plan::template weights_offset<s>();
    if constexpr (Plan::template dense<s>) {
      constexpr auto abreast = static_cast<unsigned>(Plan::template abreast<s>);
      const unsigned way = static_cast<unsigned>(thread) / abreast;
      if (way >= Plan::template ways<s>) return;
      for (unsigned o = static_cast<unsigned>(thread) % abreast; o < results; o += abreast) {
        std::array<Real, group> sum{};
        for_constants<parts>([&](auto k) {
          Plan::template add_way<s, C::template rows<k>>(
              way, weight + Plan::template first_column<s, k> * C::out + o, C::out,
              field<Stage::from[k]>(shared, i), sum);
        });
        set_partial(shared, way * results + o, sum);
      }
    } else {
      constexpr auto sites = static_cast<unsigned>(Plan::sites);
      for (unsigned n = static_cast<unsigned>(thread); n < results; n += static_cast<unsigned>(threads)) {
        const unsigned o = n / sites;
        std::array<Real, group> sum{};
        Plan::template for_taps<s>(n % sites, [&](unsigned at, unsigned tap) {
          for_constants<parts>([&](auto k) {
            const Real* w = weight + (Plan::template first_column<s, k> + tap) * C::out + o;
            const Real* x = field<Stage::from[k]>(shared, i) + at * group;
            for (std::size_t c = 0; c < C::template rows<k>; ++c) NWM_UNROLL
            for (std::size_t l = 0; l < group; ++l)
              sum[l] += w[c * C::taps * C::out] * x[c * sites * group + l];
          });
        });
        set_partial(shared, n, sum);
      }
    }
  }
  static constexpr void set_partial(Shared& shared, std::size_t row, const std::array<Real, group>& sum) {
    NWM_UNROLL
    for (std::size_t l = 0; l < group; ++l) shared.partial[row * group + l] = sum[l];
  }

  /// From the partial sums to the fields that the stage writes, and to the tape.
  template <std::size_t s>
  constexpr void update(Shared& shared, std::size_t thread, std::size_t block, std::size_t i) const {
    using Stage = typename Plan::template Stage<s>;
    using C = typename Plan::template C<s>;
    constexpr std::size_t groups = Stage::groups;
    for (std::size_t n = thread; n < Plan::numbers; n += threads) {
      const std::size_t row = n / group, lane = block * group + n % group, at = row * lanes + lane;
      if (lane >= lanes) continue;
      std::array<Real, groups> coupled;
      for_constants<groups>([&](auto g) {
        Real sum = Plan::template joined<s>(shared.partial.data(), g * Plan::rows + row, n % group);
        if constexpr (C::bias)
          sum +=
              shared.bias[bias_offset<s>() + (Plan::template dense<s> ? g * Plan::rows + row
                                                                      : g * S::channels + row / Plan::sites)];
        coupled[g] = sum;
      });
      if constexpr (Stage::only_couples) {
        constexpr std::size_t into = Stage::coupling.into;
        field<into>(shared, i)[n] = coupled[0];
        steps.template version<s, into>(i)[at] = coupled[0];
      } else {
        for_constants<groups>(
            [&](auto g) { steps.template coupled<s>(i)[g * S::columns + at] = coupled[g]; });
        model::stage_at<Stage>(
            steps.cell, coupled, [&](auto k) { return field<Stage::reads[k]>(shared, i)[n]; },
            [&](auto k, Real value) {
              constexpr std::size_t f = Stage::writes[k];
              field<f>(shared, i)[n] = value;
              steps.template version<s, f>(i)[at] = value;
            });
      }
    }
  }
};

/// to[k·out + o] = from[o·K + k]: the weights of a stage in the order in which neighbouring threads read
/// neighbours. A kernel of `map` over out·K.
template <class Real>
struct TransposeWeights {
  std::size_t out, K;
  const Real* from;
  Real* to;
  template <class Lane>
  constexpr void operator()(Lane lane) const {
    to[lane.index] = from[lane.index % out * K + lane.index / out];
  }
};

}  // namespace nwm::device

#include "nwm/pop_macros.inc"
