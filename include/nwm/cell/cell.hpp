// What a cell is: the physics of a wave field, stated once at one site. From it the library makes the time
// step on every backend, the tape and backpropagation through time.
//
// A cell is a struct with
//   * `fields`: what lives at every site and oscillator channel: states (carried from step to step), maps
//   (constant
//     in time, e.g. natural frequency) and scratch (lives within one step);
//   * `recorded`: the index of the state whose time series the readout sees;
//   * `Stages`: a std::tuple of stages run in order each step (left out when the cell is its own only stage).
// A stage is a struct with
//   * `coupling`: the linear stencil that gathers the coupled value from the fields listed in `from`;
//   * `reads`, `writes`: the fields its update takes and gives at the same site;
//   * `update(cell, coupled value, site)`: the new values of `writes`, as a template on the value type. It is
//   run with
//     floats, SIMD packs and dual numbers: use math:: functions, write constants as V(0.5), no branches on
//     values.
// Members of the cell (dt and other numbers) are run-time options shared by all sites.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <tuple>
#include <type_traits>

#include "nwm/cell/activation.hpp"
#include "nwm/grid/stencil.hpp"

namespace nwm::cell {

/// What a field is for.
enum class Role { state, map, intermediate };

/// One field of a cell: `oscillators` channels over the grid. With an encoder of `encoder_layers` > 0
/// convolutions ("<name>_encoder"; ReLU between them, `activation` last) it is computed from the image,
/// otherwise a state starts at zero.
struct FieldInfo {
  Name name;
  Role role = Role::state;
  std::size_t encoder_layers = 0;
  Activation activation = Activation::none;
};

/// A state that starts at zero.
constexpr FieldInfo resting_state(Name name) { return {name, Role::state, 0, Activation::none}; }
/// A state whose value at t = 0 is encoded from the image.
constexpr FieldInfo encoded_state(Name name, std::size_t layers, Activation last) {
  return {name, Role::state, layers, last};
}
/// A constant map encoded from the image.
constexpr FieldInfo encoded_map(Name name, std::size_t layers, Activation last) {
  return {name, Role::map, layers, last};
}
/// A map the user sets (in a Simulation): a source, a mask, a wave speed.
constexpr FieldInfo given_map(Name name) { return {name, Role::map, 0, Activation::none}; }
/// A value that one stage writes and a later stage of the same step reads.
constexpr FieldInfo intermediate(Name name) { return {name, Role::intermediate, 0, Activation::none}; }

/// Which taps of a 3×3 coupling may be other than zero: all of them, or those of the site and its four
/// neighbours in the same channel (a Laplacian). The parameters' layout is the same.
enum class Pattern { full, five_point };

/// The stencil of a stage. It takes from.size()·C channels and gives groups·C: the coupled value of
/// oscillator channel c has `groups` values (output channels c, C + c, ...).
struct Coupling {
  Name name;  ///< parameters are "<name>.weight" and "<name>.bias"
  std::size_t groups = 1;
  std::size_t size = 3;  ///< 3 (3×3) or 1 (the site itself)
  bool bias = false;
  Initial initial = Initial::uniform;
  bool trained = true;
  Pattern pattern = Pattern::full;  ///< five_point: not trained; backends may leave the other taps out
};

/// Whether stage S is one value of coupled value a channel, by five points, from one field: what a backend
/// can fuse with the update, row by row.
template <class S>
inline constexpr bool five_point = S::coupling.pattern == Pattern::five_point && S::coupling.groups == 1 &&
                                   S::from.size() == 1 && !S::coupling.bias;

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
}  // namespace detail

/// The stages of a cell: its `Stages`, or the cell itself.
template <class C>
using StagesOf = typename detail::StagesOf<C>::type;

/// The boundary of a cell's couplings: its `Boundary`, or Periodic.
template <class C>
using BoundaryOf = typename detail::BoundaryOf<C>::type;

template <class C>
inline constexpr std::size_t stage_count = std::tuple_size_v<StagesOf<C>>;

template <class C, std::size_t s>
using Stage = std::tuple_element_t<s, StagesOf<C>>;

/// What a pattern asks of the rest of a coupling: nothing sets the weights outside it.
template <class S>
concept PatternFits = S::coupling.pattern == Pattern::full ||
                      (S::coupling.size == 3 && !S::coupling.trained &&
                       (S::coupling.initial == Initial::laplacian || S::coupling.initial == Initial::zero));

/// One stage of a cell: lists of fields and an update that maps packs to packs.
template <class S, class C>
concept StageOf = PatternFits<S> && requires(const C& cell, std::array<float, S::coupling.groups> coupled,
                                             std::array<float, S::reads.size()> site) {
  { S::coupling.groups } -> std::convertible_to<std::size_t>;
  { S::from.size() } -> std::convertible_to<std::size_t>;
  { S::update(cell, coupled, site) } -> std::same_as<std::array<float, S::writes.size()>>;
};

namespace detail {
template <class C, std::size_t... s>
constexpr bool all_stages_fit(std::index_sequence<s...>) {
  return (StageOf<Stage<C, s>, C> && ...);
}
}  // namespace detail

/// A wave cell, as described at the top of this header. (The first stage stands by itself so that the
/// compiler says what is wrong with it: most cells have no other.)
template <class C>
concept Cell = std::copyable<C> && requires {
  { C::fields.size() } -> std::convertible_to<std::size_t>;
} && requires {
  { C::recorded } -> std::convertible_to<std::size_t>;
} && StageOf<Stage<C, 0>, C> && detail::all_stages_fit<C>(std::make_index_sequence<stage_count<C>>{});

/// The stencil type of stage S of cell C for `channels` oscillator channels.
template <class C, class S, std::size_t channels, class Boundary = BoundaryOf<C>>
using StencilOf = Stencil<S::from.size() * channels, S::coupling.groups * channels, S::coupling.size,
                          Boundary, S::coupling.bias>;

/// Position of `field` in `list`, or list.size().
template <std::size_t n>
constexpr std::size_t position(const std::array<std::size_t, n>& list, std::size_t field) {
  std::size_t i = 0;
  while (i != n && list[i] != field) ++i;
  return i;
}

}  // namespace nwm::cell
