// The coupling of a stage on a grid: the sizes of its weights, their names, and what kind of product it is.
// time/couple_stage.hpp carries it out.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

#include "nwm/cell/stage.hpp"
#include "nwm/grid/abreast.hpp"
#include "nwm/grid/boundary.hpp"
#include "nwm/grid/stencil.hpp"
#include "nwm/memory/name.hpp"

namespace nwm::model {

/// The input of a step: none, or `channels` channels over `sites` sites of an image.
struct NoInput {
  static constexpr std::size_t channels = 0, sites = 0;
};
/// An input of so many channels over so many sites.
template <std::size_t channels_, std::size_t sites_>
struct StepInput {
  static constexpr std::size_t channels = channels_, sites = sites_;
};

/// The coupling of stage S with `channels` oscillators on G, where the input of a step is `Input`: a matrix
/// of `out` rows with K weights each, applied to n columns.
template <class S, class G_, std::size_t channels_, class Input>
struct StageCoupling {
  using Stage = S;
  using G = G_;
  static constexpr std::size_t channels = channels_, parts = S::from.size();
  static constexpr std::size_t lanes = lanes_of<G>, sites = G::sites / lanes;
  static constexpr cell::Reach reach = S::coupling.reach;
  static constexpr bool is_stencil = reach == cell::Reach::stencil,
                        is_complex = reach == cell::Reach::complex;
  static constexpr bool bias = S::coupling.bias, depthwise = S::coupling.depthwise;
  /// A pattern without parameters.
  static constexpr bool fixed =
      S::coupling.pattern != cell::Pattern::full && S::coupling.pattern != cell::Pattern::five_point;
  using Boundary = std::conditional_t<S::coupling.zero_padding, Zero, typename G::Boundary>;

  /// Of the k-th field it gathers: the channels, and the rows of K that belong to one tap.
  template <std::size_t k>
  static constexpr bool from_drive = cell::role<typename S::Cell, S::from[k]> == cell::Role::drive;
  template <std::size_t k>
  static constexpr std::size_t width = from_drive<k> ? Input::channels : channels;
  template <std::size_t k>
  static constexpr std::size_t rows = width<k> * (is_stencil      ? 1
                                                  : from_drive<k> ? Input::sites
                                                                  : sites);
  /// Rows before those of field k. A fold: nvcc cannot read a lambda in this place.
  template <std::size_t... k>
  static constexpr std::size_t rows_of(std::index_sequence<k...>) {
    return (std::size_t{0} + ... + rows<k>);
  }
  template <std::size_t... k>
  static constexpr bool equal_widths(std::index_sequence<k...>) {
    return ((width<k> * parts == in) && ...);
  }
  template <std::size_t k>
  static constexpr std::size_t rows_before = rows_of(std::make_index_sequence<k>{});

  /// Taps in the two directions; on a line, where images stand abreast, along the line alone.
  static constexpr bool line = AbreastGrid<G> && (G::height == 1 || G::width == 1);
  static constexpr std::size_t tap_rows = !is_stencil || (line && G::height == 1) ? 1 : S::coupling.size;
  static constexpr std::size_t tap_columns =
      !is_stencil || (line && G::height > 1 && G::width == 1) ? 1 : S::coupling.size;
  static constexpr std::size_t taps = tap_rows * tap_columns;

  static constexpr std::size_t in = rows_before<parts>;
  static constexpr std::size_t K = (depthwise ? parts : in) * taps * (is_complex ? 2 : 1);
  static constexpr std::size_t out = (is_complex ? 1 : S::groups) * channels * (is_stencil ? 1 : sites);
  static constexpr std::size_t n = is_stencil ? G::sites : lanes;
  static constexpr std::size_t weights = fixed ? 0 : out * K,
                               parameters = weights + (S::couples && bias ? out : 0);

  /// Whether a backend's `couple` takes it as it is.
  static constexpr bool direct = parts > 0 && equal_widths(std::make_index_sequence<parts>{}) && is_stencil &&
                                 !AbreastGrid<G> && S::coupling.size <= 3 && !depthwise && !fixed;
  /// The stencil that it is then.
  using Stencil = nwm::Stencil<in, out, direct ? S::coupling.size : 1, Boundary, bias>;

  /// Appends "<prefix><name>.weight" and ".bias"; of a complex map "<prefix><name>" alone.
  template <class L>
  static constexpr void describe(L& layout, const Name& prefix) {
    if constexpr (S::couples) {
      const Name name = prefix + S::coupling.name;
      const Initial initial = S::coupling.initial;
      const bool trained = S::coupling.trained;
      constexpr std::size_t columns = depthwise ? parts : in;
      if constexpr (fixed) {
      } else if constexpr (is_complex) layout.add(name, {out, in, 2}, in, initial, trained);
      else if constexpr (taps == 1)
        layout.add(name + ".weight", {out, columns}, K, initial, trained, {}, sites);
      else if constexpr (line) layout.add(name + ".weight", {out, columns, taps}, K, initial, trained);
      else layout.add(name + ".weight", {out, columns, tap_rows, tap_columns}, K, initial, trained);
      if constexpr (bias) layout.add(name + ".bias", {out}, K, Initial::uniform, trained);
    }
  }
};

}  // namespace nwm::model
