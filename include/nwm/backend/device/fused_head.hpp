// A head over the pixels in one launch: forward, the loss, and back to the gradient of the features, on tensor
// cores. Each warp has a tile of 16 pixels. The sums of a layer, scaled, rounded and paired, are the factors
// of the next one (MmaLayout), so that activations stay with the lane that has them; weights stream through
// shared memory in chunks.
//
// Range: a warp scales each layer's tile by a power of two (power_of_two.hpp), and weights have one for 16
// columns. Sums are scaled back before the bias.
#pragma once

#include "nwm/push_macros.inc"

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "nwm/backend/device/head_shape.hpp"
#include "nwm/backend/device/lane.hpp"
#include "nwm/backend/device/power_of_two.hpp"
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
  static constexpr std::size_t parts = Shape::parts, lanes = Shape::lanes, layers = Shape::layers;
  static constexpr std::size_t products = trains ? Shape::products : layers;
  /// Steps of 16 in a chunk of weights, and what a chunk has at most, for the block and for a thread.
  static constexpr std::size_t steps = parts == 1 ? 2 : 1;
  static constexpr std::size_t chunk = steps * Shape::widest * parts * lanes;
  static constexpr std::size_t share = (chunk + threads - 1) / threads;
  static constexpr std::size_t words = Shape::mask_words > 0 ? Shape::mask_words : 1;

 public:
  /// Two chunks of weights, in turn; the factors of each lane, which no other one reads.
  struct Shared {
    std::array<std::array<Quad, chunk>, 2> weights;
    std::array<Quad, warps * Shape::widest * parts * lanes> factors;
  };
  struct Local {};
  /// Sums of 16 pixels by 8 rows each, where hidden layers' sums were positive, and the power of two by which
  /// the factors must be multiplied.
  template <class Warp>
  struct WarpLocal {
    std::array<typename Warp::template Fragment<float, 4>, 2 * Shape::widest> sum;
    typename Warp::template Fragment<std::uint32_t, words> mask;
    float back;
  };

  std::size_t blocks, n;
  const float* parameters;
  const Quad* weights;         ///< HeadWeights
  const float* weights_back;   ///< likewise
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
      using Ahead = typename decltype(warp)::template Fragment<Quad, share>;
      Ahead ahead{};
      fetch(warp, ahead, weights, chunk_quads<0>(0));
      put(warp, ahead, shared.weights[0], chunk_quads<0>(0));
      take_rows<Mlp::in>(warp, local, first, x, n);
      pack<Shape::width(0), 0>(warp, local, shared, first);
    });
    std::size_t number = 0;  // of the chunk
    for_constants<products>([&](auto i) {
      constexpr std::size_t chunks = (Shape::inner(i) + steps - 1) / steps;
      for (std::size_t c = 0; c < chunks; ++c, ++number) {
        block.warps([&](auto warp, auto& local) {
          using Ahead = typename decltype(warp)::template Fragment<Quad, share>;
          const bool same = c + 1 < chunks;
          const std::size_t next = same ? chunk_quads<i>(c + 1) : first_chunk<i + 1>();
          Ahead ahead{};
          const std::size_t at =
              same ? Shape::first_quad(i) + (c + 1) * chunk_quads<i>(0) : Shape::first_quad(i + 1);
          fetch(warp, ahead, weights + at, next);
          for (std::size_t s = 0; s < steps; ++s)
            if (c * steps + s < Shape::inner(i))
              multiply<Shape::outer(i)>(
                  warp, local, shared.factors.data() + (warp.index * Shape::widest + c * steps + s) * parts * lanes,
                  shared.weights[number % 2].data() + s * Shape::outer(i) * parts * lanes);
          put(warp, ahead, shared.weights[(number + 1) % 2], next);
        });
      }
      block.warps([&](auto warp, auto& local) { finish<i>(warp, local, shared, first); });
    });
  }

 private:
  template <std::size_t i>
  static constexpr std::size_t chunk_quads(std::size_t c) {
    return smaller(steps, Shape::inner(i) - c * steps) * Shape::outer(i) * parts * lanes;
  }
  template <std::size_t i>
  static constexpr std::size_t first_chunk() {
    if constexpr (i < products) return chunk_quads<i>(0);
    else return 0;
  }

  /// Each thread's part of the next chunk on its way through registers, while the present one is multiplied.
  template <class Warp, class Ahead>
  static constexpr void fetch(const Warp& warp, Ahead& ahead, const Quad* from, std::size_t count) {
    warp.each(
        [&](unsigned lane, auto& mine) {
          NWM_UNROLL
          for (std::size_t k = 0; k < share; ++k)
            if (const std::size_t at = k * threads + warp.index * lanes + lane; at < count) mine[k] = from[at];
        },
        ahead);
  }
  template <class Warp, class Ahead>
  static constexpr void put(const Warp& warp, Ahead& ahead, std::array<Quad, chunk>& to, std::size_t count) {
    warp.each(
        [&](unsigned lane, auto& mine) {
          NWM_UNROLL
          for (std::size_t k = 0; k < share; ++k)
            if (const std::size_t at = k * threads + warp.index * lanes + lane; at < count) to[at] = mine[k];
        },
        ahead);
  }

  /// Adds the product of 16 of the factors' columns with as many rows of a chunk to the sums.
  template <std::size_t outer, class Warp, class Sums>
  static constexpr void multiply(const Warp& warp, Sums& local, const Quad* factors, const Quad* chunk_at) {
    // Pairs of column tiles whose weights are loaded together, while those before are multiplied.
    constexpr std::size_t group = 2, groups = (outer + group - 1) / group;
    std::array<typename Warp::template Fragment<HalfPair, 4>, parts> a{};
    std::array<std::array<typename Warp::template Fragment<HalfPair, 2>, 2 * group * parts>, 2> b{};
    warp.each([&](unsigned lane) {
      NWM_UNROLL
      for (std::size_t part = 0; part < parts; ++part)
        warp.own(a[part], lane) = Quad(factors[part * lanes + lane]).pairs;
    });
    const auto load = [&](std::size_t g, auto& to) {
      warp.each([&](unsigned lane) {
        NWM_UNROLL
        for (std::size_t k = 0; k < group; ++k)
          if (g * group + k < outer) {
            NWM_UNROLL
            for (std::size_t part = 0; part < parts; ++part) {
              const Quad two = chunk_at[(part * outer + g * group + k) * lanes + lane];
              warp.own(to[(part * group + k) * 2], lane) = {two.pairs[0], two.pairs[1]};
              warp.own(to[(part * group + k) * 2 + 1], lane) = {two.pairs[2], two.pairs[3]};
            }
          }
      });
    };
    load(0, b[0]);
    NWM_UNROLL
    for (std::size_t g = 0; g < groups; ++g) {
      if (g + 1 < groups) load(g + 1, b[(g + 1) % 2]);
      add<outer>(warp, local, g * group * 2, a, b[g % 2]);
    }
  }
  /// The products of the column tiles from `first`. In two parts they are summed by themselves first: a
  /// tensor core's own sum drops the last bits.
  template <std::size_t outer, class Warp, class Sums, class A, class B>
  static constexpr void add(const Warp& warp, Sums& local, std::size_t first, const A& a, const B& b) {
    constexpr std::size_t count = std::tuple_size_v<B> / parts;
    if constexpr (parts == 1) {
      NWM_UNROLL
      for (std::size_t t = 0; t < count; ++t)
        if (first + t < 2 * outer) warp.template multiply<Half>(local.sum[first + t], a[0], b[t]);
    } else {
      std::array<typename Warp::template Fragment<float, 4>, count> d{};
      NWM_UNROLL
      for (std::size_t t = 0; t < count; ++t)
        if (first + t < 2 * outer) warp.template multiply<Half>(d[t], a[1], b[t]);
      NWM_UNROLL
      for (std::size_t t = 0; t < count; ++t)
        if (first + t < 2 * outer) warp.template multiply<Half>(d[t], a[0], b[count + t]);
      NWM_UNROLL
      for (std::size_t t = 0; t < count; ++t)
        if (first + t < 2 * outer) warp.template multiply<Half>(d[t], a[0], b[t]);
      warp.each([&](unsigned lane) {
        NWM_UNROLL
        for (std::size_t t = 0; t < count; ++t)
          if (first + t < 2 * outer) {
            NWM_UNROLL
            for (std::size_t k = 0; k < 4; ++k)
              warp.own(local.sum[first + t], lane)[k] += warp.own(d[t], lane)[k];
          }
      });
    }
  }

  /// f(number, pixel, row) for each of a lane's numbers of `width` blocks of rows.
  template <std::size_t width, class Warp, class Sums, class F>
  static constexpr void for_numbers(const Warp& warp, Sums& local, std::size_t first, unsigned lane, const F& f) {
    using L = MmaLayout;
    const std::size_t pixel = (first + warp.index) * tile;
    NWM_UNROLL
    for (std::size_t t = 0; t < 2 * width; ++t) {
      NWM_UNROLL
      for (unsigned k = 0; k < 4; ++k)
        f(warp.own(local.sum[t], lane)[k], pixel + L::d_row(lane, k), t * 8 + L::d_column(lane, k));
    }
  }

  /// Sets the sums to `rows` rows of n numbers.
  template <std::size_t rows, class Warp, class Sums>
  constexpr void take_rows(const Warp& warp, Sums& local, std::size_t first, const float* from,
                           std::size_t stride) const {
    warp.each([&](unsigned lane) {
      for_numbers<(rows + 15) / 16>(warp, local, first, lane, [&](float& v, std::size_t p, std::size_t r) {
        v = p < n && r < rows ? from[r * stride + p] : 0.0F;
      });
    });
  }

  /// Turns the sums, `width` blocks of rows, into factors, keeps them as `slot`, and clears the sums.
  template <std::size_t width, std::size_t slot, class Warp, class Sums>
  constexpr void pack(const Warp& warp, Sums& local, Shared& shared, std::size_t first) const {
    const std::size_t mine = first + warp.index;
    typename Warp::template Fragment<float, 1> most{};
    warp.each(
        [&](unsigned lane, auto& largest) {
          for_numbers<width>(warp, local, first, lane, [&](float v, std::size_t, std::size_t) {
            largest[0] = larger_size(largest[0], v);
          });
        },
        most);
    warp.largest(most);
    warp.each(
        [&](unsigned lane, auto& largest) {
          const PowerOfTwo scale(largest[0]);
          local.back = scale.back;
          if (trains && lane == 0 && mine < kept.tiles) kept.back[slot * kept.tiles + mine] = scale.back;
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
            keep<width, slot>(shared, warp.index, mine, b, 0, lane, high);
            if constexpr (parts == 2) keep<width, slot>(shared, warp.index, mine, b, 1, lane, low);
          }
        },
        most);
    clear(warp, local);
  }
  template <std::size_t width, std::size_t slot>
  constexpr void keep(Shared& shared, std::size_t warp, std::size_t mine, std::size_t b, std::size_t part,
                      unsigned lane, const Quad& value) const {
    shared.factors[((warp * Shape::widest + b) * parts + part) * lanes + lane] = value;
    if constexpr (trains) {
      if (mine >= kept.tiles) return;
      auto* const to = reinterpret_cast<HalfPair*>(kept.template slot<Shape>(slot) +
                                                   ((mine * width + b) * parts + part) * lanes);
      NWM_UNROLL
      for (std::size_t r = 0; r < 4; ++r) to[r * lanes + lane] = value.pairs[r];
    }
  }
  template <class Warp, class Sums>
  static constexpr void clear(const Warp& warp, Sums& local) {
    warp.each([&](unsigned lane) {
      NWM_UNROLL
      for (std::size_t t = 0; t < 2 * Shape::widest; ++t) warp.own(local.sum[t], lane) = {0, 0, 0, 0};
    });
  }

  /// What follows product i.
  template <std::size_t i, class Warp, class Sums>
  constexpr void finish(const Warp& warp, Sums& local, Shared& shared, std::size_t first) const {
    constexpr std::size_t l = Shape::layer(i), outer = Shape::outer(i);
    const float* const columns_back = weights_back + Shape::first_columns(i);
    const auto scaled = [&](float sum, std::size_t row) { return sum * (local.back * columns_back[row / 16]); };
    if constexpr (!Shape::adjoint(i)) {
      constexpr std::size_t rows = Mlp::width(l + 1);
      const float* const bias = parameters + Mlp::offset(l) + Mlp::width(l) * rows;
      if constexpr (l + 1 < layers) {
        warp.each(
            [&](unsigned lane, auto& mask) {
              NWM_UNROLL
              for (std::size_t w = Shape::mask_begin(l); w < Shape::mask_begin(l + 1); ++w) mask[w] = 0;
              NWM_UNROLL
              for (std::size_t t = 0; t < 2 * outer; ++t) {
                NWM_UNROLL
                for (unsigned k = 0; k < 4; ++k) {
                  const std::size_t row = t * 8 + MmaLayout::d_column(lane, k);
                  float& v = warp.own(local.sum[t], lane)[k];
                  v = scaled(v, row) + (row < rows ? bias[row] : 0.0F);
                  if (v <= 0) v = 0;  // NaN stays
                  else mask[Shape::mask_begin(l) + t / 8] |= 1U << (t % 8 * 4 + k);
                }
              }
            },
            local.mask);
        pack<outer, l + 1>(warp, local, shared, first);
      } else {
        warp.each([&](unsigned lane) {
          for_numbers<outer>(warp, local, first, lane, [&](float v, std::size_t p, std::size_t row) {
            if (p < n && row < rows) scores[row * score_stride + p] = scaled(v, row) + bias[row];
          });
        });
        if constexpr (trains) {
          warp.each([&](unsigned lane) {
            const std::size_t p = (first + warp.index) * tile + lane;
            if (lane < tile && p < n) losses[p] = loss(Lane<float>{p});
          });
          take_rows<rows>(warp, local, first, scores, score_stride);
          pack<outer, layers + l>(warp, local, shared, first);
        }
      }
    } else if constexpr (l > 0) {
      warp.each(
          [&](unsigned lane, auto& mask) {
            NWM_UNROLL
            for (std::size_t t = 0; t < 2 * outer; ++t) {
              NWM_UNROLL
              for (unsigned k = 0; k < 4; ++k) {
                float& v = warp.own(local.sum[t], lane)[k];
                const bool on = mask[Shape::mask_begin(l - 1) + t / 8] >> (t % 8 * 4 + k) & 1U;
                v = on ? scaled(v, t * 8) : 0.0F;
              }
            }
          },
          local.mask);
      pack<outer, layers + l - 1>(warp, local, shared, first);
    } else {
      warp.each([&](unsigned lane) {
        for_numbers<outer>(warp, local, first, lane, [&](float v, std::size_t p, std::size_t row) {
          if (p < n && row < Mlp::in) x_gradient[row * n + p] = scaled(v, row);
        });
      });
    }
  }
};

}  // namespace nwm::device

#include "nwm/pop_macros.inc"
