// What is wrong with a cell, in a sentence that says what to write instead. Whatever takes a cell asserts
// `checked` of it.
#pragma once

#include <cstddef>
#include <utility>

#include "nwm/cell/archetype.hpp"  // what its values say of `update`, others do not repeat
#include "nwm/cell/mistake.hpp"

namespace nwm::cell {

namespace detail {

/// The field as its enumerator, which compilers show by its name, where a cell's enumeration is called Field.
template <class C, std::size_t field>
constexpr auto enumerator() {
  if constexpr (requires { static_cast<typename C::Field>(field); })
    return static_cast<typename C::Field>(field);
  else return field;
}

/// Compilers show the arguments: the cell, what is wrong, the field and the number of the stage.
template <class C, Mistake m, auto field, std::size_t stage>
constexpr bool refuse() {
  using enum Mistake;
  static_assert(m != final_type, "a cell and its stages are not final: the library derives from them");
  static_assert(m != no_field, "a cell has at least one field: list them in `fields`");
  static_assert(m != too_many_fields, "a cell has at most 60 fields");
  static_assert(m != unknown_index,
                "an enumerator in `fields` is not below their number: describe every enumerator once");
  static_assert(m != described_twice, "an enumerator stands in `fields` twice: describe every one once");
  static_assert(m != same_name, "two entries of `fields` have the same name");
  static_assert(m != no_field_name,
                "an entry of `fields` has no name: weight files and errors call it by it");
  static_assert(m != intermediate_encoded,
                "an intermediate is written in every step, so that no image can set it: make it a state or a "
                "map, or leave out its encoder");
  static_assert(
      m != recorded_no_state,
      "`recorded` is the enumerator of a state of `fields`: static constexpr std::size_t recorded = u;");
  static_assert(m != two_drives, "a cell has one drive at most: its channels are those of the input");
  static_assert(m != number_twice, "`numbers` lists a member or a name twice: list every member once");
  static_assert(m != numbers_not_listed,
                "list all members of the cell, a plain struct without constructors: static constexpr auto "
                "numbers = nwm::cell::numbers(\"dt\", &Mine::dt, ...);");
  static_assert(m != stages_and_own,
                "a cell with `Stages` has its coupling, update and adjoint in the stages: beside them nobody "
                "uses them");
  static_assert(
      m != not_coupled,
      "a cell, or each of its `Stages`, has a coupling or an update: static constexpr nwm::cell::Coupling "
      "coupling{.name = \"cell.K\", .from = {u}};");
  static_assert(m != coupling_no_name,
                "a coupling has a name, that of its weights in files: .name = \"cell.K\"");
  static_assert(m != coupling_same_name,
                "the couplings of two stages have the same name: that of their weights in files");
  static_assert(m != coupling_size, "a coupling's size is 1 (the site itself), 3, 5 or 7");
  static_assert(m != coupling_groups, "a coupling has at least one group");
  static_assert(m != from_nothing, "a coupling says which fields it gathers: .from = {u}");
  static_assert(m != from_too_many, "a coupling gathers at most 16 fields");
  static_assert(m != from_unknown, "a coupling's `from` names a field that `fields` does not describe");
  static_assert(m != from_twice, "a coupling's `from` names a field twice");
  static_assert(
      m != laplacian_of_many,
      "Initial::laplacian is for a 3x3 coupling from one field to one group: for several fields, one "
      "coupling, in a stage of its own, for each field; else use uniform");
  static_assert(m != five_points_of_many,
                "Pattern::five_point is for a 3x3 coupling from one field to one group: else use full");
  static_assert(m != five_points_trained,
                "Pattern::five_point needs .trained = false and Initial::laplacian or zero");
  static_assert(m != into_no_field, "a coupling's `into` is the enumerator of a state or an intermediate");
  static_assert(m != into_groups, "a coupling that goes `into` a field has one group");
  static_assert(m != complex_groups,
                "Reach::complex is from one field to two groups, the real part and the imaginary one");
  static_assert(m != pattern_shape,
                "a fixed pattern is a stencil without bias, of one field (divergence: two) to one group "
                "(gradient: two)");
  static_assert(m != depthwise_dense, "a depthwise coupling is a stencil: leave `reach` as it is");
  static_assert(m != update_signature,
                "a stage needs: template <class Site> static constexpr void update(const Mine& cell, "
                "const Site& now, Site& next)");
  static_assert(m != update_returns, "`update` returns nothing: it sets next[field] for what it writes");
  static_assert(
      m != adjoint_not_constant,
      "`adjoint`, `inverse`, `stability` and `growth` are constexpr and call nothing but constexpr functions "
      "and nwm::math");
  static_assert(m != unknown_field, "`update` uses a field that `fields` does not describe");
  static_assert(m != unknown_group, "`update` uses a group that the coupling does not have: see .groups");
  static_assert(
      m != read_before_set,
      "a value is read that nothing has set: the old value of a field is now[u], not next[u], and a "
      "sum begins as V(0)");
  static_assert(m != writes_nothing, "`update` writes no field: set next[u]");
  static_assert(m != map_written, "a map is constant, but `update` writes it: make it a state");
  static_assert(m != drive_written, "the drive is the input of the step, but `update` writes it");
  static_assert(
      m != drive_elsewhere,
      "the input has other channels or sites than the cell, but `update` reads the drive or a stencil "
      "gathers it: gather it by a dense coupling");
  static_assert(m != state_unwritten,
                "a state that no stage writes never changes: write next[field], or make it a map");
  static_assert(m != intermediate_unwritten, "an intermediate that no stage writes: write next[field]");
  static_assert(m != intermediate_early,
                "an intermediate is read before a stage of the same step has written it: make it a state, "
                "or order the stages");
  static_assert(m != adjoint_signature,
                "an adjoint is: template <class Site> static constexpr void adjoint(const Mine& cell, "
                "const Site& now, const Site& gradient, Site& to)");
  static_assert(m != adjoint_incomplete,
                "`adjoint` sets to[field] for every field that `update` reads, and to.coupled()");
  static_assert(
      m != inverse_incomplete,
      "`coupled_before` sets before[field] for every field that the coupling gathers, `inverse` for "
      "every field that `update` writes");
  static_assert(
      m != recovered_incomplete,
      "`recover` sets next[field] for the field that is moved and not recorded, `recovered_adjoint` "
      "sets to[field] for every field that `update` reads, and to.coupled()");
  static_assert(m != stability_signature,
                "a bound is: static constexpr const char* bound, and template <class Site> static constexpr "
                "typename Site::Value stability(const Mine& cell, const Site& map)");
  static_assert(m != growth_signature,
                "growth is: template <class Site> static constexpr typename Site::Value "
                "growth(const Mine& cell, const Site& map)");
  static_assert(m != stability_of_state, "`stability` and `growth` depend on maps, not on states");
  static_assert(m != no_name,
                "a cell has a name, so that weight files say which cell theirs is: static constexpr "
                "std::string_view name = \"mine\";");
  static_assert(m != nothing_encoded,
                "a machine's image enters through encoded fields or a drive: make a field an encoded_state, "
                "an encoded_map or driven");
  static_assert(m != map_nobody_sets,
                "nobody sets a given_map in a machine: make it an encoded_map, or use nwm::Simulation");
  static_assert(m != undriven_sequence,
                "a SequenceMachine's input enters through a drive: describe one field by nwm::cell::driven");
  static_assert(
      m != encoded_in_sequence,
      "a SequenceMachine has no encoders: make an encoded_state a resting_state or a random_state, an "
      "encoded_map a trained_number, trained_channels or trained_sites");
  static_assert(m != given_in_sequence,
                "nobody sets a given_map in a SequenceMachine: make it a trained_number, trained_channels or "
                "trained_sites");
  static_assert(m != laplacian_of_one_site,
                "Initial::laplacian needs a grid with more than one site, or the boundary nwm::Zero");
  return true;
}

template <class C>
constexpr Finding find_for_machine() {
  if (!well_formed<C>) return {};  // told by `checked`
  bool encoded = false;
  for (const FieldInfo& info : C::fields) {
    if (info.role == Role::map && info.encoder_layers == 0 && info.spread == Spread::none)
      return {Mistake::map_nobody_sets, info.index};
    encoded = encoded || info.role == Role::drive || (info.role != Role::unused && info.encoder_layers > 0);
  }
  if (!encoded) return {Mistake::nothing_encoded};
  return {};
}

template <class C>
constexpr Finding find_for_sequence() {
  if (!well_formed<C>) return {};
  if (!driven_cell<C>) return {Mistake::undriven_sequence};
  for (const FieldInfo& info : C::fields) {
    if (info.encoder_layers > 0) return {Mistake::encoded_in_sequence, info.index};
    if (info.role == Role::map && info.spread == Spread::none)
      return {Mistake::given_in_sequence, info.index};
  }
  return {};
}

/// `channels`, `sites`: whether the input has those of the cell.
template <class C, bool channels, bool sites>
constexpr Finding find_in_drive() {
  if constexpr (well_formed<C> && driven_cell<C>) {
    constexpr std::size_t drive = drive_field<C>;
    for (std::size_t s = 0; s < stage_count<C>; ++s)
      if ((traces<C>[s].reads >> drive & 1) != 0 && !(channels && sites))
        return {Mistake::drive_elsewhere, drive, s};
    Finding found;
    for_constants<stage_count<C>>([&](auto s) {
      constexpr const Coupling& coupling = StatedStage<C, s>::coupling;
      for (std::size_t k = 0; k < coupling.from.size(); ++k)
        if (coupling.from[k] == drive && coupling.reach == Reach::stencil && !sites)
          found = {Mistake::drive_elsewhere, drive, s};
    });
    return found;
  } else {
    return {};
  }
}

template <class C, class G>
constexpr Finding find_on_grid() {
  if (!well_formed<C>) return {};
  Finding found;
  for_constants<stage_count<C>>([&](auto s) {
    using S = StatedStage<C, s>;
    if (stated_coupling<S>.initial == Initial::laplacian && G::sites == 1 && G::Boundary::source(-1, 1) >= 0)
      found = {Mistake::laplacian_of_one_site, 0, s};
  });
  return found;
}

template <class C>
inline constexpr Finding for_machine = find_for_machine<C>();
template <class C>
inline constexpr Finding for_sequence = find_for_sequence<C>();
template <class C, bool channels, bool sites>
inline constexpr Finding in_drive = find_in_drive<C, channels, sites>();
template <class C, class G>
inline constexpr Finding on_grid = find_on_grid<C, G>();

}  // namespace detail

/// True; for a cell that has a mistake the compiler says which.
template <class C>
constexpr bool checked() {
  if constexpr (detail::in_statements<C>.mistake == Mistake::none) {
    // Spelled out, and before all else, so that few layers stand around what an archetype says.
    using Run = decltype(detail::updates_run<C>(std::make_index_sequence<stage_count<C>>{}, 0));
    static_assert(Run::value,
                  "`update` is constexpr, calls nothing but constexpr functions and nwm::math, and the cell "
                  "can be made of its defaults");
  }
  constexpr Finding found = mistake<C>;
  return detail::refuse<C, found.mistake, detail::enumerator<C, found.field>(), found.stage>();
}

/// The same for what a machine asks of its cell besides.
template <class C>
constexpr bool checked_for_machine() {
  constexpr Finding found = detail::for_machine<C>;
  return detail::refuse<C, found.mistake, detail::enumerator<C, found.field>(), found.stage>();
}

/// The same for what a sequence machine asks of its cell besides.
template <class C>
constexpr bool checked_for_sequence() {
  constexpr Finding found = detail::for_sequence<C>;
  return detail::refuse<C, found.mistake, detail::enumerator<C, found.field>(), found.stage>();
}

/// The same for an input that has the cell's `channels` and `sites`, or others.
template <class C, bool channels, bool sites>
constexpr bool checked_drive() {
  constexpr Finding found = detail::in_drive<C, channels, sites>;
  return detail::refuse<C, found.mistake, detail::enumerator<C, found.field>(), found.stage>();
}

/// The same for a cell on the grid G.
template <class C, class G>
constexpr bool checked_on() {
  constexpr Finding found = detail::on_grid<C, G>;
  return detail::refuse<C, found.mistake, detail::enumerator<C, found.field>(), found.stage>();
}

}  // namespace nwm::cell
