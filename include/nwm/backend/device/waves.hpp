// A backend's words for whole runs of time steps (pass.hpp), shared by the device backends: one launch where
// the waves fit on the present device's chip, one fused kernel a stage of a step elsewhere.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "nwm/backend/device/cluster_backward.hpp"
#include "nwm/backend/device/cluster_forward.hpp"
#include "nwm/backend/device/folded_adjoint.hpp"
#include "nwm/backend/device/halo.hpp"
#include "nwm/backend/device/precision.hpp"
#include "nwm/backend/device/resident_backward.hpp"
#include "nwm/backend/device/resident_forward.hpp"
#include "nwm/backend/device/shared_memory.hpp"
#include "nwm/backend/device/stage.hpp"
#include "nwm/backend/device/stencil_kernels.hpp"
#include "nwm/memory/for_constants.hpp"

namespace nwm::device {

/// How the steps of waves run in one direction: all in one launch, or in one launch that needs less shared
/// memory (backwards, a coupled value's gradient stands there once and not twice), or in one launch with two
/// blocks an image, or with a cluster of blocks an image that multiply on tensor cores, or a kernel a stage.
enum class WaveRun { resident, resident_in_less, in_two_blocks, in_clusters, by_stages };

/// For a backend B with B::run(body), B::map<Real>(count, kernel) and B::shared_memory(), the bytes that a
/// block can have, and, where it runs clusters, B::clusters<Body>() and B::multiprocessors(): it derives from
/// Waves<B>. Launches of one run follow each other; nothing of a run is read on the host. What takes at most
/// `everywhere` bytes of shared memory has no other way. Couplings of many channels of float
/// (stencil_kernels.hpp) multiply in Precision, where they are not resident.
template <class B, class Precision = precision::Full, std::size_t everywhere = shared_everywhere>
class Waves {
  template <class S, std::size_t s>
  using Gradient = GradientKernel<typename S::template StencilAt<s>, typename S::G, typename S::Real,
                                  S::template Stage<s>::from.size(), S::length, Precision>;
  /// The kernels that are resident: the first choice, and the one in less memory.
  template <class S, bool back>
  using First = std::conditional_t<back, ResidentBackward<S, 2>, ResidentForward<S>>;
  template <class S>
  using Second = ResidentBackward<S, 1>;
  /// The one with two blocks an image.
  template <class S, bool back>
  using InTwo = InCluster<std::conditional_t<back, ResidentBackward<S, 2, 2>, ResidentForward<S, 2>>>;

  /// The kernel of clusters of blocks.
  template <class S, bool back>
  using Clustered = std::conditional_t<back, ClusterBackward<S, Precision>, ClusterForward<S, Precision>>;

  template <class Body>
  static constexpr std::size_t bytes = sizeof(typename Body::Shared);
  template <class Body>
  static constexpr bool runs_everywhere = Body::fits && bytes<Body> <= everywhere;
  /// What is compiled.
  template <class S, bool back, WaveRun run>
  static constexpr bool compiled() {
    if constexpr (run == WaveRun::resident) return First<S, back>::fits;
    else if constexpr (run == WaveRun::resident_in_less)
      return back && Second<S>::fits && !runs_everywhere<First<S, back>>;
    else if constexpr (run == WaveRun::in_two_blocks) {
      // A barrier of a cluster takes longer than one of a block, perhaps as long as a row of all threads
      // (0.4 µs of an H100's 3.5 forward, with 8 rows): two rows less pay.
      if constexpr (!requires { B::multiprocessors(); }) return false;
      else return InTwo<S, back>::fits && InTwo<S, back>::rows + 2 <= First<S, back>::rows;
    } else if constexpr (run == WaveRun::in_clusters) {
      if constexpr (!compiled<S, back, WaveRun::by_stages>()) return false;
      else return Clustered<S, back>::fits;
    } else return !runs_everywhere<First<S, back>> && !(back && runs_everywhere<Second<S>>);
  }
  /// Whether the present device runs Body, of clusters.
  template <class Body>
  static bool runs_clusters() {
    if constexpr (requires { B::template clusters<Body>(); })
      return bytes<Body> <= B::shared_memory() && B::template clusters<Body>() > 0;
    else return false;
  }
  /// Whether the present device has a multiprocessor for each of two blocks an image, and runs them all at
  /// once. With fewer some images would wait for others, and all take longer than with a block each.
  template <class S, bool back>
  static bool runs_in_two() {
    return InTwo<S, back>::blocks <= B::multiprocessors() && runs_clusters<InTwo<S, back>>() &&
           S::images <= B::template clusters<InTwo<S, back>>();
  }
  /// Whether a kernel backwards that is resident sums the gradients of the weights, and how many parts of
  /// them there are.
  template <class S>
  static constexpr bool resident_sums =
      ResidentBackward<S>::sums &&
      (compiled<S, true, WaveRun::resident>() || compiled<S, true, WaveRun::resident_in_less>() ||
       compiled<S, true, WaveRun::in_two_blocks>());
  template <class S>
  static constexpr std::size_t resident_sums_most =
      compiled<S, true, WaveRun::in_two_blocks>() ? InTwo<S, true>::blocks : S::images;

 public:
  /// How the steps of a segment run on the present device.
  template <class S, bool back>
  static WaveRun wave_run() {
    [[maybe_unused]] const std::size_t available = B::shared_memory();
    constexpr bool other = compiled<S, back, WaveRun::by_stages>();
    if constexpr (compiled<S, back, WaveRun::in_two_blocks>())
      if (runs_in_two<S, back>()) return WaveRun::in_two_blocks;
    if constexpr (compiled<S, back, WaveRun::resident>()) {
      constexpr bool alone = !other && !compiled<S, back, WaveRun::resident_in_less>();
      if (alone || bytes<First<S, back>> <= available) return WaveRun::resident;
    }
    if constexpr (compiled<S, back, WaveRun::resident_in_less>())
      if (!other || bytes<Second<S>> <= available) return WaveRun::resident_in_less;
    if constexpr (compiled<S, back, WaveRun::in_clusters>())
      if (runs_clusters<Clustered<S, back>>()) return WaveRun::in_clusters;
    return WaveRun::by_stages;
  }
  /// The same in words and bytes.
  template <class S, bool back>
  static StepsChoice wave_choice() {
    StepsChoice choice{"by stages", 0, 0, B::shared_memory()};
    const WaveRun run = wave_run<S, back>();
    if constexpr (compiled<S, back, WaveRun::in_clusters>()) {
      choice.wanted = bytes<Clustered<S, back>>;
      if (run == WaveRun::in_clusters) choice.name = "resident in a cluster", choice.taken = choice.wanted;
    }
    if constexpr (back && compiled<S, back, WaveRun::resident_in_less>()) {
      choice.wanted = bytes<Second<S>>;
      if (run == WaveRun::resident_in_less) choice.name = "resident in less", choice.taken = choice.wanted;
    }
    if constexpr (compiled<S, back, WaveRun::resident>()) {
      choice.wanted = bytes<First<S, back>>;
      if (run == WaveRun::resident) choice.name = "resident", choice.taken = choice.wanted;
    }
    if constexpr (compiled<S, back, WaveRun::in_two_blocks>()) {
      constexpr std::size_t two = bytes<InTwo<S, back>>;
      if (run == WaveRun::in_two_blocks || choice.wanted == 0) choice.wanted = two;
      if (run == WaveRun::in_two_blocks) choice.name = "resident in two blocks", choice.taken = two;
    }
    return choice;
  }

  /// Numbers that run_steps_back needs, however it runs: parts of the parameters' gradient.
  template <class S>
  static constexpr std::size_t steps_scratch = [] {
    constexpr bool sums = resident_sums<S>;
    std::size_t most = sums ? resident_sums_most<S> * S::parameter_count : 0;
    if constexpr (!sums || compiled<S, true, WaveRun::by_stages>())
      for_constants<S::stages>([&](auto s) { most = std::max(most, Gradient<S, s>::scratch); });
    return most;
  }();

  /// Steps take a tape that is its series (tape/series_map.hpp), and so does the way back.
  static constexpr bool series_tape = true;

  /// All steps of a segment (tape/segment.hpp): sets the slots of its tape.
  template <class S>
  static void run_steps(const S& steps) {
    WaveRun run = wave_run<S, false>();
    if constexpr (compiled<S, false, WaveRun::resident>())
      if (run == WaveRun::resident) B::run(ResidentForward<S>{steps});
    if constexpr (compiled<S, false, WaveRun::in_two_blocks>())
      if (run == WaveRun::in_two_blocks) B::run(InTwo<S, false>{{steps}});
    if constexpr (compiled<S, false, WaveRun::in_clusters>()) {
      if (!four_at_once(steps.slots)) run = WaveRun::by_stages;
      if (run == WaveRun::in_clusters) B::run(Clustered<S, false>{steps});
    }
    if constexpr (compiled<S, false, WaveRun::by_stages>())
      if (run == WaveRun::by_stages) S::in_order([&](std::size_t i, auto s) { step<s>(steps, i); });
  }

  /// The same backwards (model::Recurrence::run_back). Leaves other numbers in the coupled values' slots, and
  /// where the tape has none in series_gradient.
  template <class S, class Real = typename S::Real>
  static void run_steps_back(S steps, typename S::SeriesGradient series_gradient, Real* gradient,
                             Real* parameter_gradient, Real* scratch) {
    if constexpr (!S::Map::keeps_coupled) steps.sent = series_gradient;
    WaveRun run = wave_run<S, true>();
    if constexpr (compiled<S, true, WaveRun::resident>())
      if (run == WaveRun::resident) B::run(First<S, true>{steps, series_gradient, gradient, scratch});
    if constexpr (compiled<S, true, WaveRun::resident_in_less>())
      if (run == WaveRun::resident_in_less) B::run(Second<S>{steps, series_gradient, gradient, scratch});
    if constexpr (compiled<S, true, WaveRun::in_two_blocks>())
      if (run == WaveRun::in_two_blocks) B::run(InTwo<S, true>{{steps, series_gradient, gradient, scratch}});
    if constexpr (compiled<S, true, WaveRun::in_clusters>()) {
      bool aligned = four_at_once(steps.slots) && four_at_once(series_gradient) && four_at_once(gradient);
      for (const Real* field : steps.initial) aligned = aligned && four_at_once(field);
      if (!aligned) run = WaveRun::by_stages;
      if (run == WaveRun::in_clusters) B::run(Clustered<S, true>{steps, series_gradient, gradient});
    }
    if constexpr (compiled<S, true, WaveRun::by_stages>())
      if (run == WaveRun::by_stages) steps_back(steps, series_gradient, gradient);
    constexpr bool sums = resident_sums<S>;
    const bool in_two = run == WaveRun::in_two_blocks;
    const bool summed = in_two || run == WaveRun::resident || run == WaveRun::resident_in_less;
    if constexpr (sums)
      if (summed)
        B::template map<Real>(
            S::parameter_count,
            AddTiles<Real>{(in_two ? 2 : 1) * S::images, S::parameter_count, scratch, parameter_gradient});
    if constexpr (!sums || compiled<S, true, WaveRun::by_stages>())
      if (!sums || !summed) add_gradients(steps, parameter_gradient, scratch);
  }

 private:
  /// Whether four numbers from `p` on can be loaded and stored at once.
  static bool four_at_once(const void* p) { return reinterpret_cast<std::uintptr_t>(p) % 16 == 0; }

  /// Stage s of step i: stencil and update in one kernel.
  template <std::size_t s, class S>
  static void step(const S& steps, std::size_t i) {
    using Stage = typename S::template Stage<s>;
    using Real = typename S::Real;
    std::array<const Real*, Stage::from.size()> from;
    for_constants<Stage::from.size()>([&](auto k) { from[k] = steps.template seen<s, Stage::from[k]>()[i]; });
    B::run(StencilKernel<typename S::template StencilAt<s>, typename S::G, Direction::forward, Real,
                         Stage::from.size(), Stage::groups, StageSite<S, s>, Precision>{
        steps.parameters + S::template offset<s>(), from, {steps, i}});
  }

  /// All stages backwards, a kernel each; leaves the coupled values' gradients in their slots.
  template <class S, class Real>
  static void steps_back(const S& steps, const Real* series_gradient, Real* gradient) {
    constexpr std::size_t last = S::stages - 1;
    B::template map<Real>(S::columns,
                          StageSiteAdjoint<S, last>{steps, S::length - 1, series_gradient, gradient});
    S::in_reverse([&](std::size_t i, auto s) { step_back<s>(steps, i, series_gradient, gradient); });
  }

  /// From the gradient of stage s's coupled value at step i to that of the stage before it: the stencil's
  /// adjoint and the next update's in one kernel where the boundary is its own adjoint, else in two.
  template <std::size_t s, class S, class Real>
  static void step_back(const S& steps, std::size_t i, const Real* series_gradient, Real* gradient) {
    using Stage = typename S::template Stage<s>;
    using Stencil = typename S::template StencilAt<s>;
    using G = typename S::G;
    constexpr std::size_t parts = Stage::from.size(), next = s > 0 ? s - 1 : S::stages - 1;
    const bool start = s == 0 && i == 0;
    const StageSiteAdjoint<S, next> before{steps, s > 0 ? i : i - 1, series_gradient, gradient};
    const Real* coupled = steps.template coupled<s>(i);
    const Real* parameters = steps.parameters + S::template offset<s>();
    if constexpr (Stencil::size == 1 || Stencil::Boundary::self_adjoint) {
      B::run(StencilKernel<Stencil, G, Direction::adjoint, Real, 1, parts, StageSent<S, s, next>, Precision>{
          parameters, {coupled}, {before, start}});
    } else {
      std::array<Real*, parts> to;
      for_constants<parts>([&](auto k) { to[k] = gradient + Stage::from[k] * S::columns; });
      B::template map<Real>(Stencil::in * G::sites,
                            FoldedAdjoint<Stencil, G, Real, parts>{parameters, coupled, to});
      if (!start) B::template map<Real>(S::columns, before);
    }
  }

  /// From the gradients of the coupled values on the tape to those of the parameters.
  template <class S, class Real>
  static void add_gradients(const S& steps, Real* parameter_gradient, Real* scratch) {
    for_constants<S::stages>([&](auto s) {
      using Stage = typename S::template Stage<s>;
      using Stencil = typename S::template StencilAt<s>;
      if constexpr (Stage::coupling.trained) {
        std::array<model::Versions<Real>, Stage::from.size()> in;
        for_constants<Stage::from.size()>([&](auto k) { in[k] = steps.template seen<s, Stage::from[k]>(); });
        B::run(Gradient<S, s>{in, steps.template coupled<s>(0), scratch});
        B::template map<Real>(Stencil::parameters,
                              AddTiles<Real>{Gradient<S, s>::runs, Stencil::parameters, scratch,
                                             parameter_gradient + S::template offset<s>()});
      }
    });
  }
};

}  // namespace nwm::device

#include "nwm/pop_macros.inc"
