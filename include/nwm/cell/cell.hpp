// What a cell is: the physics of a wave field, stated once at one site. From it the library makes the time
// step on every backend, the tape and backpropagation through time.
//
//     struct Wave {
//       static constexpr std::string_view name = "wave";
//       double dt = 0.1;
//       static constexpr auto numbers = nwm::cell::numbers("dt", &Wave::dt);
//
//       enum Field : std::size_t { u, v };
//       static constexpr std::array fields{nwm::cell::encoded_state(u, "u", 3, nwm::Activation::tanh),
//                                          nwm::cell::resting_state(v, "v")};
//       static constexpr std::size_t recorded = u;
//       static constexpr nwm::cell::Coupling coupling{
//           .name = "cell.K", .from = {u}, .initial = nwm::Initial::laplacian};
//
//       template <class Site>
//       static constexpr void update(const Wave& cell, const Site& now, Site& next) {
//         using V = typename Site::Value;
//         next[v] = now[v] + V(cell.dt) * now.coupled();
//         next[u] = now[u] + V(cell.dt) * next[v];
//       }
//     };
//
// A cell is a plain struct (no constructors) with
//   * `name`: what weight files say it is. Another cell's weights are then refused.
//   * `fields`: every enumerator once, as state (carried from step to step), map (constant in time) or
//     intermediate (lives within one step). Their order is that of the encoders' parameters.
//   * `recorded`: the state whose time series the readout sees.
//   * `numbers`: its members (dt and others), run-time options shared by all sites; not needed without any.
//   * either a coupling and an update of its own, or `using Stages = std::tuple<...>` of such structs, which
//     run in order in each step. A stage sees what the stages before it wrote in the same step. A stage may
//     leave out the coupling, or the update where its coupling goes `.into` a field.
//   * `using Boundary = ...` where its couplings need another boundary than Periodic.
//
// `coupling` is the linear stencil that gathers the coupled value from the fields listed in `from`. `update`
// sets next[field] for every field that the stage writes. It is run with floats, SIMD packs and dual
// numbers: use the functions of nwm::math, write constants as V(0.5), do not branch on values. The library
// runs it once when it is compiled, to find what it reads and writes. So a branch on one of the cell's
// numbers must not change which fields these are; whatever takes a cell runs it again with the numbers it is
// given, and throws Error where they do (cell/require.hpp).
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include "nwm/cell/coupling.hpp"
#include "nwm/cell/field.hpp"
#include "nwm/cell/math.hpp"
#include "nwm/cell/numbers.hpp"
#include "nwm/grid/boundary.hpp"

namespace nwm::cell {

namespace detail {
template <class C>
struct StagesOf {
  using type = std::tuple<C>;
};
template <class C>
requires requires { typename C::Stages; }
struct StagesOf<C> {
  using type = typename C::Stages;
};
template <class C>
struct BoundaryOf {
  using type = Periodic;
};
template <class C>
requires requires { typename C::Boundary; }
struct BoundaryOf<C> {
  using type = typename C::Boundary;
};

/// Whether a stage states its coupling, and a cell what is recorded. A cell without the latter is refused.
template <class S>
concept Coupled = requires {
  { S::coupling } -> std::same_as<const Coupling&>;
};
template <class C>
concept Recorded = requires { FieldList(C::recorded); };

/// A stage with all that stages have: one without a coupling gets one that gathers nothing, one whose
/// coupling goes `into` a field the update that puts it there.
template <class S>
struct Uncoupled : S {
  static constexpr Coupling coupling = uncoupled;
};
template <class S>
struct CopyInto {
  static constexpr Coupling coupling = S::coupling;
  template <class C, class Site>
  static constexpr void update(const C&, const Site& now, Site& next) {
    next[S::coupling.into] = now.coupled(0);
  }
};
template <class S>
struct Completed {
  using type = S;
};
template <class S>
requires(!requires { S::coupling; } && !std::is_final_v<S>)
struct Completed<S> {
  using type = Uncoupled<S>;
};
template <Coupled S>
requires(S::coupling.into != nowhere)
struct Completed<S> {
  using type = CopyInto<S>;
};
}  // namespace detail

/// The stages of a cell as it states them: its `Stages`, or the cell itself.
template <class C>
using StagesOf = typename detail::StagesOf<C>::type;

/// The boundary of a cell's couplings: its `Boundary`, or Periodic.
template <class C>
using BoundaryOf = typename detail::BoundaryOf<C>::type;

/// One of them, as the cell states it. The library takes it as Stage<C, s> (cell/stage.hpp).
template <class C, std::size_t s>
using StatedStage = typename detail::Completed<std::tuple_element_t<s, StagesOf<C>>>::type;

/// Whether stage s states a coupling.
template <class C, std::size_t s>
inline constexpr bool states_coupling = requires { std::tuple_element_t<s, StagesOf<C>>::coupling; };

/// The number of stages of a step.
template <class C>
inline constexpr std::size_t stage_count = std::tuple_size_v<StagesOf<C>>;

/// The coupling of a stage and what is recorded of a cell. Where they are not stated the cell is refused in
/// one sentence, and these stand in for the rest of the library.
template <class S>
inline constexpr Coupling stated_coupling{.name = "none", .from = {0}};
/// The coupling that a stage states.
template <detail::Coupled S>
inline constexpr Coupling stated_coupling<S> = S::coupling;

/// The states that are recorded, in order.
template <class C>
inline constexpr std::array<std::size_t, 1> recorded_fields{};
/// Those that a cell states.
template <detail::Recorded C>
inline constexpr auto recorded_fields<C> = [] {
  constexpr FieldList list(C::recorded);
  std::array<std::size_t, (list.size() > 0 ? list.size() : 1)> all{};
  for (std::size_t i = 0; i < list.size(); ++i) all[i] = list[i];
  return all;
}();
/// The first of them.
template <class C>
inline constexpr std::size_t recorded = recorded_fields<C>[0];

/// Describes fields, as at the top of this header. Whatever else a cell needs, and whether it fits together,
/// is said, in a sentence each, by what takes a cell (cell/check.hpp).
template <class C>
concept Cell = std::copyable<C> && requires {
  { C::fields.size() } -> std::convertible_to<std::size_t>;
} && requires {
  { C::fields[0] } -> std::same_as<const FieldInfo&>;
};

/// The number of a cell's fields: those that are described, but for what is unused.
template <class C>
inline constexpr std::size_t field_count = [] {
  std::size_t count = 0;
  for (const FieldInfo& info : C::fields) count += info.role != Role::unused;
  return count;
}();

/// The description of a field, by its enumerator.
template <class C>
constexpr const FieldInfo& field(std::size_t index) {
  for (const FieldInfo& info : C::fields)
    if (info.index == index && info.role != Role::unused) return info;
  return C::fields[0];  // a cell without that field is refused before
}

/// The field that is the input of a step, or `nowhere`.
template <class C>
inline constexpr std::size_t drive_field = [] {
  for (const FieldInfo& info : C::fields)
    if (info.role == Role::drive) return info.index;
  return nowhere;
}();
/// Whether the cell has an input at every step.
template <class C>
inline constexpr bool driven_cell = drive_field<C> != nowhere;

/// The role of a field: a constant of its own, since a device has no address for `fields`.
template <class C, std::size_t index>
inline constexpr Role role = field<C>(index).role;

}  // namespace nwm::cell
