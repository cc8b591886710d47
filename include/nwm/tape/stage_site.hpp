// A stage of a step at one site, forward and backward: the one text that every way to run the steps shares.
#pragma once

#include <array>
#include <cstddef>
#include <type_traits>

#include "nwm/cell/derivative.hpp"
#include "nwm/cell/stage.hpp"
#include "nwm/memory/for_constants.hpp"

namespace nwm::model {

/// A field's enumerator as a type.
template <std::size_t f>
using FieldConstant = std::integral_constant<std::size_t, f>;

/// Stage S at a site. load(k) gives the value of field S::reads[k]; store(k, value) sets that of
/// S::writes[k].
template <class S, class V, class Load, class Store>
[[gnu::always_inline]] constexpr void stage_at(const typename S::Cell& cell,
                                               const std::array<V, S::groups>& coupled, const Load& load,
                                               const Store& store) {
  std::array<V, S::reads.size()> site;
  for_constants<S::reads.size()>([&](auto k) { site[k] = load(k); });
  const auto next = S::next_site(cell, coupled, site);
  for_constants<S::writes.size()>([&](auto k) { store(k, next[FieldConstant<S::writes[k]>{}]); });
}

/// Moves the gradient of the fields from after stage S to before it, and returns the coupled value's.
/// load(k) gives what stands for field S::reads[k]; get(f) and set(f, value), f a FieldConstant, reach the
/// gradient of field f; adjoint(site, gradient) is the cell's (cell::SiteGradient), from what was loaded and
/// the gradient of S::writes.
template <class S, class V, class Load, class Get, class Set, class Adjoint>
[[gnu::always_inline]] constexpr std::array<V, S::groups> move_gradient(const Load& load, const Get& get,
                                                                        const Set& set,
                                                                        const Adjoint& adjoint) {
  constexpr std::size_t reads = S::reads.size(), writes = S::writes.size();
  std::array<V, reads> site;
  std::array<V, writes> gradient;
  for_constants<reads>([&](auto k) { site[k] = load(k); });
  for_constants<writes>([&](auto k) { gradient[k] = get(FieldConstant<S::writes[k]>{}); });
  const cell::SiteGradient<V, S> result = adjoint(site, gradient);
  // A field that is written starts anew below this stage; one that is only read goes on.
  for_constants<writes>([&](auto k) {
    constexpr FieldConstant<S::writes[k]> f;
    if constexpr (cell::position(S::reads, f) == reads) set(f, V(0));
  });
  for_constants<reads>([&](auto k) {
    constexpr FieldConstant<S::reads[k]> f;
    if constexpr (cell::position(S::writes, f) < writes) set(f, result.site[k]);
    else set(f, get(f) + result.site[k]);
  });
  return result.coupled;
}

/// The adjoint of stage_at: returns the coupled value's gradient, and moves that of the fields from after the
/// stage to before it. load(k) gives the value of field S::reads[k] as the stage saw it.
template <class S, class V, class Load, class Get, class Set>
[[gnu::always_inline]] constexpr std::array<V, S::groups> stage_adjoint_at(
    const typename S::Cell& cell, const std::array<V, S::groups>& coupled, const Load& load, const Get& get,
    const Set& set) {
  return move_gradient<S, V>(load, get, set, [&](const auto& site, const auto& gradient) {
    return cell::site_adjoint<S>(cell, coupled, site, gradient);
  });
}

}  // namespace nwm::model
