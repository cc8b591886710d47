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

/// Sizes of the fused form of Mlp (layer::Head) in `Precision`.
///   widths   in blocks of 16: width l belongs to the input of layer l
///   products number i of 2·layers: forward through layers 0, 1, …, then their adjoints from the last to the
///            first. Product i multiplies (16 pixels, inner(i)) with (inner(i), outer(i)), both in blocks.
///            Its weights are Quads (inner, parts, outer, lane): the fragments b of two column tiles
///   slots    what is kept of a tile of 16 pixels: slot l the input of layer l, slot layers + l the gradient
///            in its output. HalfPairs (tiles, width in blocks, parts, 4, lane): the registers of a fragment
///            a, each a matrix of 8 pixels by 8 rows, 16 bytes a pixel. A number a slot and tile is the power
///            of two that they must be multiplied by
template <class Mlp, class Precision>
struct HeadShape {
  using Half = typename Precision::Half;
  static constexpr std::size_t layers = Mlp::layers, products = 2 * layers, slots = 2 * layers;
  static constexpr std::size_t parts = Precision::products == 1 ? 1 : 2;
  static constexpr std::size_t edge = 16, lanes = MmaLayout::lanes;

  static constexpr std::size_t width(std::size_t l) { return (Mlp::width(l) + edge - 1) / edge; }
  static constexpr std::size_t widest = [] {
    std::size_t most = 0;
    for (std::size_t l = 0; l <= layers; ++l) most = width(l) > most ? width(l) : most;
    return most;
  }();

  static constexpr bool adjoint(std::size_t i) { return i >= layers; }
  static constexpr std::size_t layer(std::size_t i) { return adjoint(i) ? products - 1 - i : i; }
  static constexpr std::size_t inner(std::size_t i) { return width(layer(i) + (adjoint(i) ? 1 : 0)); }
  static constexpr std::size_t outer(std::size_t i) { return width(layer(i) + (adjoint(i) ? 0 : 1)); }
  /// Where the weights of product i begin, in Quads; of `products`: how many there are.
  static constexpr std::size_t first_quad(std::size_t i) {
    std::size_t sum = 0;
    for (std::size_t k = 0; k < i; ++k) sum += inner(k) * outer(k) * parts * lanes;
    return sum;
  }
  /// Likewise the powers of two, one for 16 columns.
  static constexpr std::size_t first_columns(std::size_t i) {
    std::size_t sum = 0;
    for (std::size_t k = 0; k < i; ++k) sum += outer(k);
    return sum;
  }

  static constexpr std::size_t slot_width(std::size_t s) { return s < layers ? width(s) : width(s - layers + 1); }
  /// Blocks of one tile in the slots before s.
  static constexpr std::size_t slot_begin(std::size_t s) {
    std::size_t sum = 0;
    for (std::size_t k = 0; k < s; ++k) sum += slot_width(k);
    return sum;
  }
  /// Quads of a block of 16 pixels by 16 rows.
  static constexpr std::size_t block_quads = parts * lanes;

  /// Words of 32 bits a lane in which the signs of hidden layers' sums are kept, before hidden layer l.
  static constexpr std::size_t mask_begin(std::size_t l) {
    std::size_t sum = 0;
    for (std::size_t k = 0; k < l; ++k) sum += (width(k + 1) + 3) / 4;
    return sum;
  }
  static constexpr std::size_t mask_words = mask_begin(layers - 1);

  /// Numbers of the parameters of layer l, weights and biases.
  static constexpr std::size_t numbers(std::size_t l) { return Mlp::width(l + 1) * (Mlp::width(l) + 1); }
};

/// What the fused head leaves of its tiles, as HeadShape says.
struct KeptTiles {
  std::size_t tiles;
  Quad* quads;
  float* back;

  template <class Shape>
  constexpr Quad* slot(std::size_t s) const {
    return quads + tiles * Shape::slot_begin(s) * Shape::block_quads;
  }
};

}  // namespace nwm::device

#include "nwm/pop_macros.inc"
