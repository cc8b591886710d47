// The linear map that a stage of a cell gathers its coupled value with.
#pragma once

#include <cstddef>

#include "nwm/cell/field.hpp"
#include "nwm/memory/layout.hpp"
#include "nwm/memory/name.hpp"

namespace nwm::cell {

/// Which taps of a 3×3 coupling may be other than zero: all of them, or those of the site and its four
/// neighbours in the same channel (a Laplacian). The parameters' layout is the same.
enum class Pattern { full, five_point };

/// How far a coupling reaches, and what its weights are.
enum class Reach {
  stencil,  ///< size × size taps around the site (size taps on a grid of one row or column), the same everywhere
  dense,    ///< all channels and sites to all: weight (groups·C·sites, numbers of the fields)
  complex   ///< dense, of complex weights (C·sites, numbers, 2): group 0 is the real part, group 1 the imaginary
};

/// No field.
inline constexpr std::size_t nowhere = static_cast<std::size_t>(-1);

/// The coupling of a stage. It takes the channels of the fields `from` and gives groups·C: the coupled value
/// of oscillator channel c has `groups` values (output channels c, C + c, ...).
struct Coupling {
  Name name{};       ///< parameters are "<name>.weight" and "<name>.bias"
  FieldList from{};  ///< the fields it gathers
  std::size_t groups = 1;
  std::size_t size = 3;  ///< of a stencil: 3, 5 or 7 taps a side, or 1 (the site itself)
  bool bias = false;
  Initial initial = Initial::uniform;
  bool trained = true;
  Pattern pattern = Pattern::full;  ///< five_point: not trained; backends may leave the other taps out
  Reach reach = Reach::stencil;
  bool zero_padding = false;  ///< a stencil sees zeros beyond the edge, whatever the cell's boundary

  /// The field that takes the coupled value, for a stage without an update of its own.
  std::size_t into = nowhere;
};

/// A coupling that gathers nothing: of a stage that is an update alone.
inline constexpr Coupling uncoupled{.groups = 0, .size = 1};

}  // namespace nwm::cell
