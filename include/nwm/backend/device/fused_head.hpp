// A head over the pixels in one launch: forward, the loss, and back to the gradient of the features, on
// tensor cores. Each warp has a tile of 16 pixels. The sums of a layer, scaled, rounded and paired, are the
// factors of the next one (MmaLayout), so that activations stay with the lane that has them: in its part of
// shared memory, where registers hold the sums. Weights stream through shared memory in chunks.
//
// Range: a warp scales each layer's tile by a power of two (scaling.hpp), and weights have one for 16
// columns. Sums are scaled back before the bias. Pixels of a tile share it: beside one of 1e8, a pixel of 1
// has an error of 2^-12 of itself.
#pragma once

#include "nwm/push_macros.inc"

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "nwm/backend/device/head_product.hpp"
#include "nwm/backend/device/head_shape.hpp"
#include "nwm/backend/device/lane.hpp"
#include "nwm/backend/device/scaling.hpp"
#include "nwm/backend/device/unroll.hpp"
#include "nwm/memory/for_constants.hpp"

namespace nwm::device {

/// In place of a loss's kernel: the scores are wanted, and nothing else.
struct ScoresOnly {};

/// Sets scores (out, n), rows score_stride apart, from the features x (in, n). With a Loss, a loss's kernel
/// that replaces these scores by their slopes, sets losses (n) to what it returns, x_gradient (in, n), and
/// what `kept` holds of (n + 15) / 16 tiles. A body (block.hpp). Where an input is not finite, so are the
/// results of its pixel.
template <class Mlp, class Precision, class Loss = ScoresOnly>
struct FusedHead {
  using Shape = HeadShape<Mlp, Precision>;
  using Half = typename Precision::Half;
  static constexpr bool trains = !std::is_same_v<Loss, ScoresOnly>;
  static constexpr std::size_t warps = 8, threads = warps * Shape::lanes, tile = 16;

 private:
  using Product = HeadProduct<Shape, warps>;
  static constexpr std::size_t parts = Shape::parts, lanes = Shape::lanes, layers = Shape::layers;
  static constexpr std::size_t products = trains ? Shape::products : layers, steps = Product::steps;
  static constexpr std::size_t words = Shape::mask_words > 0 ? Shape::mask_words : 1;

 public:
  /// Two chunks of weights, in turn; the factors of each lane, which no other one reads.
  struct Shared {
    std::array<typename Product::Chunk, 2> weights;
    std::array<Quad, warps * Shape::widest * parts * lanes> factors;
  };
  struct Local {};
  /// Sums, where hidden layers' sums were positive, and the power of two by which a product must be
  /// multiplied for the factors.
  template <class Warp>
  struct WarpLocal {
    typename Product::template Sums<Warp> sum;
    typename Warp::template Fragment<std::uint32_t, words> mask;
    float back;
  };

  std::size_t blocks, n;
  const float* parameters;
  const Quad* weights;        ///< HeadWeights
  const float* weights_back;  ///< likewise
  const float* x;
  float* scores;
  std::size_t score_stride;
  Loss loss;
  float *losses, *x_gradient;
  KeptTiles kept;

  /// Blocks for n pixels.
  static constexpr std::size_t blocks_for(std::size_t n) { return (n + warps * tile - 1) / (warps * tile); }

  template <class Block>
  constexpr void operator()(Block& block) const {
    const std::size_t first = block.index * warps;
    Shared& shared = block.shared;
    block.warps([&](auto warp, auto& local) {
      typename Product::template Ahead<decltype(warp)> ahead{};
      Product::fetch(warp, ahead, weights, first_chunk<0>());
      Product::put(warp, ahead, shared.weights[0], first_chunk<0>());
      take_rows<Shape::template rows<0>>(warp, local, first, x, n);
      pack<0>(warp, local, shared, first);
    });
    std::size_t now = 0;  // which of the two chunks
    for_constants<products>([&](auto i) {
      constexpr std::size_t inner = Shape::template inner<i>, outer = Shape::template outer<i>;
      constexpr std::size_t chunks = (inner + steps - 1) / steps, step = outer * parts * lanes;
      constexpr std::size_t here = Shape::template first_quad<i>, behind = Shape::template first_quad<i + 1>;
      NWM_KEEP_LOOP
      for (std::size_t c = 0; c < chunks; ++c, now = 1 - now) {
        block.warps([&](auto warp, auto& local) {
          const bool same = c + 1 < chunks;
          const std::size_t at = same ? here + (c + 1) * steps * step : behind;
          const std::size_t next =
              same ? smaller(steps, inner - (c + 1) * steps) * step : first_chunk<i + 1>();
          typename Product::template Ahead<decltype(warp)> ahead{};
          Product::fetch(warp, ahead, weights + at, next);
          const Quad* const factors =
              shared.factors.data() + (warp.index * Shape::widest + c * steps) * parts * lanes;
          Product::template multiply<outer>(warp, local.sum, factors, shared.weights[now], inner - c * steps);
          Product::put(warp, ahead, shared.weights[1 - now], next);
        });
      }
      block.warps([&](auto warp, auto& local) { finish<i>(warp, local, shared, first); });
    });
  }

 private:
  /// Quads of the first chunk of product i; 0 behind the last one.
  template <std::size_t i>
  static constexpr std::size_t first_chunk() {
    if constexpr (i < products) {
      constexpr std::size_t inner = Shape::template inner<i>;
      return (inner < steps ? inner : steps) * Shape::template outer<i> * parts * lanes;
    } else {
      return 0;
    }
  }

  /// f(v, there, offset) for each of a lane's numbers that stand for the `rows` rows of n numbers at some
  /// place: it begins at `offset` there, unless it is a row or pixel beyond their end.
  template <std::size_t rows, class Warp, class Locals, class F>
  constexpr void for_rows(const Warp& warp, Locals& local, std::size_t first, std::size_t stride,
                          const F& f) const {
    warp.each([&](unsigned lane) {
      const std::size_t pixel = (first + warp.index) * tile + MmaLayout::d_row(lane, 0);
      const bool near = pixel < n, far = pixel + 8 < n;
      std::size_t at = MmaLayout::d_column(lane, 0) * stride + pixel;
      NWM_UNROLL
      for (std::size_t t = 0; t < (rows + 15) / 16 * 2; ++t, at += 8 * stride) {
        NWM_UNROLL
        for (unsigned k = 0; k < 4; ++k) {
          const bool there = t * 8 + 8 <= rows || t * 8 + MmaLayout::d_column(lane, k) < rows;
          f(warp.own(local.sum[t], lane)[k], there && (k < 2 ? near : far), at + k % 2 * stride + k / 2 * 8,
            t, t * 8 + MmaLayout::d_column(lane, k));
        }
      }
    });
  }

  /// Sets the sums to `rows` rows of n numbers.
  template <std::size_t rows, class Warp, class Locals>
  constexpr void take_rows(const Warp& warp, Locals& local, std::size_t first, const float* from,
                           std::size_t stride) const {
    for_rows<rows>(
        warp, local, first, stride,
        [&](float& v, bool there, std::size_t at, std::size_t, std::size_t) { v = there ? from[at] : 0.0F; });
  }

  /// Turns the sums into factors, keeps them as `slot`, and clears the sums.
  template <std::size_t slot, class Warp, class Locals>
  constexpr void pack(const Warp& warp, Locals& local, Shared& shared, std::size_t first) const {
    constexpr std::size_t width = Shape::template slot_width<slot>;
    const std::size_t mine = first + warp.index;
    typename Warp::template Fragment<float, 1> most{};
    warp.each(
        [&](unsigned lane, auto& largest) {
          NWM_UNROLL
          for (std::size_t t = 0; t < 2 * width; ++t) {
            NWM_UNROLL
            for (std::size_t k = 0; k < 4; ++k)
              largest[0] = larger_magnitude(largest[0], warp.own(local.sum[t], lane)[k]);
          }
        },
        most);
    warp.largest(most);
    warp.each(
        [&](unsigned lane, auto& largest) {
          const PowerOfTwo scale(largest[0]);
          local.back = scale.back;
          if constexpr (trains)
            if (lane == 0 && mine < kept.tiles) kept.back[slot * kept.tiles + mine] = scale.back;
          Quad* const to = shared.factors.data() + warp.index * Shape::widest * parts * lanes + lane;
          NWM_UNROLL
          for (std::size_t b = 0; b < width; ++b) {
            Quad high, low;
            NWM_UNROLL
            for (std::size_t r = 0; r < 4; ++r) {
              const auto& d = warp.own(local.sum[2 * b + r / 2], lane);
              const SplitPair<Half> both(d[r % 2 * 2] * scale.factor, d[r % 2 * 2 + 1] * scale.factor);
              high.pairs[r] = both.high;
              low.pairs[r] = both.low;
            }
            to[b * parts * lanes] = high;
            if constexpr (parts == 2) to[(b * parts + 1) * lanes] = low;
            if constexpr (trains) {
              if (mine >= kept.tiles) continue;
              auto* const away = reinterpret_cast<HalfPair*>(kept.template slot<Shape, slot>() +
                                                             (mine * width + b) * parts * lanes);
              NWM_UNROLL
              for (std::size_t r = 0; r < 4; ++r) {
                away[r * lanes + lane] = high.pairs[r];
                if constexpr (parts == 2) away[(4 + r) * lanes + lane] = low.pairs[r];
              }
            }
          }
          NWM_UNROLL
          for (std::size_t t = 0; t < 2 * Shape::widest; ++t) {
            NWM_UNROLL
            for (std::size_t k = 0; k < 4; ++k) warp.own(local.sum[t], lane)[k] = 0;
          }
        },
        most);
  }

  /// What follows product i.
  template <std::size_t i, class Warp, class Locals>
  constexpr void finish(const Warp& warp, Locals& local, Shared& shared, std::size_t first) const {
    constexpr std::size_t l = Shape::template layer<i>, rows = Shape::template rows<l + 1>;
    const float* const columns = weights_back + Shape::template first_columns<i>;
    const float* const bias = parameters + Shape::template offset<l> + Shape::template rows<l> * rows;
    if constexpr (i + 1 < layers) {
      hide<i>(warp, local, columns, bias);
      pack<l + 1>(warp, local, shared, first);
    } else if constexpr (i + 1 == layers) {
      for_rows<rows>(warp, local, first, score_stride,
                     [&](float v, bool there, std::size_t at, std::size_t t, std::size_t row) {
                       if (there) scores[at] = v * (local.back * columns[t / 2]) + bias[row];
                     });
      if constexpr (trains) {
        warp.each([&](unsigned lane) {
          const std::size_t p = (first + warp.index) * tile + lane;
          if (lane < tile && p < n) losses[p] = loss(Lane<float>{p});
        });
        take_rows<rows>(warp, local, first, scores, score_stride);
        pack<layers + l>(warp, local, shared, first);
      }
    } else if constexpr (l > 0) {
      hide_adjoint<i>(warp, local, columns);
      pack<layers + l - 1>(warp, local, shared, first);
    } else {
      for_rows<Shape::template rows<0>>(warp, local, first, n,
                                        [&](float v, bool there, std::size_t at, std::size_t t, std::size_t) {
                                          if (there) x_gradient[at] = v * (local.back * columns[t / 2]);
                                        });
    }
  }

  /// Bias and ReLU of a hidden layer, and its mask.
  template <std::size_t l, class Warp, class Locals>
  static constexpr void hide(const Warp& warp, Locals& local, const float* columns, const float* bias) {
    constexpr std::size_t rows = Shape::template rows<l + 1>, begin = Shape::template mask_begin<l>;
    warp.each(
        [&](unsigned lane, auto& mask) {
          NWM_UNROLL
          for (std::size_t t = 0; t < 2 * Shape::template outer<l>; ++t) {
            if (t % 8 == 0) mask[begin + t / 8] = 0;
            const float back = local.back * columns[t / 2];
            NWM_UNROLL
            for (unsigned k = 0; k < 4; ++k) {
              const std::size_t row = t * 8 + MmaLayout::d_column(lane, k);
              const bool there = t * 8 + 8 <= rows || row < rows;
              float& v = warp.own(local.sum[t], lane)[k];
              v = v * back + (there ? bias[row] : 0.0F);
              if (v <= 0) v = 0;  // NaN stays
              else mask[begin + t / 8] |= 1U << (t % 8 * 4 + k);
            }
          }
        },
        local.mask);
  }
  template <std::size_t i, class Warp, class Locals>
  static constexpr void hide_adjoint(const Warp& warp, Locals& local, const float* columns) {
    constexpr std::size_t begin = Shape::template mask_begin<Shape::template layer<i> - 1>;
    warp.each(
        [&](unsigned lane, auto& mask) {
          NWM_UNROLL
          for (std::size_t t = 0; t < 2 * Shape::template outer<i>; ++t) {
            const float back = local.back * columns[t / 2];
            NWM_UNROLL
            for (unsigned k = 0; k < 4; ++k) {
              float& v = warp.own(local.sum[t], lane)[k];
              v = mask[begin + t / 8] >> (t % 8 * 4 + k) & 1U ? v * back : 0.0F;
            }
          }
        },
        local.mask);
  }
};

}  // namespace nwm::device

#include "nwm/pop_macros.inc"
