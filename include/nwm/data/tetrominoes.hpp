// Pictures of tetrominoes, labelled by their kind, for any grid and seed. They are drawn as in the study
// (arXiv 2502.06034). All arithmetic is in whole numbers, so that a seed gives the same bytes everywhere.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "nwm/data/dataset.hpp"
#include "nwm/data/generate.hpp"
#include "nwm/error.hpp"
#include "nwm/random.hpp"

namespace nwm::data {

/// Number and kind of the generated pictures of tetrominoes.
struct TetrominoOptions {
  std::size_t images = 2000;   ///< training images (the study: 10000)
  std::size_t validation = 0;  ///< validation images; 0: a tenth of `images`, at least 1
  std::size_t test = 0;        ///< test images; 0: a tenth of `images`, at least 1
  std::uint64_t seed = 0;      ///< of the drawing
  std::size_t cell = 7;        ///< side of each of a piece's four square cells, pixels
  std::size_t max_pieces = 5;  ///< pieces an image: uniform in 1..max_pieces; at most 10
};

namespace detail {

/// Four cells (row, column). The smallest row and the smallest column are 0.
struct Tetromino {
  struct Cell {
    std::size_t row, column;
  };
  std::array<Cell, 4> cells;
  std::size_t rows, columns;
};

/// The tetromino of class 1..5 (I, O, T, S, J), not turned.
constexpr Tetromino tetromino(std::size_t kind) {
  constexpr std::array<Tetromino, 5> pieces = {{
      {{{{0, 0}, {0, 1}, {0, 2}, {0, 3}}}, 1, 4},
      {{{{0, 0}, {0, 1}, {1, 0}, {1, 1}}}, 2, 2},
      {{{{0, 0}, {0, 1}, {0, 2}, {1, 1}}}, 2, 3},
      {{{{0, 1}, {0, 2}, {1, 0}, {1, 1}}}, 2, 3},
      {{{{0, 0}, {1, 0}, {1, 1}, {1, 2}}}, 2, 3},
  }};
  return pieces[kind - 1];
}

/// The piece turned clockwise by 90°.
constexpr Tetromino quarter_turn(Tetromino p) {
  for (auto& c : p.cells) c = {c.column, p.rows - 1 - c.row};
  return {p.cells, p.columns, p.rows};
}

/// The piece with left and right exchanged.
constexpr Tetromino mirrored(Tetromino p) {
  for (auto& c : p.cells) c.column = p.columns - 1 - c.column;
  return p;
}

/// Draws one image of tetrominoes for tetrominoes().
class TetrominoPainter {
 public:
  /// Throws Error, naming the option, when options do not fit the picture.
  TetrominoPainter(const Extent& picture, const TetrominoOptions& options)
      : e_(picture), cell_(options.cell), max_pieces_(options.max_pieces) {
    check_picture("tetrominoes", e_, 4);
    if (cell_ == 0 || cell_ > std::min(e_.height, e_.width) / 4)
      throw Error("tetrominoes", "cell",
                  "1 to " + std::to_string(std::min(e_.height, e_.width) / 4) +
                      " pixels, four of which fit both " + "sides of a picture of " +
                      std::to_string(e_.height) + " x " + std::to_string(e_.width),
                  std::to_string(cell_));
    if (max_pieces_ == 0 || max_pieces_ > 10)
      throw Error("tetrominoes", "max_pieces", "1 to 10, two of each kind", std::to_string(max_pieces_));
  }

  void operator()(Random& random, std::span<std::uint8_t> image, std::span<std::uint8_t> mask) {
    constexpr int tries = 1000;
    const std::size_t count = 1 + random.below(max_pieces_);
    for (int t = 0; t < tries; ++t) {
      std::fill(image.begin(), image.end(), std::uint8_t{0});
      std::fill(mask.begin(), mask.end(), std::uint8_t{0});
      // Fewer than five pieces are all different; five or more come from a bag with two of each kind.
      std::array<std::size_t, 10> bag = {1, 2, 3, 4, 5, 1, 2, 3, 4, 5};
      random.shuffle(std::span(bag.data(), count < 5 ? 5 : 10));
      std::size_t drawn = 0;
      while (drawn < count && add(random, bag[drawn], image, mask)) ++drawn;
      if (drawn == count) return;
    }
    throw Error("tetrominoes", "max_pieces", "pieces that fit beside each other",
                std::to_string(count) + " with cells of " + std::to_string(cell_) +
                    " pixels, which found no place " + "on a picture of " + std::to_string(e_.height) +
                    " x " + std::to_string(e_.width) + " in " + std::to_string(tries) + " tries");
  }

 private:
  /// False when the piece found no free place.
  bool add(Random& random, std::size_t kind, std::span<std::uint8_t> image, std::span<std::uint8_t> mask) {
    constexpr int places = 1000;
    Tetromino piece = tetromino(kind);
    for (std::size_t turns = random.below(4); turns > 0; --turns) piece = quarter_turn(piece);
    if (kind >= 4 && random.below(2) == 1) piece = mirrored(piece);
    pick_colour(random);
    const std::size_t height = piece.rows * cell_, width = piece.columns * cell_;
    for (int k = 0; k < places; ++k) {
      const std::size_t row = random.below(e_.height - height + 1),
                        column = random.below(e_.width - width + 1);
      if (taken(mask, row, column, height, width)) continue;
      for (const auto& c : piece.cells)
        paint(image, mask, row + c.row * cell_, column + c.column * cell_, static_cast<std::uint8_t>(kind));
      return true;
    }
    return false;
  }

  bool taken(std::span<const std::uint8_t> mask, std::size_t row, std::size_t column, std::size_t height,
             std::size_t width) const {
    for (std::size_t r = row; r < row + height; ++r)
      for (std::size_t c = column; c < column + width; ++c)
        if (mask[r * e_.width + c] != 0) return true;
    return false;
  }

  static std::uint8_t brightened(std::uint8_t v) { return static_cast<std::uint8_t>(v + v / 2); }

  /// Picks a random colour that is not black, neither inside a cell nor on its brightened border: black could
  /// not be told from the ground.
  void pick_colour(Random& random) {
    colour_.resize(e_.channels);
    const auto visible = [&] {
      return std::any_of(colour_.begin(), colour_.end(), [](std::uint8_t v) { return v != 0; }) &&
             std::any_of(colour_.begin(), colour_.end(), [](std::uint8_t v) { return brightened(v) != 0; });
    };
    do {
      for (std::uint8_t& v : colour_) v = static_cast<std::uint8_t>(random.below(256));
    } while (!visible());
  }

  void paint(std::span<std::uint8_t> image, std::span<std::uint8_t> mask, std::size_t row, std::size_t column,
             std::uint8_t kind) const {
    for (std::size_t r = 0; r < cell_; ++r)
      for (std::size_t c = 0; c < cell_; ++c) {
        const bool border = r == 0 || c == 0 || r + 1 == cell_ || c + 1 == cell_;
        const std::size_t pixel = (row + r) * e_.width + column + c;
        mask[pixel] = kind;
        for (std::size_t ch = 0; ch < e_.channels; ++ch)
          image[ch * e_.pixels() + pixel] = border ? brightened(colour_[ch]) : colour_[ch];
      }
  }

  Extent e_;
  std::size_t cell_, max_pieces_;
  std::vector<std::uint8_t> colour_;
};

}  // namespace detail

/// Tetrominoes on black; the classes are I, O, T, S/Z, J/L = 1..5, and 0 for the ground. Pictures are bytes
/// of (picture.channels, picture.height, picture.width); `picture.images` is not read.
/// The number of pieces is uniform. Fewer than five are all different; five or more are drawn from two of
/// each kind. A piece is turned by random quarter turns, and S/Z and J/L are then mirrored half the time. Its
/// place is uniform among those where its bounding box covers no pixel taken before. (The study's files leave
/// the last row and column empty; here they are used.) Its colour is a uniform byte for each channel (one
/// channel: a grey). The one-pixel border of each cell is brightened by half of the colour in 8-bit
/// arithmetic, which wraps. No picture occurs twice in the three sets; generate() describes the random
/// streams.
/// Throws Error when four cells in a row do not fit both sides of the picture, when the pieces find no place
/// beside each other, or when so many different images cannot be drawn.
template <std::same_as<TetrominoOptions> Options = TetrominoOptions>
Split tetrominoes(const Extent& picture, const std::type_identity_t<Options>& options = {}) {
  const SplitSizes sizes = split_sizes("tetrominoes", options.images, options.validation, options.test);
  return generate("tetrominoes", picture, sizes, options.seed, detail::TetrominoPainter(picture, options));
}

/// The same, in the sizes of Machine::shape, which needs at least 6 classes.
template <class Machine>
Split tetrominoes(const TetrominoOptions& options = {}) {
  detail::require_classes<static_cast<std::size_t>(Machine::shape.scores()), 6>();
  return tetrominoes(detail::picture_of<Machine>(), options);
}

}  // namespace nwm::data

#include "nwm/pop_macros.inc"
