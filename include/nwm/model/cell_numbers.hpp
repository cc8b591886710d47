// The numbers that a model holds for the fields of its cell, as parts of its parameters.
#pragma once

#include <cstddef>

#include "nwm/cell/cell.hpp"
#include "nwm/layer/field_numbers.hpp"
#include "nwm/memory/for_constants.hpp"
#include "nwm/tape/stages.hpp"

namespace nwm::model {

/// A part for every entry of Cell::fields over G, usually without parameters. Named::prefix stands before the
/// names of all.
template <class Cell, class G, std::size_t channels, class Named>
struct CellNumbers {
  static constexpr std::size_t entries = Cell::fields.size();
  /// The numbers of field e, under their name in files.
  template <std::size_t e>
  struct Part : layer::FieldNumbers<Cell, e, G, channels> {
    template <class L>
    static constexpr void describe(L& all) {
      layer::FieldNumbers<Cell, e, G, channels>::describe(all, Named::prefix);
    }
  };

  /// Numbers of scratch memory.
  static constexpr std::size_t scratch = largest_of<entries>([](auto e) { return Part<e>::scratch; });

  /// Sets the fields that have numbers at the start of a run. Parameters are laid out as the PartList List
  /// says, `tape` is a Recurrence's.
  template <class B, class List, class Real, class Tape>
  static void set(const Real* parameters, Tape& tape, Real* scratch_) {
    for_used([&](auto e) {
      using P = Part<e>;
      P::template set<B>(parameters + List::template offset<P>, tape.initial(P::field), scratch_);
    });
  }

  /// Adds to parameter_gradient, given the gradients of the fields at the start.
  template <class B, class List, class Real, class Adjoint>
  static void add_gradient(const Real* parameters, Adjoint& adjoint, Real* parameter_gradient,
                           Real* scratch_) {
    for_used([&](auto e) {
      using P = Part<e>;
      P::template add_gradient<B>(parameters + List::template offset<P>,
                                  static_cast<const Real*>(adjoint.gradient(P::field)),
                                  parameter_gradient + List::template offset<P>, scratch_);
    });
  }

 private:
  template <class F>
  static void for_used(const F& f) {
    for_constants<entries>([&](auto e) {
      if constexpr (Part<e>::used) f(e);
    });
  }
};

}  // namespace nwm::model
