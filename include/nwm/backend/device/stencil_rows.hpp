// A stencil's weights as tensor cores take them: rows of channels that are set, columns of channels that are
// read, one matrix a tap.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <cstddef>

#include "nwm/backend/device/operand_tile.hpp"

namespace nwm::device {

/// How the channels of a stencil, or of its adjoint in the data (`back`), are divided among blocks and rows.
template <class S, bool back, std::size_t from_parts, std::size_t to_parts>
struct StencilRows {
  static constexpr std::size_t from_channels = back ? S::out : S::in, to_channels = back ? S::in : S::out;
  static constexpr std::size_t to_each = to_channels / to_parts;
  using From = ChannelOctets<from_channels, from_parts>;
  static constexpr unsigned chunks = (From::count + 1) / 2;  ///< of two octets, read together

 private:
  static constexpr std::size_t most = std::max<std::size_t>(32 / to_parts, 1);

 public:
  /// Channels of each part that a block sets, in as many blocks (`rounds`) as it takes. They are rows of the
  /// products, part after part, filled up to whole matrices of 16.
  static constexpr std::size_t rounds = (to_each + most - 1) / most;
  static constexpr unsigned group = (to_each + rounds - 1) / rounds, rows = group * to_parts;
  static constexpr unsigned padded_rows = (rows + 15) / 16 * 16;
  /// Octets of a tap in shared memory (octet, row): odd, so that weights of neighbouring taps stand in
  /// different banks.
  static constexpr unsigned tap_stride = 2 * padded_rows + 1;

  /// The channel that is set by `row` of a block whose first channel of each part is `first`; to_channels
  /// where there is none.
  static constexpr unsigned to_channel(unsigned first, unsigned row) {
    const unsigned c = first + row % group;
    return row < rows && c < to_each ? row / group * static_cast<unsigned>(to_each) + c : to_channels;
  }

  /// Calls f(tap, from channel of the chunk, row, weight) for a thread's part of the chunk's weights, 0 where
  /// there is no such channel; lanes in the order of memory.
  template <unsigned threads, class F>
  static constexpr void each_weight(const float* parameters, unsigned thread, unsigned chunk, unsigned first,
                                    const F& f) {
    constexpr unsigned taps = S::taps;
    for (unsigned k = thread; k < 16 * padded_rows * taps; k += threads) {
      const unsigned tap = k % taps, pair = k / taps;
      const unsigned c = back ? pair / padded_rows : pair % 16, row = back ? pair % padded_rows : pair / 16;
      const unsigned octet = chunk * 2 + c / 8, o = to_channel(first, row);
      float weight = 0;
      if (o < to_channels && c % 8 < From::size(octet)) {
        const std::size_t i = From::first(octet) + c % 8;
        weight = parameters[back ? (i * S::in + o) * S::taps + (S::taps - 1 - tap)
                                 : (o * S::in + i) * S::taps + tap];
      }
      f(tap, c, row, weight);
    }
  }
};

}  // namespace nwm::device

#include "nwm/pop_macros.inc"
