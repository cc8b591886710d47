// Where the fused head (fused_head.hpp) has what: its products, the weights prepared for them, and the
// activations and gradients that it leaves for the gradient of the weights.
//
// All widths are padded with zeros to blocks of 16, and all numbers stand in the order of tensor cores'
// fragments (MmaLayout), in 16 bits: one part with one product, two parts (high, low) with three. Checkpoints
// know nothing of this.
#pragma once

#include "nwm/push_macros.inc"

#include <array>
#include <cstddef>
#include <cstdint>

#include "nwm/backend/device/warp.hpp"

namespace nwm::device {

/// 16 bytes that are moved at once: four registers of a fragment. May be read as other types: fragments,
/// rows of 16-bit numbers and float share arrays.
struct [[gnu::may_alias]] alignas(16) Quad {
  std::array<HalfPair, 4> pairs;
};

namespace detail {

/// HeadShape's sizes, as functions. For constants only: at run time a device would take the address of Mlp's
/// list of widths.
template <class Mlp, std::size_t parts>
struct HeadSizes {
  static constexpr std::size_t layers = Mlp::layers;
  static constexpr std::size_t width(std::size_t l) { return (Mlp::width(l) + 15) / 16; }
  static constexpr std::size_t layer(std::size_t i) { return i < layers ? i : 2 * layers - 1 - i; }
  static constexpr std::size_t inner(std::size_t i) { return width(layer(i) + (i < layers ? 0 : 1)); }
  static constexpr std::size_t outer(std::size_t i) { return width(layer(i) + (i < layers ? 1 : 0)); }
  static constexpr std::size_t slot_width(std::size_t s) { return width(s < layers ? s : s - layers + 1); }
  static constexpr std::size_t mask(std::size_t l) { return (width(l + 1) + 3) / 4; }

  template <class F>
  static constexpr std::size_t sum(std::size_t end, const F& f) {
    std::size_t all = 0;
    for (std::size_t k = 0; k < end; ++k) all += f(k);
    return all;
  }
  static constexpr std::size_t quads(std::size_t i) {
    return sum(i, [](std::size_t k) { return inner(k) * outer(k); }) * parts * MmaLayout::lanes;
  }
  static constexpr std::size_t columns(std::size_t i) {
    return sum(i, [](std::size_t k) { return outer(k); });
  }
  static constexpr std::size_t slots(std::size_t s) {
    return sum(s, [](std::size_t k) { return slot_width(k); });
  }
  static constexpr std::size_t masks(std::size_t l) {
    return sum(l, [](std::size_t k) { return mask(k); });
  }
  static constexpr std::size_t widest() {
    std::size_t most = 0;
    for (std::size_t l = 0; l <= layers; ++l) most = width(l) > most ? width(l) : most;
    return most;
  }
};

}  // namespace detail

/// Sizes of the fused form of Mlp (layer::Head) in `Precision`.
///   widths   in blocks of 16: width l belongs to the input of layer l
///   products number i of 2·layers: forward through layers 0, 1, …, then their adjoints from the last to the
///            first. Product i multiplies (16 pixels, inner) with (inner, outer), both in blocks. Its weights
///            are Quads (inner, parts, outer, lane): the fragments b of two column tiles
///   slots    what is kept of a tile of 16 pixels: slot l the input of layer l, slot layers + l the gradient
///            in its output. HalfPairs (tiles, width in blocks, parts, 4, lane): the registers of a fragment
///            a, each a matrix of 8 pixels by 8 rows, 16 bytes a pixel. A number a slot and tile is the power
///            of two that they must be multiplied by
template <class Mlp, class Precision>
struct HeadShape {
  using Half = typename Precision::Half;
  static constexpr std::size_t layers = Mlp::layers, products = 2 * layers, slots = 2 * layers;
  static constexpr std::size_t parts = Precision::products == 1 ? 1 : 2;
  static constexpr std::size_t lanes = MmaLayout::lanes;

 private:
  using Sizes = detail::HeadSizes<Mlp, parts>;

 public:
  /// Rows of width l in Mlp; where the parameters of layer l begin there, and how many they are.
  template <std::size_t l>
  static constexpr std::size_t rows = Mlp::width(l);
  template <std::size_t l>
  static constexpr std::size_t offset = Mlp::offset(l);
  template <std::size_t l>
  static constexpr std::size_t numbers = rows<l + 1> * (rows<l> + 1);

  template <std::size_t l>
  static constexpr std::size_t width = Sizes::width(l);
  static constexpr std::size_t widest = Sizes::widest();

  template <std::size_t i>
  static constexpr bool adjoint = (i >= layers);
  template <std::size_t i>
  static constexpr std::size_t layer = Sizes::layer(i);
  template <std::size_t i>
  static constexpr std::size_t inner = Sizes::inner(i);
  template <std::size_t i>
  static constexpr std::size_t outer = Sizes::outer(i);
  /// Where the weights of product i begin, in Quads; of `products`: how many there are.
  template <std::size_t i>
  static constexpr std::size_t first_quad = Sizes::quads(i);
  /// Likewise the powers of two, one for 16 columns.
  template <std::size_t i>
  static constexpr std::size_t first_columns = Sizes::columns(i);

  /// Blocks of one tile in slot s, and in those before it.
  template <std::size_t s>
  static constexpr std::size_t slot_width = Sizes::slot_width(s);
  template <std::size_t s>
  static constexpr std::size_t slot_begin = Sizes::slots(s);
  /// Quads of a block of 16 pixels by 16 rows.
  static constexpr std::size_t block_quads = parts * lanes;

  /// Words of 32 bits a lane in which the signs of hidden layers' sums are kept, before that of layer l.
  template <std::size_t l>
  static constexpr std::size_t mask_begin = Sizes::masks(l);
  static constexpr std::size_t mask_words = Sizes::masks(layers - 1);
};

/// What the fused head leaves of its tiles, as HeadShape says.
struct KeptTiles {
  std::size_t tiles;
  Quad* quads;
  float* back;

  template <class Shape, std::size_t s>
  constexpr Quad* slot() const {
    return quads + tiles * Shape::template slot_begin<s> * Shape::block_quads;
  }
};

}  // namespace nwm::device

#include "nwm/pop_macros.inc"
