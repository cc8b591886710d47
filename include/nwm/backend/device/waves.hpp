// A backend's words for whole runs of time steps (pass.hpp), shared by the device backends.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include "nwm/backend/device/resident_backward.hpp"
#include "nwm/backend/device/resident_forward.hpp"
#include "nwm/backend/device/weight_gradient.hpp"

namespace nwm::device {

/// For a backend B with B::run(body) and B::map<Real>(count, kernel): it derives from Waves<B>.
template <class B>
class Waves {
  template <class S, std::size_t s>
  using Gradient = TileGradient<typename S::template StencilAt<s>, typename S::G, typename S::Real,
                                S::template Stage<s>::from.size(), S::length>;

 public:
  /// Numbers that run_steps_back needs.
  template <class Cell, class G, std::size_t channels, std::size_t length, class Real>
  static constexpr std::size_t steps_scratch = [] {
    using S = Steps<Cell, G, channels, length, Real>;
    if constexpr (!ResidentBackward<S>::fits) return std::size_t{0};
    else if constexpr (ResidentBackward<S>::sums) return S::images * S::parameter_count;
    else {
      std::size_t most = 0;
      each_constant<S::stages>([&](auto s) { most = std::max(most, Gradient<S, s>::scratch); });
      return most;
    }
  }();

  template <class Cell, class G, std::size_t channels, std::size_t length, class Real, std::size_t fields>
  requires ResidentForward<Steps<Cell, G, channels, length, Real>>::fits  //
      static void
      run_steps(const Cell& cell, const Real* parameters, const std::array<const Real*, fields>& initial,
                Real* slots) {
    using S = Steps<Cell, G, channels, length, Real>;
    B::run(ResidentForward<S>{S{cell, parameters, initial, slots}});
  }

  template <class Cell, class G, std::size_t channels, std::size_t length, class Real, std::size_t fields>
  requires ResidentBackward<Steps<Cell, G, channels, length, Real>>::fits  //
      static void
      run_steps_back(const Cell& cell, const Real* parameters, const std::array<const Real*, fields>& initial,
                     Real* slots, const Real* series_gradient, Real* gradient, Real* parameter_gradient,
                     Real* scratch) {
    using S = Steps<Cell, G, channels, length, Real>;
    const S steps{cell, parameters, initial, slots};
    B::run(ResidentBackward<S>{steps, series_gradient, gradient, scratch});
    if constexpr (ResidentBackward<S>::sums)
      B::template map<Real>(S::parameter_count,
                            AddTiles<Real>{S::images, S::parameter_count, scratch, parameter_gradient});
    else add_gradients(steps, parameter_gradient, scratch);
  }

 private:
  /// From the gradients of the drives on the tape to those of the parameters.
  template <class S, class Real>
  static void add_gradients(const S& steps, Real* parameter_gradient, Real* scratch) {
    each_constant<S::stages>([&](auto s) {
      using Stage = typename S::template Stage<s>;
      using Stencil = typename S::template StencilAt<s>;
      if constexpr (Stage::coupling.trained) {
        std::array<Versions<Real>, Stage::from.size()> in;
        each_constant<Stage::from.size()>([&](auto k) { in[k] = steps.template seen<s, Stage::from[k]>(); });
        B::run(Gradient<S, s>{in, steps.template drive<s>(0), scratch});
        B::template map<Real>(Stencil::parameters,
                              AddTiles<Real>{Gradient<S, s>::runs, Stencil::parameters, scratch,
                                             parameter_gradient + S::template offset<s>()});
      }
    });
  }
};

}  // namespace nwm::device
