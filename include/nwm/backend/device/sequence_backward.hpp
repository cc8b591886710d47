// The way back through all steps of some sequences in one launch: the gradients of their fields stay on the
// chip, and the tape is read once.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cstddef>

#include "nwm/backend/device/sequence_block.hpp"
#include "nwm/tape/stage_site.hpp"

namespace nwm::device {

/// Where the gradients of coupled values go that have no slot on the tape, those of stages that only couple:
/// `sent` holds (length, columns) of each. How many such stages there are before stage s.
template <class S, std::size_t s>
constexpr std::size_t sent_before() {
  constexpr std::size_t n =
      model::sum_of<s>([](auto k) { return std::size_t{S::template Stage<k>::only_couples}; });
  return n;
}

/// Moves the gradients of the fields (field f at gradient + f·columns) from the end of a segment of
/// sequences to its start, and leaves those of the coupled values in their slots, or in `sent`: the
/// run_back of model::Recurrence without the gradients of the parameters, `group` sequences a block, at most
/// two barriers a stage. What a stage reads of the tape is fetched while the one before it computes, where
/// registers have room. series_gradient (length, recorded fields, columns) may be null: zero. A body
/// (block.hpp) for segments that are `sequences_possible`.
template <class S, WeightsIn weights_in>
struct SequenceBackward {
  using Plan = SequenceBlock<S, weights_in, true>;
  using Real = typename S::Real;
  static constexpr std::size_t group = Plan::group, lanes = Plan::lanes;
  static constexpr std::size_t threads = Plan::threads, blocks = Plan::blocks;
  static constexpr auto series = cell::recorded_fields<typename S::Cell>;

 private:
  static constexpr std::size_t last = S::stages - 1;
  /// Numbers that stage s reads of the tape at a site: coupled value, fields, the series' gradient.
  template <std::size_t s>
  static constexpr std::size_t fetched =
      Plan::template Stage<s>::only_couples
          ? 0
          : Plan::template Stage<s>::groups + Plan::template Stage<s>::reads.size();
  static constexpr std::size_t each = (Plan::numbers + threads - 1) / threads;  ///< sites of a thread
  static constexpr std::size_t most =
      model::largest_of<S::stages>([](auto s) { return fetched<s> + (s == last ? series.size() : 0); });
  static constexpr bool ahead = each * most <= 32;
  template <std::size_t s>
  static constexpr std::size_t sent_numbers = Plan::template Stage<s>::groups * Plan::numbers;

 public:
  /// What the threads of a block share.
  struct Shared {
    alignas(16) std::array<Real, Plan::in_shared ? std::max<std::size_t>(1, Plan::weight_numbers) : 1> weight;
    alignas(16) std::array<Real, std::max<std::size_t>(1, model::largest_of<S::stages>([](auto s) {
                                                         return sent_numbers<s>;
                                                       }))> sent;
    std::array<Real, S::fields * Plan::numbers> gradient;
    std::array<Real, Plan::partial_numbers> partial;
  };
  /// What a thread has for itself.
  struct Local {
    std::array<Real, ahead ? each * most : most> tape;
  };

  S steps;
  const Real* series_gradient;
  Real *gradient, *sent;

  template <class Block>
  constexpr void operator()(Block& block) const {
    block.each([&](std::size_t thread, Local& local) {
      begin(block.shared, thread, block.index);
      fetch_all<last>(local, thread, block.index, S::length - 1);
    });
    S::in_reverse([&](std::size_t i, auto s) {
      constexpr std::size_t before = s > 0 ? s - 1 : last;
      const bool first = s == last && i + 1 == S::length, end = s == 0 && i == 0;
      block.each([&](std::size_t thread, Local& local) {
        pull<s>(block.shared, local, thread, block.index, i, first);
        if (!end) fetch_all<before>(local, thread, block.index, s > 0 ? i : i - 1);
      });
      if constexpr (Plan::template results<s> > 0)
        block.each([&](std::size_t thread, Local&) { product<s>(block.shared, thread); });
    });
    block.each([&](std::size_t thread, Local&) { finish(block.shared, thread, block.index); });
  }

 private:
  template <std::size_t f>
  static constexpr Real* field(Shared& shared) {
    return shared.gradient.data() + f * Plan::numbers;
  }

  constexpr void begin(Shared& shared, std::size_t thread, std::size_t block) const {
    if constexpr (Plan::in_shared) {
      for_constants<S::stages>([&](auto s) {
        using C = typename Plan::template C<s>;
        constexpr std::size_t columns = Plan::template columns<s>;
        if constexpr (columns > 0) {
          for (std::size_t p = thread; p < C::out * columns; p += threads)
            shared.weight[Plan::template weights_offset<s>() + p] =
                steps.parameters[S::template offset<s>() + p / columns * C::K + column<s>(p % columns)];
        }
      });
    }
    for_constants<S::fields>([&](auto f) {
      if constexpr (!Plan::template is_drive<f>) {
        for (std::size_t n = thread; n < Plan::numbers; n += threads) {
          const std::size_t lane = block * group + n % group;
          field<f>(shared)[n] = lane < lanes ? gradient[f * S::columns + n / group * lanes + lane] : Real(0);
        }
      }
    });
  }

  /// The column of stage s's matrix that stands at place q of those of the fields with a gradient.
  template <std::size_t s>
  static constexpr std::size_t column(std::size_t q) {
    using Stage = typename Plan::template Stage<s>;
    using C = typename Plan::template C<s>;
    std::size_t found = 0;
    for_constants<Stage::from.size()>([&](auto k) {
      if constexpr (!Plan::template is_drive<Stage::from[k]>) {
        constexpr std::size_t width = C::template rows<k> * C::taps;
        constexpr std::size_t place = Plan::template state_place<s, k> * width;
        if (q >= place && q - place < width) found = Plan::template first_column<s, k> + q - place;
      }
    });
    return found;
  }

  /// Sets what stage s reads at the thread's j-th site.
  template <std::size_t s>
  constexpr void fetch(Real* to, std::size_t at, std::size_t i) const {
    using Stage = typename Plan::template Stage<s>;
    if constexpr (!Stage::only_couples) {
      for_constants<Stage::groups>(
          [&](auto g) { to[g] = steps.template coupled<s>(i)[g * S::columns + at]; });
      for_constants<Stage::reads.size()>(
          [&](auto k) { to[Stage::groups + k] = steps.template seen<s, Stage::reads[k]>()[i][at]; });
    }
    if constexpr (s == last)
      if (series_gradient)
        for_constants<series.size()>(
            [&](auto r) { to[fetched<s> + r] = series_gradient[(i * series.size() + r) * S::columns + at]; });
  }
  template <std::size_t s>
  constexpr void fetch_all(Local& local, std::size_t thread, std::size_t block, std::size_t i) const {
    if constexpr (ahead) {
      NWM_UNROLL
      for (std::size_t j = 0; j < each; ++j) {
        const std::size_t n = thread + j * threads, lane = block * group + n % group;
        if (n < Plan::numbers && lane < lanes)
          fetch<s>(local.tape.data() + j * most, n / group * lanes + lane, i);
      }
    }
  }

  /// The sites' part of stage s: from the gradient of what it writes to that of its coupled value and of what
  /// it reads. Takes first what the stage that ran before has sent, unless this is the `first`.
  template <std::size_t s>
  constexpr void pull(Shared& shared, Local& local, std::size_t thread, std::size_t block, std::size_t i,
                      bool first) const {
    NWM_UNROLL
    for (std::size_t j = 0; j < each; ++j) {
      const std::size_t n = thread + j * threads, lane = block * group + n % group;
      if (n >= Plan::numbers || lane >= lanes) continue;
      const std::size_t at = n / group * lanes + lane;
      Real* tape = local.tape.data() + (ahead ? j * most : 0);
      if constexpr (!ahead) fetch<s>(tape, at, i);
      if (!first) collect<s == last ? 0 : s + 1>(shared, n);
      site<s>(shared, tape, n, at, i);
    }
  }
  template <std::size_t s>
  constexpr void site(Shared& shared, const Real* tape, std::size_t n, std::size_t at, std::size_t i) const {
    using Stage = typename Plan::template Stage<s>;
    constexpr std::size_t groups = Stage::groups;
    if constexpr (s == last)
      if (series_gradient)
        for_constants<series.size()>([&](auto r) { field<series[r]>(shared)[n] += tape[fetched<s> + r]; });
    if constexpr (Stage::only_couples) {
      // What goes into a field as it is has the field's gradient, which starts anew before the stage.
      Real& own = field<Stage::coupling.into>(shared)[n];
      shared.sent[n] = own;
      sent[(sent_before<S, s>() * S::length + i) * S::columns + at] = own;
      own = Real(0);
    } else {
      std::array<Real, groups> coupled;
      for_constants<groups>([&](auto g) { coupled[g] = tape[g]; });
      const auto result = model::stage_adjoint_at<Stage>(
          steps.cell, coupled, [&](auto k) { return tape[groups + k]; },
          [&](auto f) {
            if constexpr (Plan::template is_drive<f>) return Real(0);
            else return field<f>(shared)[n];
          },
          [&](auto f, Real value) {
            // The input of a step has no gradient.
            if constexpr (!Plan::template is_drive<f>) field<f>(shared)[n] = value;
          });
      for_constants<groups>([&](auto g) {
        shared.sent[g * Plan::numbers + n] = result[g];
        steps.template coupled<s>(i)[g * S::columns + at] = result[g];
      });
    }
  }

  /// Adds what stage s has sent to the fields that it gathers, at number n of a field.
  template <std::size_t s>
  static constexpr void collect(Shared& shared, std::size_t n) {
    using Stage = typename Plan::template Stage<s>;
    if constexpr (Plan::template results<s> > 0)
      for_constants<Stage::from.size()>([&](auto k) {
        if constexpr (!Plan::template is_drive<Stage::from[k]>)
          field<Stage::from[k]>(shared)[n] += Plan::template joined<s>(
              shared.partial.data(), Plan::template state_place<s, k> * Plan::rows + n / group, n % group);
      });
  }

  /// The coupling's part of stage s: sets the partial sums of the gradients of what it gathers.
  template <std::size_t s>
  constexpr void product(Shared& shared, std::size_t thread) const {
    using C = typename Plan::template C<s>;
    constexpr std::size_t results = Plan::template results<s>, rows = Plan::rows;
    constexpr std::size_t stride = Plan::in_shared ? Plan::template columns<s> : C::K;
    const Real* weight = Plan::in_shared ? shared.weight.data() + Plan::template weights_offset<s>()
                                         : steps.parameters + S::template offset<s>();
    const auto place = [](std::size_t q) { return Plan::in_shared ? q : column<s>(q); };
    if constexpr (Plan::template dense<s>) {
      constexpr auto abreast = static_cast<unsigned>(Plan::template abreast<s>);
      const unsigned way = static_cast<unsigned>(thread) / abreast;
      if (way >= Plan::template ways<s>) return;
      for (unsigned q = static_cast<unsigned>(thread) % abreast; q < results; q += abreast) {
        std::array<Real, group> sum{};
        Plan::template add_way<s, C::out>(way, weight + place(q), stride, shared.sent.data(), sum);
        set_partial(shared, way * results + q, sum);
      }
    } else {
      constexpr auto sites = static_cast<unsigned>(Plan::sites);
      for (unsigned n = static_cast<unsigned>(thread); n < results; n += static_cast<unsigned>(threads)) {
        const Real* from = weight + place(n / sites * C::taps);  // of a channel: its taps follow
        std::array<Real, group> sum{};
        Plan::template for_taps<s>(n % sites, [&](unsigned at, unsigned tap) {
          for (std::size_t o = 0; o < C::out; ++o) NWM_UNROLL
          for (std::size_t l = 0; l < group; ++l)
            sum[l] += from[o * stride + tap] * shared.sent[(o * sites + at) * group + l];
        });
        set_partial(shared, n, sum);
      }
    }
    static_assert(results % rows == 0);
  }
  static constexpr void set_partial(Shared& shared, std::size_t row, const std::array<Real, group>& sum) {
    NWM_UNROLL
    for (std::size_t l = 0; l < group; ++l) shared.partial[row * group + l] = sum[l];
  }

  constexpr void finish(Shared& shared, std::size_t thread, std::size_t block) const {
    NWM_UNROLL
    for (std::size_t j = 0; j < each; ++j) {
      const std::size_t n = thread + j * threads, lane = block * group + n % group;
      if (n >= Plan::numbers || lane >= lanes) continue;
      collect<0>(shared, n);
      for_constants<S::fields>([&](auto f) {
        if constexpr (!Plan::template is_drive<f>)
          gradient[f * S::columns + n / group * lanes + lane] = field<f>(shared)[n];
      });
    }
  }
};

}  // namespace nwm::device

#include "nwm/pop_macros.inc"
