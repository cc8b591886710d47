// What a head sees of a cell's recorded states.
#pragma once

namespace nwm::cell {

/// A cell of sequences says it as `static constexpr Output output_map`; without, it is `states`.
enum class Output {
  states,  ///< the recorded states themselves
  complex  ///< Re(C x) + D ⊙ u of complex states x, recorded as real parts and imaginary parts, and the input u
};

}  // namespace nwm::cell
