// Which kernels a stencil runs in: on tensor cores where it has channels enough to pay, else directly.
#pragma once

#include <cstddef>
#include <type_traits>

#include "nwm/backend/device/correlate.hpp"
#include "nwm/backend/device/tensor_correlate.hpp"
#include "nwm/backend/device/tensor_gradient.hpp"
#include "nwm/backend/device/weight_gradient.hpp"

namespace nwm::device {

/// Whether stencil S, its adjoint in the data and its parameters' gradient multiply on tensor cores: in
/// float, with 8 channels or more on both sides, since products are of 16 channels by 16. With 16 it pays on
/// an H100, with 1 and 2 it does not.
template <class S, class Real>
inline constexpr bool uses_tensor_cores = std::is_same_v<Real, float> && S::in >= 8 && S::out >= 8;

/// The kernel of a stencil or of its adjoint in the data, with products on tensor cores in Precision.
template <class S, class G, Direction direction, class Real, std::size_t from_parts, std::size_t to_parts,
          class Finish, class Precision>
using StencilKernel =
    std::conditional_t<uses_tensor_cores<S, Real>,
                       TensorCorrelate<S, G, direction, Real, from_parts, to_parts, Finish, Precision>,
                       Correlate<S, G, direction, Real, from_parts, to_parts, Finish>>;

/// The kernel of a stencil's gradient in its parameters over `steps` applications, likewise.
template <class S, class G, class Real, std::size_t parts, std::size_t steps, class Precision>
using GradientKernel =
    std::conditional_t<uses_tensor_cores<S, Real>, TensorGradient<S, G, Real, parts, steps, Precision>,
                       TileGradient<S, G, Real, parts, steps>>;

}  // namespace nwm::device
