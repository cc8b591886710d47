// A device backend whose tapes keep all.
#pragma once

namespace nwm::device {

/// B, a device backend, with tapes that keep the coupled value and every field of each step, for cells whose
/// steps are too small to follow from their series (model::require_recoverable): three times the memory.
template <class B>
struct WholeTape : B {
  /// As for a backend that knows no other tape (backend/pass.hpp).
  static constexpr bool series_tape = false;
};

}  // namespace nwm::device
