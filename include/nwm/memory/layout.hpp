// A model's parameters are one flat vector; this names its parts. The layout is a compile-time constant, so
// that optimiser, checkpoint and reduction each are one loop over one array.
#pragma once

#include <array>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <span>

#include "nwm/memory/name.hpp"
#include "nwm/random.hpp"

namespace nwm {

/// How a parameter starts.
enum class Initial {
  uniform,    ///< uniform in ±1/sqrt(fan_in), as PyTorch's convolutions and dense layers
  laplacian,  ///< (C, C, 3, 3): the 5-point Laplacian [0 1 0; 1 -4 1; 0 1 0] from channel i to i, else 0
  zero,
  one,
  shift,       ///< (C, C, k): from channel i to i the neighbour one site on, else 0
  first_site,  ///< (C·sites, n): 1 for site 0 of every channel, else 0
  range        ///< uniform between the slice's `low` and `high`; where these are equal, that number
};

/// Between which numbers a parameter starts under Initial::range.
struct InitialRange {
  double low = 0, high = 0;  ///< both ends
};

/// One named parameter: a row-major tensor of shape dims[0..rank) at `offset` of the flat vector.
struct Slice {
  Name name;                          ///< in files
  std::array<std::size_t, 4> dims{};  ///< sizes, outermost first
  /// Dimensions, place in the vector, numbers, and inputs of an output.
  std::size_t rank = 0, offset = 0, size = 0, fan_in = 1;
  Initial initial = Initial::uniform;  ///< what it starts from
  bool trained = true;                 ///< false: kept in checkpoints, never touched by the optimiser
  InitialRange range{};                ///< of Initial::range
  std::size_t sites = 1;               ///< of Initial::first_site

  /// Its sizes, outermost first.
  constexpr std::span<const std::size_t> shape() const { return {dims.data(), rank}; }
};

/// The parts of a flat parameter vector in order. Parts describe themselves by calling `add`.
template <std::size_t capacity>
struct Layout {
  std::array<Slice, capacity> slices{};  ///< in order; the first `count` are in use
  std::size_t count = 0;                 ///< slices in use
  std::size_t size = 0;                  ///< parameters in all

  /// Appends a parameter of these sizes, behind those that are there.
  constexpr void add(Name name, std::initializer_list<std::size_t> dims, std::size_t fan_in,
                     Initial initial = Initial::uniform, bool trained = true, InitialRange range = {},
                     std::size_t sites = 1) {
    Slice slice{.name = name,
                .offset = size,
                .size = 1,
                .fan_in = fan_in,
                .initial = initial,
                .trained = trained,
                .range = range,
                .sites = sites};
    for (const std::size_t d : dims) {
      slice.dims.at(slice.rank++) = d;
      slice.size *= d;
    }
    size += slice.size;
    slices.at(count++) = slice;
  }
};

/// Whether the slices of a layout have names of their own: files know parameters by their names.
template <std::size_t capacity>
constexpr bool names_differ(const Layout<capacity>& layout) {
  for (std::size_t i = 0; i < layout.count; ++i)
    for (std::size_t k = 0; k < i; ++k)
      if (layout.slices[i].name.view() == layout.slices[k].name.view()) return false;
  return true;
}

/// Cuts a layout made with spare capacity to its slices: `describe` is a stateless callable that fills a
/// Layout.
template <auto describe, std::size_t capacity = 512>
constexpr auto exact_layout() {
  constexpr auto roomy = [] {
    Layout<capacity> layout;
    describe(layout);
    return layout;
  };
  constexpr auto full = roomy();
  static_assert(names_differ(full), "two parts of a model describe parameters of the same name");
  Layout<full.count> exact;
  for (std::size_t i = 0; i < full.count; ++i) exact.slices[i] = full.slices[i];
  exact.count = full.count;
  exact.size = full.size;
  return exact;
}

/// Sets one parameter's initial values (out: slice.size values), drawing from `random` only for `uniform` and
/// for a `range` that is not one number.
template <class Real>
void initialise(const Slice& slice, std::span<Real> out, Random& random) {
  assert(out.size() == slice.size);
  const double bound = 1.0 / std::sqrt(static_cast<double>(slice.fan_in));
  for (std::size_t i = 0; i < slice.size; ++i) switch (slice.initial) {
      case Initial::uniform:
        out[i] = static_cast<Real>(random.uniform(-bound, bound));
        break;
      case Initial::zero:
        out[i] = Real(0);
        break;
      case Initial::one:
        out[i] = Real(1);
        break;
      case Initial::shift: {
        const std::size_t channels = slice.dims[1], taps = slice.dims[2], tap = i % taps,
                          from = i / taps % channels, to = i / taps / channels;
        out[i] = from == to && tap == taps / 2 + 1 ? Real(1) : Real(0);
        break;
      }
      case Initial::first_site:
        out[i] = i / slice.dims[1] % slice.sites == 0 ? Real(1) : Real(0);
        break;
      case Initial::range: {
        const auto [low, high] = slice.range;
        out[i] = static_cast<Real>(low < high ? random.uniform(low, high) : low);
        break;
      }
      case Initial::laplacian: {
        const std::size_t channels = slice.dims[1], tap = i % 9, from = i / 9 % channels,
                          to = i / 9 / channels;
        out[i] = from != to ? Real(0) : tap == 4 ? Real(-4) : tap % 2 == 1 ? Real(1) : Real(0);
        break;
      }
    }
}

}  // namespace nwm
