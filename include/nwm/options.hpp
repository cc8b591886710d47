// What structs of options share: the refusal of a value that makes no sense, and how concepts ask for them.
#pragma once

#include <string_view>

#include "nwm/error.hpp"

namespace nwm {

/// Throws Error("<owner>", field, …) unless `fine`.
inline void require_option(std::string_view owner, std::string_view field, double value, bool fine,
                           std::string_view expected) {
  if (!fine) throw Error(owner, field, expected, shown(value));
}

namespace detail {
/// Stands for f in a policy's options(f).
struct TakeOption {
  void operator()(std::string_view, double) const {}
};
}  // namespace detail

}  // namespace nwm
