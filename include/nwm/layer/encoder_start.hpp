// Where the encoder of a field starts to learn: the bias and the scale of its last convolution.
#pragma once

#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nwm/error.hpp"

namespace nwm::layer {

/// How the last convolution of a field's encoder starts, where that is not left to chance. Before training
/// the field is then, at every site, the encoder's activation of about `bias`, and the image varies it by
/// about `weight_scale` times what it would. Example: biases of omega from 0.5 to 1.5 give the channels of a
/// wave cell natural frequencies of their own, where drawn ones leave most of them without a pull to rest.
struct EncoderStart {
  std::size_t field = 0;       ///< enumerator of the encoded field, for instance cell::Wave::omega
  std::vector<double> bias{};  ///< a number a channel, or one for all channels; empty: as drawn
  double weight_scale = 1;     ///< times the drawn weights, ≥ 0; 0: the same at all sites
};

/// `count` numbers from `low` to `high`, equally far apart; `low` where it is one number.
inline std::vector<double> linear_spread(std::size_t count, double low, double high) {
  std::vector<double> result(count, low);
  for (std::size_t i = 1; i < count; ++i)
    result[i] = low + (high - low) * static_cast<double>(i) / static_cast<double>(count - 1);
  return result;
}

/// Sets the parameters of a last convolution (weights, then `channels` biases), which hold what was drawn.
/// `name` is the field's. Throws Error unless the bias is empty, one number or `channels` numbers, all
/// finite, and the scale is a finite number ≥ 0.
template <class Real>
void start_last_convolution(const EncoderStart& start, std::string_view name, std::size_t channels,
                            std::span<Real> last) {
  const std::string where = "start of the encoder of " + std::string(name);
  if (start.bias.size() > 1 && start.bias.size() != channels)
    throw Error(where, "bias", "1 or " + std::to_string(channels) + " numbers",
                std::to_string(start.bias.size()));
  for (const double b : start.bias)
    if (!std::isfinite(b)) throw Error(where, "bias", "finite numbers", shown(b));
  if (!std::isfinite(start.weight_scale) || start.weight_scale < 0)
    throw Error(where, "weight_scale", "a finite number, at least 0", shown(start.weight_scale));
  const std::size_t weights = last.size() - channels;
  for (std::size_t i = 0; i < weights; ++i) last[i] *= static_cast<Real>(start.weight_scale);
  for (std::size_t c = 0; c < channels && !start.bias.empty(); ++c)
    last[weights + c] = static_cast<Real>(start.bias[start.bias.size() == 1 ? 0 : c]);
}

}  // namespace nwm::layer
