// Lays a head's weights out for the fused head: as fragments in 16 bits, scaled, and a second time
// transposed for the adjoint.
#pragma once

#include <cstddef>

#include "nwm/backend/device/head_shape.hpp"
#include "nwm/backend/device/scaling.hpp"
#include "nwm/backend/device/unroll.hpp"
#include "nwm/memory/for_constants.hpp"

namespace nwm::device {

/// Sets quads (HeadShape::first_quad<products>) and back (first_columns<products>) from the parameters of
/// Mlp. A body (block.hpp): a warp lays out 16 columns of a product's weights.
template <class Mlp, class Precision>
struct HeadWeights {
  using Shape = HeadShape<Mlp, Precision>;
  using Half = typename Precision::Half;
  static constexpr std::size_t threads = 128, jobs = Shape::template first_columns<Shape::products>;
  static constexpr std::size_t at_once = threads / Shape::lanes, blocks = (jobs + at_once - 1) / at_once;
  /// Warps share nothing.
  struct Shared {};
  struct Local {};
  template <class Warp>
  struct WarpLocal {};

  const float* parameters;
  Quad* quads;
  float* back;

  template <class Block>
  constexpr void operator()(Block& block) const {
    const std::size_t first = block.index * at_once;
    block.warps([&](auto warp, auto&) {
      const std::size_t job = first + warp.index;
      for_constants<Shape::products>([&](auto i) {
        constexpr std::size_t begin = Shape::template first_columns<i>,
                              end = Shape::template first_columns<i + 1>;
        if (job >= begin && job < end) lay_out<i>(warp, job - begin);
      });
    });
  }

 private:
  /// The weight in row k of the product's inner dimension and column n.
  template <std::size_t i>
  constexpr float weight(std::size_t k, std::size_t n) const {
    constexpr std::size_t l = Shape::template layer<i>, in = Shape::template rows<l>,
                          out = Shape::template rows<l + 1>;
    const std::size_t o = Shape::template adjoint<i> ? k : n, c = Shape::template adjoint<i> ? n : k;
    return o < out && c < in ? parameters[Shape::template offset<l> + o * in + c] : 0.0F;
  }

  template <std::size_t i, class Warp>
  constexpr void lay_out(const Warp& warp, std::size_t column) const {
    using L = MmaLayout;
    const auto row = [](std::size_t k, unsigned lane, unsigned r) { return k * 16 + L::b_row(lane, r % 2); };
    const auto place = [&](unsigned lane, unsigned r) { return column * 16 + r / 2 * 8 + L::b_column(lane); };
    typename Warp::template Fragment<float, 1> most{};
    warp.each(
        [&](unsigned lane, auto& largest) {
          for (std::size_t k = 0; k < Shape::template inner<i>; ++k) {
            NWM_UNROLL
            for (unsigned r = 0; r < 4; ++r) {
              largest[0] = larger_magnitude(largest[0], weight<i>(row(k, lane, r), place(lane, r)));
              largest[0] = larger_magnitude(largest[0], weight<i>(row(k, lane, r) + 1, place(lane, r)));
            }
          }
        },
        most);
    warp.largest(most);
    warp.each(
        [&](unsigned lane, auto& largest) {
          const PowerOfTwo scale(largest[0]);
          if (lane == 0) back[Shape::template first_columns<i> + column] = scale.back;
          for (std::size_t k = 0; k < Shape::template inner<i>; ++k) {
            Quad high, low;
            NWM_UNROLL
            for (unsigned r = 0; r < 4; ++r) {
              const float a = weight<i>(row(k, lane, r), place(lane, r)) * scale.factor;
              const float b = weight<i>(row(k, lane, r) + 1, place(lane, r)) * scale.factor;
              const SplitPair<Half> both(a, b);
              high.pairs[r] = both.high;
              low.pairs[r] = both.low;
            }
            Quad* const to = quads + Shape::template first_quad<i> +
                             (k * Shape::parts * Shape::template outer<i> + column) * Shape::lanes + lane;
            to[0] = high;
            if constexpr (Shape::parts == 2) to[Shape::template outer<i> * Shape::lanes] = low;
          }
        },
        most);
  }
};

}  // namespace nwm::device
