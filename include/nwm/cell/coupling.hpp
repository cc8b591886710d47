// The linear stencil that a stage of a cell gathers its coupled value with.
#pragma once

#include <cstddef>

#include "nwm/cell/field.hpp"
#include "nwm/memory/layout.hpp"
#include "nwm/memory/name.hpp"

namespace nwm::cell {

/// Which taps of a 3×3 coupling may be other than zero: all of them, or those of the site and its four
/// neighbours in the same channel (a Laplacian). The parameters' layout is the same.
enum class Pattern { full, five_point };

/// The stencil of a stage. It takes from.size()·C channels and gives groups·C: the coupled value of
/// oscillator channel c has `groups` values (output channels c, C + c, ...).
struct Coupling {
  Name name;       ///< parameters are "<name>.weight" and "<name>.bias"
  FieldList from;  ///< the fields it gathers
  std::size_t groups = 1;
  std::size_t size = 3;  ///< 3 (3×3) or 1 (the site itself)
  bool bias = false;
  Initial initial = Initial::uniform;
  bool trained = true;
  Pattern pattern = Pattern::full;  ///< five_point: not trained; backends may leave the other taps out
};

}  // namespace nwm::cell
