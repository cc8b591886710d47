// The library's version, stated here alone: CMakeLists.txt reads these three numbers for project(VERSION).
// While the major number is 0, a new minor number may rename or remove (CHANGELOG.md says what).
#pragma once

#include <string_view>

/// Raised when programs must change.
#define NWM_VERSION_MAJOR 0
/// Raised for what is new; while the major number is 0, also where programs must change.
#define NWM_VERSION_MINOR 2
/// Raised for what is mended.
#define NWM_VERSION_PATCH 0

// Two macros, as an argument next to # is not expanded.
#define NWM_DETAIL_QUOTED(major, minor, patch) #major "." #minor "." #patch
#define NWM_DETAIL_VERSION(major, minor, patch) NWM_DETAIL_QUOTED(major, minor, patch)

namespace nwm {

/// The version as text, "major.minor.patch".
inline constexpr std::string_view version =
    NWM_DETAIL_VERSION(NWM_VERSION_MAJOR, NWM_VERSION_MINOR, NWM_VERSION_PATCH);

}  // namespace nwm

#undef NWM_DETAIL_QUOTED
#undef NWM_DETAIL_VERSION
