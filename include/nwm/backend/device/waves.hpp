// A backend's words for whole runs of time steps (pass.hpp), shared by the device backends: one launch where
// the waves fit on chip, one fused kernel a stage of a step elsewhere.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cstddef>

#include "nwm/backend/device/folded_adjoint.hpp"
#include "nwm/backend/device/precision.hpp"
#include "nwm/backend/device/resident_backward.hpp"
#include "nwm/backend/device/resident_forward.hpp"
#include "nwm/backend/device/stage.hpp"
#include "nwm/backend/device/stencil_kernels.hpp"
#include "nwm/memory/for_constants.hpp"

namespace nwm::device {

/// For a backend B with B::run(body) and B::map<Real>(count, kernel): it derives from Waves<B>. Couplings of
/// many channels of float (stencil_kernels.hpp) multiply in Precision. Launches of one run follow each other;
/// nothing of a run is read on the host.
template <class B, class Precision = precision::Full>
class Waves {
  template <class S, std::size_t s>
  using Gradient = GradientKernel<typename S::template StencilAt<s>, typename S::G, typename S::Real,
                                  S::template Stage<s>::from.size(), S::length, Precision>;
  template <class S>
  static constexpr bool sums = ResidentBackward<S>::fits && ResidentBackward<S>::sums;

 public:
  /// Numbers that run_steps_back needs: parts of the parameters' gradient.
  template <class Cell, class G, std::size_t channels, std::size_t length, class Real>
  static constexpr std::size_t steps_scratch = [] {
    using S = model::TimeSegment<Cell, G, channels, length, Real>;
    std::size_t most = sums<S> ? S::images * S::parameter_count : 0;
    if constexpr (!sums<S>)
      for_constants<S::stages>([&](auto s) { most = std::max(most, Gradient<S, s>::scratch); });
    return most;
  }();

  template <class Cell, class G, std::size_t channels, std::size_t length, class Real, std::size_t fields>
  static void run_steps(const Cell& cell, const Real* parameters,
                        const std::array<const Real*, fields>& initial, Real* slots) {
    using S = model::TimeSegment<Cell, G, channels, length, Real>;
    const S steps{cell, parameters, initial, slots};
    if constexpr (ResidentForward<S>::fits) B::run(ResidentForward<S>{steps});
    else S::in_order([&](std::size_t i, auto s) { step<s>(steps, i); });
  }

  /// Leaves other numbers in the coupled values' slots.
  template <class Cell, class G, std::size_t channels, std::size_t length, class Real, std::size_t fields>
  static void run_steps_back(const Cell& cell, const Real* parameters,
                             const std::array<const Real*, fields>& initial, Real* slots,
                             const Real* series_gradient, Real* gradient, Real* parameter_gradient,
                             Real* scratch) {
    using S = model::TimeSegment<Cell, G, channels, length, Real>;
    const S steps{cell, parameters, initial, slots};
    if constexpr (ResidentBackward<S>::fits) {
      B::run(ResidentBackward<S>{steps, series_gradient, gradient, scratch});
    } else {
      constexpr std::size_t last = S::stages - 1;
      B::template map<Real>(S::columns,
                            StageSiteAdjoint<S, last>{steps, length - 1, series_gradient, gradient});
      S::in_reverse([&](std::size_t i, auto s) { step_back<s>(steps, i, series_gradient, gradient); });
    }
    if constexpr (sums<S>)
      B::template map<Real>(S::parameter_count,
                            AddTiles<Real>{S::images, S::parameter_count, scratch, parameter_gradient});
    else add_gradients(steps, parameter_gradient, scratch);
  }

 private:
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
