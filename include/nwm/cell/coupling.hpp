// The linear map that a stage of a cell gathers its coupled value with.
#pragma once

#include <cstddef>

#include "nwm/cell/field.hpp"
#include "nwm/memory/layout.hpp"
#include "nwm/memory/name.hpp"

namespace nwm::cell {

/// What the weights of a stencil may be. The patterns from `laplacian` on are fixed: each channel by itself,
/// without parameters, so that nothing of them stands in a checkpoint.
enum class Pattern {
  full,        ///< any weights
  five_point,  ///< of 3×3, the site and its four neighbours, each channel by itself; laid out as `full`
  laplacian,   ///< the sum of the neighbours (4, on a line 2) less as many times the site
  shift,      ///< the neighbour one row up and one column left: on a line, what runs one site on in each step
  gradient,   ///< group 0: u(x + 1) − u(x), group 1: u(y + 1) − u(y)
  divergence  ///< of two fields: a(x) − a(x − 1) + b(y) − b(y − 1), minus the adjoint of `gradient`
};

/// How far a coupling reaches, and what its weights are.
enum class Reach {
  stencil,  ///< size × size taps around the site (on a line: size), the same everywhere
  dense,    ///< all channels and sites to all: weight (groups·C·sites, numbers of the fields)
  complex   ///< dense, complex weights (C·sites, numbers, 2): group 0 the real part, group 1 the other
};

/// No field.
inline constexpr std::size_t nowhere = static_cast<std::size_t>(-1);

/// The coupling of a stage. It takes the channels of the fields `from` and gives groups·C: the coupled value
/// of oscillator channel c has `groups` values (output channels c, C + c, ...).
struct Coupling {
  Name name{};                         ///< parameters are "<name>.weight" and "<name>.bias"
  FieldList from{};                    ///< the fields it gathers
  std::size_t groups = 1;              ///< coupled values a channel
  std::size_t size = 3;                ///< of a stencil: 3, 5 or 7 taps a side, or 1 (the site itself)
  bool bias = false;                   ///< whether a number is added to each coupled value
  Initial initial = Initial::uniform;  ///< what the weights are at first
  bool trained = true;                 ///< whether the optimiser may change the weights
  Pattern pattern = Pattern::full;     ///< five_point: not trained; backends may leave the other taps out
  Reach reach = Reach::stencil;        ///< which sites are gathered
  /// Each channel by itself: weight (C·groups, fields, taps), channel after channel, as PyTorch's with
  /// groups=C.
  bool depthwise = false;
  bool zero_padding = false;  ///< a stencil sees zeros beyond the edge, whatever the cell's boundary

  /// The field that takes the coupled value, for a stage without an update of its own.
  std::size_t into = nowhere;
};

/// A coupling that gathers nothing: of a stage that is an update alone.
inline constexpr Coupling uncoupled{.groups = 0, .size = 1};

}  // namespace nwm::cell
