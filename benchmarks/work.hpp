// A model's arithmetic, counted from its parameters, to compare measured times with.
#pragma once

#include <cstddef>
#include <string_view>
#include <type_traits>

#include "nwm/grid/shape.hpp"
#include "nwm/memory/layout.hpp"
#include "nwm/readout/fft.hpp"

namespace bench {

/// The work of one call of the measured function; 0: unknown.
struct Work {
  double items = 0;  ///< images, site updates, ...
  double flops = 0;  ///< counted as in Flops
  double bytes = 0;  ///< least traffic between memory and processor
};

/// Floating-point operations per image. Counts the multiply-adds (2 each) of convolutions, couplings, dense
/// layers and the readout's linear map (the Fourier transform counts as the dense (2K, T) product it could
/// be). Where the linear map and the head's first layer are one product (Machine::folds_readout), that one
/// counts. Does not count biases, activations, the pointwise part of a step, batch norm, loss and optimiser:
/// they take time, but cannot be compared with a matrix product's peak.
struct Flops {
  double forward = 0;
  double training = 0;  ///< forward and both adjoints; no gradient of the image is needed
};

namespace detail {
constexpr bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// The level of a U-Net's resolution (side / 2^level) at which a parameter acts.
constexpr std::size_t level(std::string_view name) {
  for (std::size_t i = 1; i <= 4; ++i) {
    const char digit = static_cast<char>('0' + i);
    if (name.starts_with("down") && name[4] == digit) return i;
    if (name.starts_with("up") && name[2] == digit) return 4 - i;
  }
  return 0;
}
}  // namespace detail

/// Counts by the parameters' names in the authors' checkpoints, which all models of the library share.
template <class Machine>
constexpr Flops flops() {
  constexpr nwm::Shape shape = Machine::shape;
  const auto sites = static_cast<double>(shape.sites());
  Flops sum;
  for (const nwm::Slice& slice : Machine::layout.slices) {
    const std::string_view name = slice.name.view();
    if (slice.rank < 2) continue;
    double forward = 2 * static_cast<double>(slice.size) * sites, passes = 3;
    if constexpr (requires { Machine::folds_readout; })
      if (Machine::folds_readout) {
        if (detail::contains(name, "fc_time")) continue;
        if (detail::contains(name, "fc_readout.0."))
          forward = 2 * static_cast<double>(slice.dims[0] * shape.steps * shape.oscillators) * sites;
      }
    if (detail::contains(name, "cell.")) {
      forward *= static_cast<double>(shape.steps);
    } else if (detail::contains(name, "fc_time")) {
      if constexpr (requires { typename Machine::Readout; }) {
        constexpr bool fft = std::is_same_v<typename Machine::Readout, nwm::readout::Fft>;
        if (!slice.trained && !fft) continue;
        forward *= static_cast<double>(shape.oscillators) * (fft ? 2 : 1);
        if (fft) passes = 2;  // the matrix is constant
      }
    } else if (detail::contains(name, ".up.weight")) {
      forward /= 4;  // a transposed convolution of 2 × 2: each site of its output sees one tap
    }
    forward /= static_cast<double>(std::size_t{1} << 2 * detail::level(name));
    if (slice.rank == 4 && slice.dims[1] == shape.image_channels &&
        (name.ends_with("encoder.0.weight") || name == "inc.double_conv.0.weight"))
      passes = 2;
    sum.forward += forward;
    sum.training += passes * forward;
  }
  return sum;
}

}  // namespace bench
