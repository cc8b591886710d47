// Whether a loss keeps within the memory it says it needs: tried once on memory with room behind it, before
// it is let loose on memory without.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>
#include <string>

#include "nwm/loss/loss.hpp"
#include "nwm/memory/buffer.hpp"

namespace nwm::loss {

namespace detail {
/// One number of plain memory.
template <class Real>
struct PlainLane {
  using Value = Real;
  std::size_t index = 0;
  constexpr Real load(const Real* from) const { return from[index]; }
  constexpr void store(Real* to, const Real& value) const { to[index] = value; }
};

/// Whether the numbers from `begin` on are all `value`.
template <class Real>
bool untouched(const Buffer<Real>& all, std::size_t begin, Real value) {
  for (std::size_t i = begin; i < all.size(); ++i)
    if (all[i] != value) return false;
  return true;
}
}  // namespace detail

/// Throws Error where `encode`, given this target of an image, sets numbers behind the planes that L names,
/// or the kernel at a pixel reads behind them or sets numbers behind the scores. Seen as far as there are
/// outputs, and eight planes more.
template <std::size_t outputs, std::size_t sites, class Real, Loss L>
void require_within_planes(const L& loss, std::span<const typename L::Target> target) {
  constexpr std::size_t stride = L::pooled ? 1 : sites, planes = L::template planes<outputs>;
  constexpr std::size_t guard = outputs + 8, size = planes * stride;
  constexpr Real mark = Real(-12345.625);
  const std::string named = "planes<" + std::to_string(outputs) + "> of the loss " + std::string(L::name);
  const auto refuse = [&](const char* found) {
    throw Error(named, "numbers a pixel",
                "what encode sets and the kernel reads, not " + std::to_string(planes), found);
  };
  Buffer<Real> encoded((planes + guard) * stride), scores(outputs + guard);
  encoded.fill(mark);
  loss.template encode<outputs>(target, encoded.data(), stride);
  if (!detail::untouched(encoded, size, mark)) refuse("an encode that sets more");
  // The kernel answers the same whatever stands behind.
  const auto answer = [&](Real behind) {
    std::fill(encoded.data() + size, encoded.data() + encoded.size(), behind);
    Real sum(0);
    for (std::size_t p = 0; p < stride; ++p) {
      scores.fill(mark);
      std::fill_n(scores.data(), outputs, Real(0.25));
      const Real value = loss.template kernel<outputs>(1.0, static_cast<const Real*>(encoded.data()) + p,
                                                       stride, scores.data(), 1)(detail::PlainLane<Real>{});
      sum += value;
      for (std::size_t k = 0; k < outputs; ++k) sum += static_cast<Real>(k + 1) * scores[k];
      if (!detail::untouched(scores, outputs, mark))
        throw Error("kernel of the loss " + std::string(L::name), "scores it sets", std::to_string(outputs),
                    "more");
    }
    return sum;
  };
  const Real once = answer(Real(0.5)), again = answer(Real(0.75));
  if (once == once && again == again && once != again) refuse("a kernel that reads more");
}

}  // namespace nwm::loss
