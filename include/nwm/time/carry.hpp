// What one run of a cell hands to the next, so that a long sequence can be run in pieces.
#pragma once

#include <array>
#include <cstddef>

#include "nwm/cell/cell.hpp"

namespace nwm::cell {

namespace detail {
/// Whether a run hands field f on: a state, or a map that an encoder makes from the input. Other maps are the
/// model's own numbers.
constexpr bool is_carried(const FieldInfo& f) {
  return f.role == Role::state || (f.role == Role::map && f.encoder_layers > 0);
}
template <class C>
constexpr std::size_t carried_count() {
  std::size_t count = 0;
  for (const FieldInfo& f : C::fields) count += is_carried(f);
  return count;
}
}  // namespace detail

/// The fields that a run hands on, by their enumerators, in ascending order.
template <class C>
inline constexpr auto carried_fields = [] {
  std::array<std::size_t, detail::carried_count<C>()> all{};
  for (std::size_t f = 0, i = 0; f < field_count<C>; ++f)
    if (detail::is_carried(field<C>(f))) all[i++] = f;
  return all;
}();

}  // namespace nwm::cell

namespace nwm::model {

/// Where the carried fields of a run stand in the host's memory, one behind the other in the order of
/// cell::carried_fields, each as on the tape (channels, sites of all images). Null: the run starts as the
/// model does; nobody asks for the end.
template <class Real>
struct Carry {
  const Real* start = nullptr;
  Real* end = nullptr;
};

/// The start of a run and its end. Waves: a Recurrence of Cell on the backend B.
template <class Cell, class B, class Waves, class Real>
struct CarriedFields {
  using Tape = typename Waves::Tape;
  static constexpr auto& fields = cell::carried_fields<Cell>;
  static constexpr std::size_t size = fields.size() * Waves::columns;  ///< numbers of them all

  /// Sets the states to zero that neither an encoder nor numbers of the model set.
  static void rest(Tape& tape) {
    for (std::size_t f = 0; f < Waves::fields; ++f) {
      const cell::FieldInfo& info = cell::field<Cell>(f);
      if (info.role == cell::Role::state && info.encoder_layers == 0 && info.spread == cell::Spread::none)
        B::fill(Waves::columns, Real(0), tape.initial(f));
    }
  }
  /// Sets the carried fields at the start from the host's memory.
  static void set(Tape& tape, const Real* start) {
    for (std::size_t k = 0; k < fields.size(); ++k)
      B::upload(Waves::columns, start + k * Waves::columns, tape.initial(fields[k]));
  }
  /// Gets them after the last step, when the tape holds the last segment, of `length` steps.
  static void get(Tape& tape, std::size_t length, Real* end) {
    for (std::size_t k = 0; k < fields.size(); ++k)
      B::download(Waves::columns, tape.after(fields[k], length - 1), end + k * Waves::columns);
  }
};

}  // namespace nwm::model
