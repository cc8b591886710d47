// The adjoint of a cell's update at one site, taken by running the update itself on dual numbers.
#pragma once

#include <array>
#include <cstddef>

#include "nwm/cell/dual.hpp"
#include "nwm/cell/stage.hpp"
#include "nwm/memory/for_constants.hpp"

namespace nwm::cell {

/// Gradients with respect to the inputs of a stage's update at one site.
template <class V, class S>
struct SiteGradient {
  std::array<V, S::groups> coupled;
  std::array<V, S::reads.size()> site;
};

/// Jᵀ · gradient for S::update at (coupled value, site): sets every entry. `gradient` belongs to S::writes,
/// in order. Exact to rounding (forward-mode differentiation, one direction an input).
template <class S, class C, class V>
constexpr SiteGradient<V, S> derived_adjoint(const C& cell, const std::array<V, S::groups>& coupled,
                                             const std::array<V, S::reads.size()>& site,
                                             const std::array<V, S::writes.size()>& gradient) {
  constexpr std::size_t groups = S::groups, reads = S::reads.size(), n = groups + reads;
  using D = math::Dual<V, n>;
  std::array<D, groups> dual_coupled;
  std::array<D, reads> dual_site;
  for (std::size_t i = 0; i < groups; ++i) dual_coupled[i] = D(coupled[i], i);
  for (std::size_t i = 0; i != reads; ++i) dual_site[i] = D(site[i], groups + i);
  const auto out = S::update(cell, dual_coupled, dual_site);
  const auto pull = [&](std::size_t direction) {
    V sum = out[0].d[direction] * gradient[0];
    for (std::size_t w = 1; w < out.size(); ++w) sum = sum + out[w].d[direction] * gradient[w];
    return sum;
  };
  SiteGradient<V, S> result;
  for (std::size_t i = 0; i < groups; ++i) result.coupled[i] = pull(i);
  for (std::size_t i = 0; i != reads; ++i) result.site[i] = pull(groups + i);
  return result;
}

/// The adjoint the library runs: adjoint(cell, now, gradient, to) where a stage brings one (an optimisation
/// that must agree with the derived one: see check_cell), else the derived one.
template <class S, class C, class V>
[[gnu::always_inline]] constexpr SiteGradient<V, S> site_adjoint(
    const C& cell, const std::array<V, S::groups>& coupled, const std::array<V, S::reads.size()>& site,
    const std::array<V, S::writes.size()>& gradient) {
  if constexpr (S::has_adjoint) {
    using Site = typename S::template Site<V>;
    const Site now = S::template site_of<typename S::Reads>(coupled, site);
    const Site after = S::Writes::template site<field_count<C>, S::groups>(gradient);
    Site to;
    S::Stated::adjoint(cell, now, after, to);
    SiteGradient<V, S> result;
    for_constants<S::groups>([&](auto g) { result.coupled[g] = to.coupled(g); });
    result.site = S::Reads::get(to);
    return result;
  } else {
    return derived_adjoint<S>(cell, coupled, site, gradient);
  }
}

}  // namespace nwm::cell
