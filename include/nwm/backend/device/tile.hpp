// Tiles of a field's images, for stencil kernels.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <cstddef>

#include "nwm/backend/device/seen_index.hpp"
#include "nwm/grid/batched.hpp"

namespace nwm::device {

/// Tiles of at most `tall` × 32 sites (a row is a warp wide), padded by `reach` sites on every side.
template <class G, std::size_t reach, std::size_t tall = 8>
struct Tiles {
  static constexpr std::size_t height = std::min<std::size_t>(G::height, tall);
  static constexpr std::size_t width = std::min<std::size_t>(G::width, 32);
  static constexpr std::size_t sites = height * width;
  static constexpr std::size_t padded_width = width + 2 * reach;
  static constexpr std::size_t padded = (height + 2 * reach) * padded_width;
  static constexpr std::size_t down = (G::height + height - 1) / height;
  static constexpr std::size_t across = (G::width + width - 1) / width;
  static constexpr std::size_t count = images_of<G> * down * across;

  std::size_t image, top, left;

  constexpr explicit Tiles(std::size_t tile)
      : image(tile / (down * across)), top(tile / across % down * height), left(tile % across * width) {}

  /// Whether site i of the tile lies in the image. The last tile of a row or column may reach beyond the
  /// image.
  constexpr bool inside(std::size_t i) const {
    return top + i / width < G::height && left + i % width < G::width;
  }
  /// Index of the tile's site i in a channel's plane.
  constexpr std::size_t site(std::size_t i) const {
    return (image * G::height + top + i / width) * G::width + left + i % width;
  }
  /// Number i of the padded tile, read from a channel's plane; `Boundary` gives the values beyond the image.
  template <class Boundary, class Real>
  constexpr Real load(const Real* plane, std::size_t i) const {
    constexpr auto halo = static_cast<int>(reach), across_ = static_cast<int>(padded_width);
    const auto at = static_cast<int>(i);
    const int row = seen_index<Boundary, G::height>(static_cast<int>(top) + at / across_ - halo);
    const int column = seen_index<Boundary, G::width>(static_cast<int>(left) + at % across_ - halo);
    if (shows_zeros<Boundary, G::height> || shows_zeros<Boundary, G::width>)
      if (row < 0 || column < 0) return Real(0);
    return plane[(image * G::height + static_cast<std::size_t>(row)) * G::width +
                 static_cast<std::size_t>(column)];
  }
  /// Index in the padded tile of a stencil's tap (row-major) at the tile's site i.
  static constexpr std::size_t seen(std::size_t i, std::size_t tap) {
    constexpr std::size_t size = 2 * reach + 1;
    return (i / width + tap / size) * padded_width + i % width + tap % size;
  }
};

}  // namespace nwm::device

#include "nwm/pop_macros.inc"
