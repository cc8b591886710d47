// Tiles of fields as tensor cores take them: in shared memory, eight channels of a site beside each other in
// 16 bits, so that a matrix of ldmatrix is eight neighbouring sites, at any shift: 128 bytes in a row, which
// no two of its lanes contend for.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "nwm/backend/device/half.hpp"
#include "nwm/backend/device/scaling.hpp"
#include "nwm/backend/device/seen_index.hpp"
#include "nwm/backend/device/unroll.hpp"
#include "nwm/grid/batched.hpp"

namespace nwm::device {

/// Eight 16-bit numbers on 16 bytes.
struct alignas(16) Octet {
  std::array<std::uint16_t, 8> at;

  /// Four pairs, in one store.
  constexpr void set(const std::array<HalfPair, 4>& pairs) {
#if defined(__CUDA_ARCH__)
    *reinterpret_cast<uint4*>(this) = make_uint4(pairs[0], pairs[1], pairs[2], pairs[3]);
#else
    for (std::size_t i = 0; i < 4; ++i) {
      at[2 * i] = first_of(pairs[i]);
      at[2 * i + 1] = second_of(pairs[i]);
    }
#endif
  }
  /// Another's numbers, in one load and one store.
  constexpr void take(const Octet& from) {
#if defined(__CUDA_ARCH__)
    *reinterpret_cast<uint4*>(this) = *reinterpret_cast<const uint4*>(&from);
#else
    at = from.at;
#endif
  }
};

/// How `channels` channels in equal parts are cut into octets, none of which has channels of two parts. An
/// octet that is not full, and one beyond the last, ends in zeros.
template <std::size_t channels, std::size_t parts>
struct ChannelOctets {
  static constexpr unsigned each = channels / parts, per_part = (each + 7) / 8, count = parts * per_part;

  /// Number of its first channel.
  static constexpr unsigned first(unsigned octet) { return octet / per_part * each + octet % per_part * 8; }
  /// Number of its channels.
  static constexpr unsigned size(unsigned octet) {
    if constexpr (each % 8 == 0 && count % 2 == 0) return 8;  // whichever octet of a pair
    if (octet >= count) return 0;
    const unsigned left = each - octet % per_part * 8;
    return left < 8 ? left : 8;
  }
  /// Octet number `octet` of a field (channels, sites) that comes in parts.
  template <std::size_t sites>
  static constexpr const float* plane(const std::array<const float*, parts>& from, unsigned octet) {
    const unsigned there = octet < count ? octet : 0;
    return pick(from, there / per_part) + there % per_part * 8 * sites;
  }
};

/// Tiles of 8 × 32 sites (4 or 16, where the image has no more), padded by `reach` on every side.
template <class G, std::size_t reach_>
struct OperandTiles {
  using Grid = G;
  static constexpr unsigned reach = reach_, height = G::height <= 4 ? 4 : 8, width = G::width <= 16 ? 16 : 32;
  static constexpr unsigned sites = height * width;
  static constexpr unsigned padded_height = height + 2 * reach, padded_width = width + 2 * reach;
  static constexpr unsigned units = padded_height * padded_width;  ///< octets of a padded tile
  static constexpr unsigned down = (G::height + height - 1) / height;
  static constexpr unsigned across = (G::width + width - 1) / width;
  static constexpr unsigned count = images_of<G> * down * across;

  unsigned image, top, left;

  constexpr explicit OperandTiles(unsigned tile)
      : image(tile / (down * across)), top(tile / across % down * height), left(tile % across * width) {}

  /// Whether site (y, x) of the tile lies in the image.
  constexpr bool inside(unsigned y, unsigned x) const { return top + y < G::height && left + x < G::width; }
  /// Its index in a channel's plane.
  constexpr unsigned site(unsigned y, unsigned x) const {
    return static_cast<unsigned>((image * G::height + top + y) * G::width + left + x);
  }
};

/// How the threads of a block bring `octets` octets of channels of a tile of Cut (OperandTiles) to shared
/// memory: each thread holds some sites' channels in float while their largest is found, then rounds them.
template <class Cut, class Boundary, unsigned octets, unsigned threads>
struct OctetLoad {
  using G = typename Cut::Grid;

 private:
  /// Octets of the tile's own columns, which lanes read row by row, and of those beside it.
  static constexpr unsigned inner = octets * Cut::padded_height * Cut::width;
  static constexpr unsigned all = octets * Cut::units;

 public:
  static constexpr unsigned rounds = (all + threads - 1) / threads;
  using Held = std::array<float, 8 * rounds>;  ///< what a thread holds

  /// Fills `held` with the tile's channels as a stencil sees them; 0 far from the image, and where there is
  /// no channel. planes(octet) is where the octet's first channel begins, channels(octet) how many there are.
  template <class Planes, class Channels>
  static constexpr void load(unsigned thread, Held& held, const Cut& cut, const Planes& planes,
                             const Channels& channels) {
    NWM_UNROLL
    for (unsigned round = 0; round < rounds; ++round) {
      const Place place(thread + round * threads);
      const int row = seen<G::height, Cut::height>(cut.top + place.row);
      const int column = seen<G::width, Cut::width>(cut.left + place.column);
      // The last round alone may lead beyond the tile, but there is nothing to tell the compiler so.
      const bool whole = (round + 1) * threads <= all;
      const bool there = (whole || place.octet < octets) && row >= 0 && column >= 0;
      const unsigned octet = there ? place.octet : 0;
      const float* from = planes(octet);
      if (there)
        from +=
            (cut.image * G::height + static_cast<unsigned>(row)) * G::width + static_cast<unsigned>(column);
      const unsigned count = there ? channels(octet) : 0;
      NWM_UNROLL
      for (unsigned k = 0; k < 8; ++k) held[round * 8 + k] = k < count ? from[k * G::sites] : 0.0F;
    }
  }

  /// The largest finite magnitude of a thread's numbers.
  static constexpr float largest(const Held& held) {
    float most = 0;
    NWM_UNROLL
    for (unsigned i = 0; i < 8 * rounds; ++i) most = larger_magnitude(most, held[i]);
    return most;
  }

  /// Sets tile (factors, octets, padded height, padded width) to the numbers times `scale`: their higher
  /// parts, and with 2 factors the lower parts.
  template <class Half, unsigned factors>
  static constexpr void store(unsigned thread, const Held& held, float scale, Octet* tile) {
    NWM_UNROLL
    for (unsigned round = 0; round < rounds; ++round) {
      const Place place(thread + round * threads);
      std::array<HalfPair, 4> high, low;
      NWM_UNROLL
      for (unsigned i = 0; i < 4; ++i) {
        const SplitPair<Half> both(held[round * 8 + 2 * i] * scale, held[round * 8 + 2 * i + 1] * scale);
        high[i] = both.high;
        if constexpr (factors == 2) low[i] = both.low;
      }
      if ((round + 1) * threads > all && place.octet >= octets) continue;
      Octet* const to =
          tile + (place.octet * Cut::padded_height + place.row) * Cut::padded_width + place.column;
      to->set(high);
      if constexpr (factors == 2) (to + all)->set(low);
    }
  }

 private:
  /// Octet number i in the order of loading: row and column are of the padded tile.
  struct Place {
    unsigned octet, row, column;
    constexpr explicit Place(unsigned i) {
      if (i < inner) {
        column = i % Cut::width + Cut::reach;
        row = i / Cut::width % Cut::padded_height;
        octet = i / (Cut::width * Cut::padded_height);
      } else {
        constexpr unsigned beside = Cut::reach > 0 ? 2 * Cut::reach : 1;
        const unsigned k = (i - inner) % beside;
        column = k < Cut::reach ? k : k + Cut::width;
        row = (i - inner) / beside % Cut::padded_height;
        octet = Cut::reach > 0 ? (i - inner) / (beside * Cut::padded_height) : octets;
      }
    }
  };
  /// What a stencil sees at index `padded` − reach of an axis of n, cut into tiles; −1 for zero.
  template <std::size_t n, unsigned tile>
  static constexpr int seen(unsigned padded) {
    const int i = static_cast<int>(padded) - static_cast<int>(Cut::reach);
    if constexpr (n % tile != 0)
      if (i >= static_cast<int>(n + Cut::reach)) return -1;
    return seen_index<Boundary, n>(i);
  }
};

}  // namespace nwm::device

#include "nwm/pop_macros.inc"
