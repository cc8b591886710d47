// The greatest distance over which a model's equations can carry a change of one pixel, whatever its weights.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cstddef>
#include <type_traits>

#include "nwm/cell/stage.hpp"
#include "nwm/grid/boundary.hpp"
#include "nwm/memory/for_constants.hpp"

namespace nwm::analysis {

namespace detail {

/// The reach of the recorded field after `steps` steps. Stage by stage, a stencil adds half its size to the
/// furthest reach among its fields, a dense coupling reaches everywhere. Fields that do not depend on the
/// image have the reach `never`.
template <cell::Cell Cell>
constexpr std::size_t cell_reach(std::size_t steps) {
  constexpr std::ptrdiff_t never = -1, everywhere = 1000000;
  std::array<std::ptrdiff_t, cell::field_count<Cell>> reach{};
  for (std::size_t f = 0; f < reach.size(); ++f) {
    const std::size_t layers = cell::field<Cell>(f).encoder_layers;
    const bool enters = layers > 0 || cell::field<Cell>(f).role == cell::Role::drive;
    reach[f] = enters ? static_cast<std::ptrdiff_t>(layers) : never;
  }
  std::ptrdiff_t most = never;
  for (std::size_t t = 0; t < steps; ++t) {
    for_constants<cell::stage_count<Cell>>([&](auto s) {
      using Stage = cell::Stage<Cell, s>;
      std::ptrdiff_t next = never;
      for (const std::size_t f : Stage::from)
        if (reach[f] != never)
          next = std::max(next, reach[f] + (Stage::coupling.reach == cell::Reach::stencil
                                                ? static_cast<std::ptrdiff_t>(Stage::coupling.size / 2)
                                                : everywhere));
      for (std::size_t r = 0; r < Stage::reads.size(); ++r) next = std::max(next, reach[Stage::reads[r]]);
      for (const std::size_t f : Stage::writes) reach[f] = next;
    });
    most = std::max(most, reach[cell::recorded<Cell>]);
  }
  return most == never ? 0 : static_cast<std::size_t>(most);
}

/// The reach of a U-Net in pixels. A site of grid l covers 2^l pixels a side. Two 3×3 convolutions add 2
/// sites. Pooling halves the reach (rounded up). Going back up doubles it and adds the site beside.
constexpr std::size_t unet_reach(int grids) {
  std::size_t reach = 2;
  for (int grid = 1; grid < grids; ++grid) reach = (reach + 1) / 2 + 2;
  for (int grid = 1; grid < grids; ++grid) reach = 2 * reach + 1 + 2;
  return reach;
}

}  // namespace detail

/// The largest row or column distance in pixels at which a score can depend on a pixel: encoder layers + T
/// for the wave cell (one coupling of reach 1 per step), L for a CNN of L layers, 109 for the U-Net.
template <class Machine>
inline constexpr std::size_t greatest_reach = [] {
  if constexpr (requires { typename Machine::Cell; })
    return detail::cell_reach<typename Machine::Cell>(Machine::shape.steps);
  else if constexpr (requires { Machine::layers; }) return Machine::layers;
  else return Machine::couples_images ? detail::unet_reach(5) : 0;
}();

/// Whether opposite edges of the model's grid are neighbours. Distances then go the shorter way round.
template <class Machine>
inline constexpr bool on_torus = [] {
  if constexpr (requires { typename Machine::ImageGrid; })
    return std::is_same_v<typename Machine::ImageGrid::Boundary, Periodic>;
  else return false;
}();

}  // namespace nwm::analysis

#include "nwm/pop_macros.inc"
