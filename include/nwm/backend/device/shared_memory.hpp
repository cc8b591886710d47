// The memory that a block's threads share, by device: how much there is, and which of several kernels that do
// the same therefore runs. Asked of the present device at run time; what is compiled is known before.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "nwm/error.hpp"

namespace nwm::device {

/// Bytes that a block can have on the devices that have most (compute capability 9.0 and 10.0). What takes
/// more is not compiled.
inline constexpr std::size_t shared_limit = 227 * 1024;
/// Bytes that a block can have on every device of compute capability 8.0 and more: 163 KiB on 8.0 and 8.7, 99
/// on 8.6, 8.9 and 12.0. What takes no more is compiled in one way only.
inline constexpr std::size_t shared_everywhere = 99 * 1024;

/// How all steps of a segment run on the present device, in one direction (Operations::steps_choice). Where
/// `wanted` is more than `available`, a device with more shared memory runs them better.
struct StepsChoice {
  /// Of what runs: "resident", "resident in two blocks", "by stages", "weights in shared memory", …
  std::string_view name;
  std::size_t taken;      ///< bytes that a block of it shares; 0 where the steps take several launches
  std::size_t wanted;     ///< bytes that the best kernel shares, on any device; 0 where there is none
  std::size_t available;  ///< bytes that a block can have on the present device
};

/// Throws Error where a block needs more bytes than it can have.
inline void require_shared_memory(std::size_t needed, std::size_t available) {
  if (needed > available)
    throw Error("nwm::device", "shared memory of a block",
                "at most " + std::to_string(available) + " bytes, which this device has",
                "a kernel that needs " + std::to_string(needed) +
                    ": take a smaller grid, fewer channels, float for double, or a device that has more");
}

}  // namespace nwm::device
