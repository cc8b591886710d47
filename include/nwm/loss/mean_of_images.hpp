// The mean of metrics over images, member by member.
#pragma once

#include <span>

namespace nwm::detail {

/// The mean of the `members` (pointers to doubles of M) over images, in order.
template <class M, class... Member>
M mean_of(std::span<const M> images, Member... members) {
  M mean;
  for (const M& m : images) ((mean.*members += m.*members), ...);
  const auto count = static_cast<double>(images.size());
  ((mean.*members /= count), ...);
  return mean;
}

}  // namespace nwm::detail
