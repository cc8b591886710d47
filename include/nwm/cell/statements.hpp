// Finds what is wrong in what a cell states, before any of its functions is run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <tuple>
#include <type_traits>

#include "nwm/cell/cell.hpp"
#include "nwm/cell/trace.hpp"
#include "nwm/memory/for_constants.hpp"

namespace nwm::cell {

/// What is wrong with a cell. cell/check.hpp has a sentence for each.
enum class Mistake {
  none,
  told_elsewhere,  // by an archetype, or by `checked` itself
  final_type,
  no_field,
  too_many_fields,
  unknown_index,
  described_twice,
  same_name,
  no_field_name,
  intermediate_encoded,
  two_drives,
  recorded_no_state,
  number_twice,
  numbers_not_listed,
  stages_and_own,
  not_coupled,
  coupling_no_name,
  coupling_same_name,
  coupling_size,
  coupling_groups,
  from_nothing,
  from_too_many,
  from_unknown,
  from_twice,
  laplacian_of_many,
  five_points_of_many,
  five_points_trained,
  into_no_field,
  into_groups,
  complex_groups,
  pattern_shape,
  depthwise_dense,
  update_signature,
  update_returns,
  adjoint_not_constant,
  unknown_field,
  unknown_group,
  read_before_set,
  writes_nothing,
  map_written,
  drive_written,
  drive_elsewhere,
  state_unwritten,
  intermediate_unwritten,
  intermediate_early,
  adjoint_signature,
  adjoint_incomplete,
  inverse_incomplete,
  recovered_incomplete,
  stability_signature,
  growth_signature,
  stability_of_state,
  no_name,
  nothing_encoded,
  map_nobody_sets,
  undriven_sequence,
  encoded_in_sequence,
  given_in_sequence,
  laplacian_of_one_site
};

/// A mistake and where: the field's enumerator and the stage, where it is about one.
struct Finding {
  Mistake mistake = Mistake::none;
  std::size_t field = 0, stage = 0;
};

namespace detail {

template <class C>
constexpr Finding find_in_fields() {
  constexpr std::size_t n = field_count<C>, described = C::fields.size();
  if (std::is_final_v<C>) return {Mistake::final_type};
  if (n == 0) return {Mistake::no_field};
  if (n > 60) return {Mistake::too_many_fields};
  for (std::size_t i = 0; i < described; ++i) {
    const FieldInfo& info = C::fields[i];
    const bool field = info.role != Role::unused;
    if (field && info.index >= n) return {Mistake::unknown_index, info.index};
    for (std::size_t k = 0; k < i; ++k) {
      const FieldInfo& other = C::fields[k];
      if (field && other.role != Role::unused && other.index == info.index)
        return {Mistake::described_twice, info.index};
      if (other.name.view() == info.name.view()) return {Mistake::same_name, field ? info.index : 0};
    }
    if (info.name.view().empty()) return {Mistake::no_field_name, field ? info.index : 0};
    if (info.role == Role::intermediate && info.encoder_layers > 0)
      return {Mistake::intermediate_encoded, info.index};
  }
  if (!Recorded<C>) return {Mistake::recorded_no_state};
  for (const std::size_t f : recorded_fields<C>)
    if (f >= n || field<C>(f).role != Role::state) return {Mistake::recorded_no_state, f};
  std::size_t drives = 0;
  for (const FieldInfo& info : C::fields)
    if (info.role == Role::drive && ++drives > 1) return {Mistake::two_drives, info.index};
  if (number_twice<C>()) return {Mistake::number_twice};
  if (!numbers_complete<C>()) return {Mistake::numbers_not_listed};
  return {};
}

/// Whether a cell with `Stages` states beside them what it would if it were its only stage, and is none of
/// them itself.
template <class C>
constexpr bool states_beside_stages() {
  if constexpr (requires { typename C::Stages; } && (has_coupling<C> || has_update<C> || has_adjoint<C>))
    return []<class... S>(const std::tuple<S...>*) {
      return !(std::is_base_of_v<S, C> || ...);
    }(static_cast<const typename C::Stages*>(nullptr));
  else return false;
}

template <class C>
constexpr Finding find_in_coupling(const Coupling& coupling, std::size_t stage) {
  constexpr std::size_t fields = field_count<C>;
  const FieldList& from = coupling.from;
  if (coupling.name.view().empty()) return {Mistake::coupling_no_name, 0, stage};
  const bool many = coupling.groups != 1 || from.size() != 1 || coupling.size != 3;
  if (coupling.size % 2 == 0 || coupling.size > 7) return {Mistake::coupling_size, 0, stage};
  if (coupling.groups == 0) return {Mistake::coupling_groups, 0, stage};
  if (from.size() == 0) return {Mistake::from_nothing, 0, stage};
  if (from.size() > FieldList::capacity) return {Mistake::from_too_many, 0, stage};
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (from[i] >= fields) return {Mistake::from_unknown, from[i], stage};
    for (std::size_t k = 0; k < i; ++k)
      if (from[i] == from[k]) return {Mistake::from_twice, from[i], stage};
  }
  if (coupling.into != nowhere) {
    if (coupling.into >= fields ||
        (field<C>(coupling.into).role != Role::intermediate && field<C>(coupling.into).role != Role::state))
      return {Mistake::into_no_field, coupling.into, stage};
    if (coupling.groups != 1) return {Mistake::into_groups, coupling.into, stage};
  }
  if (coupling.reach == Reach::complex && (coupling.groups != 2 || from.size() != 1))
    return {Mistake::complex_groups, 0, stage};
  const bool two = coupling.pattern == Pattern::divergence;
  if (coupling.pattern != Pattern::full && coupling.pattern != Pattern::five_point &&
      (coupling.reach != Reach::stencil || coupling.bias || coupling.depthwise ||
       from.size() != (two ? 2 : 1) || coupling.groups != (coupling.pattern == Pattern::gradient ? 2 : 1)))
    return {Mistake::pattern_shape, 0, stage};
  if (coupling.depthwise && coupling.reach != Reach::stencil) return {Mistake::depthwise_dense, 0, stage};
  if (coupling.initial == Initial::laplacian && many) return {Mistake::laplacian_of_many, 0, stage};
  if (coupling.pattern == Pattern::five_point) {
    if (many) return {Mistake::five_points_of_many, 0, stage};
    if (coupling.trained || (coupling.initial != Initial::laplacian && coupling.initial != Initial::zero))
      return {Mistake::five_points_trained, 0, stage};
  }
  return {};
}

template <class C>
constexpr Finding find_in_stages() {
  Finding found;
  if (states_beside_stages<C>()) return {Mistake::stages_and_own};
  for_constants<stage_count<C>>([&](auto s) {
    using S = StatedStage<C, s>;
    if (found.mistake != Mistake::none) return;
    if (std::is_final_v<S>) found = {Mistake::final_type, 0, s};
    else if (!Coupled<S> || !(states_coupling<C, s> || has_update<S>)) found = {Mistake::not_coupled, 0, s};
    else if (states_coupling<C, s>) found = find_in_coupling<C>(stated_coupling<S>, s);
    for_constants<s>([&](auto before) {
      if (!stated_coupling<S>.name.view().empty() &&
          stated_coupling<S>.name.view() == stated_coupling<StatedStage<C, before>>.name.view())
        found = {Mistake::coupling_same_name, 0, s};
    });
    if (found.mistake != Mistake::none) return;
    if constexpr (stated_coupling<S>.groups > 0 || !states_coupling<C, s>) {
      if constexpr (!Updates<C, S>) found = {Mistake::update_signature, 0, s};
      else if constexpr (!UpdatesInPlace<C, S>) found = {Mistake::update_returns, 0, s};
      else if constexpr (has_adjoint<S> && !Adjoins<C, S>) found = {Mistake::adjoint_signature, 0, s};
    }
  });
  if constexpr (has_stability<C> && !TellsStability<C>) found = {Mistake::stability_signature};
  else if constexpr (has_growth<C> && !TellsGrowth<C>) found = {Mistake::growth_signature};
  return found;
}

/// The first mistake in what a cell states.
template <class C>
constexpr Finding find_in_statements() {
  constexpr Finding fields = find_in_fields<C>();
  if constexpr (fields.mistake != Mistake::none) return fields;
  else return find_in_stages<C>();
}

}  // namespace detail

}  // namespace nwm::cell
