// A backend's words for all steps of sequences at once (pass.hpp), shared by the device backends: one launch
// a direction where the state fits on chip; the weights there, too, or read through the cache at every step.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

#include "nwm/backend/device/sequence_backward.hpp"
#include "nwm/backend/device/sequence_forward.hpp"
#include "nwm/backend/device/sequence_gradient.hpp"
#include "nwm/backend/device/shared_memory.hpp"
#include "nwm/memory/for_constants.hpp"

namespace nwm::device {

/// How the steps of sequences run: in one launch, with the weights in shared memory or read through L2 at
/// every step, or one by one.
enum class SequenceRun { weights_in_shared, weights_in_memory, by_steps };

/// Weights that one launch reads through L2: beyond 1 MiB a block takes longer for them than the kernels of a
/// step do one by one (predicted, not measured: benchmarks/device/NOTES.md).
inline constexpr std::size_t weights_in_memory_limit = std::size_t{1} << 20;

/// For a backend B with B::run(body), B::map<Real>(count, kernel), products, and B::shared_memory(), the
/// bytes that a block can have: it derives from Sequences<B>. The gradients of weights take `room` numbers.
/// What takes at most `everywhere` bytes of shared memory has no other way in one launch.
template <class B, std::size_t room = std::size_t{1} << 23, std::size_t everywhere = shared_everywhere>
class Sequences {
  template <class S, bool back, WeightsIn where>
  struct KernelOf {
    using type = SequenceForward<S, where>;
  };
  template <class S, WeightsIn where>
  struct KernelOf<S, true, where> {
    using type = SequenceBackward<S, where>;
  };
  template <class S, bool back, WeightsIn where>
  using Kernel = typename KernelOf<S, back, where>::type;

  template <class S, bool back, WeightsIn where>
  static constexpr bool compiled() {
    if constexpr (!sequences_possible<S>) {
      return false;
    } else {
      constexpr std::size_t bytes = sizeof(typename Kernel<S, back, where>::Shared);
      if (bytes > shared_limit) return false;
      if (where == WeightsIn::shared) return true;
      return S::parameter_count * sizeof(typename S::Real) <= weights_in_memory_limit &&
             sizeof(typename Kernel<S, back, WeightsIn::shared>::Shared) > everywhere;
    }
  }

  /// Numbers of the coupled values' gradients that have no slot on the tape.
  template <class S>
  static constexpr std::size_t sent = sent_before<S, S::stages>() * S::length * S::columns;

 public:
  /// How the steps of a segment run on the present device.
  template <class S, bool back>
  static SequenceRun sequence_run() {
    [[maybe_unused]] const std::size_t bytes = B::shared_memory();
    if constexpr (compiled<S, back, WeightsIn::shared>())
      if (sizeof(typename Kernel<S, back, WeightsIn::shared>::Shared) <= bytes)
        return SequenceRun::weights_in_shared;
    if constexpr (compiled<S, back, WeightsIn::memory>())
      if (sizeof(typename Kernel<S, back, WeightsIn::memory>::Shared) <= bytes)
        return SequenceRun::weights_in_memory;
    return SequenceRun::by_steps;
  }
  /// The same in words and bytes.
  template <class S, bool back>
  static StepsChoice sequence_choice() {
    StepsChoice choice{"by steps", 0, 0, B::shared_memory()};
    const auto is = [&, how = sequence_run<S, back>()](SequenceRun run, std::string_view name,
                                                       std::size_t bytes) {
      choice.wanted = bytes;
      if (how == run) choice.name = name, choice.taken = bytes;
    };
    if constexpr (compiled<S, back, WeightsIn::memory>())
      is(SequenceRun::weights_in_memory, "weights in memory",
         sizeof(typename Kernel<S, back, WeightsIn::memory>::Shared));
    if constexpr (compiled<S, back, WeightsIn::shared>())
      is(SequenceRun::weights_in_shared, "weights in shared memory",
         sizeof(typename Kernel<S, back, WeightsIn::shared>::Shared));
    return choice;
  }

  /// Numbers that run_sequences and run_sequences_back need: transposed weights; gradients of coupled values
  /// and the rows of a product.
  template <class S>
  static constexpr std::size_t sequences_scratch = [] {
    if constexpr (!sequences_possible<S>) {
      return std::size_t{0};
    } else {
      std::size_t rows = 0, most = compiled<S, false, WeightsIn::memory>() ? S::parameter_count : 0;
      for_constants<S::stages>([&](auto s) {
        using C = typename S::template CouplingAt<s>;
        if constexpr (C::Stage::couples)
          rows = std::max(rows, steps_at_once<C, S::length, room> * (C::out + C::K) * C::n);
      });
      return std::max(most, sent<S> + rows);
    }
  }();

  /// Runs all steps of a segment; whether it did: if not, nothing was asked for.
  template <class S>
  static bool run_sequences(const S& steps, typename S::Real* scratch) {
    const SequenceRun how = sequence_run<S, false>();
    if constexpr (compiled<S, false, WeightsIn::shared>())
      if (how == SequenceRun::weights_in_shared)
        B::run(SequenceForward<S, WeightsIn::shared>{steps, nullptr});
    if constexpr (compiled<S, false, WeightsIn::memory>())
      if (how == SequenceRun::weights_in_memory) {
        transpose(steps, scratch);
        B::run(SequenceForward<S, WeightsIn::memory>{steps, scratch});
      }
    return how != SequenceRun::by_steps;
  }

  /// The same backwards (Recurrence::run_back). Leaves other numbers in the coupled values' slots.
  template <class S>
  static bool run_sequences_back(const S& steps, const typename S::Real* series_gradient,
                                 typename S::Real* gradient, typename S::Real* parameter_gradient,
                                 typename S::Real* scratch) {
    const SequenceRun how = sequence_run<S, true>();
    if constexpr (compiled<S, true, WeightsIn::shared>())
      if (how == SequenceRun::weights_in_shared)
        B::run(SequenceBackward<S, WeightsIn::shared>{steps, series_gradient, gradient, scratch});
    if constexpr (compiled<S, true, WeightsIn::memory>())
      if (how == SequenceRun::weights_in_memory)
        B::run(SequenceBackward<S, WeightsIn::memory>{steps, series_gradient, gradient, scratch});
    if (how == SequenceRun::by_steps) return false;
    if constexpr (sequences_possible<S>) add_gradients(steps, parameter_gradient, scratch);
    return true;
  }

 private:
  template <class S>
  static void transpose(const S& steps, typename S::Real* to) {
    using Real = typename S::Real;
    using Plan = SequenceBlock<S, WeightsIn::memory, false>;
    for_constants<S::stages>([&](auto s) {
      using C = typename S::template CouplingAt<s>;
      if constexpr (C::Stage::couples)
        B::template map<Real>(C::weights,
                              TransposeWeights<Real>{C::out, C::K, steps.parameters + S::template offset<s>(),
                                                     to + Plan::template weights_offset<s>()});
    });
  }

  /// From the gradients of the coupled values to those of the parameters: a product over as many steps as the
  /// scratch memory has room for.
  template <class S>
  static void add_gradients(const S& steps, typename S::Real* parameter_gradient, typename S::Real* scratch) {
    for_constants<S::stages>([&](auto s) {
      using C = typename S::template CouplingAt<s>;
      if constexpr (C::Stage::couples && C::Stage::coupling.trained) {
        constexpr std::size_t some = steps_at_once<C, S::length, room>, rest = S::length % some;
        typename S::Real* to = parameter_gradient + S::template offset<s>();
        for (std::size_t first = 0; first + some <= S::length; first += some)
          add_gradient<s, some>(steps, first, to, scratch);
        if constexpr (rest > 0) add_gradient<s, rest>(steps, S::length - rest, to, scratch);
      }
    });
  }
  template <std::size_t s, std::size_t count, class S>
  static void add_gradient(const S& steps, std::size_t first, typename S::Real* to,
                           typename S::Real* scratch) {
    using Real = typename S::Real;
    using C = typename S::template CouplingAt<s>;
    using Stage = typename C::Stage;
    constexpr std::size_t n = count * C::n;
    Real* const gradient = scratch + sent<S>;
    Real* const gathered = gradient + C::out * n;
    const Real* from;
    if constexpr (Stage::only_couples) from = scratch + sent_before<S, s>() * S::length * S::columns;
    else from = steps.template coupled<s>(0);
    B::template map<Real>(C::out * n,
                          CopySteps<Real>{C::n, first, count, Stage::groups * S::columns, from, gradient});
    for_constants<Stage::from.size()>([&](auto k) {
      constexpr std::size_t rows = C::template rows<k>;
      B::template map<Real>(rows * C::taps * n,
                            GatherSteps<C, Real>{first, count, steps.template seen<s, Stage::from[k]>(),
                                                 gathered + C::template rows_before<k> * C::taps * n});
    });
    B::template multiply_outer<C::out, C::K, n>(gradient, n, gathered, n, to, C::K);
    if constexpr (C::bias) B::add_row_sums(C::out, n, gradient, n, to + C::weights);
  }
};

}  // namespace nwm::device

#include "nwm/pop_macros.inc"
