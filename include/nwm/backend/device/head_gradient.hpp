// The gradient of a head's weights and biases from what the fused head kept, on tensor cores.
#pragma once

#include "nwm/push_macros.inc"

#include <array>
#include <cstddef>
#include <cstdint>

#include "nwm/backend/device/head_shape.hpp"
#include "nwm/backend/device/unroll.hpp"

namespace nwm::device {

/// Sets partial (slabs, HeadShape::numbers<l>): each slab's part of the gradient in the weights and biases of
/// layer l; AddTiles adds them in order. A body (block.hpp): a block has up to 128 outputs by 128 inputs, and
/// goes over one slab of tiles of 16 pixels. Each tile is one product, whose powers of two are applied before
/// it is added to sums in float32.
template <class Mlp, class Precision, std::size_t l>
struct HeadGradient {
  using Shape = HeadShape<Mlp, Precision>;
  using Half = typename Precision::Half;
  static constexpr std::size_t threads = 256;

 private:
  static constexpr std::size_t parts = Shape::parts, lanes = Shape::lanes, warps = threads / lanes;
  static constexpr std::size_t ceil(std::size_t a, std::size_t b) { return (a + b - 1) / b; }
  /// Blocks of 16: outputs (m) and inputs (n) of the layer, of a thread block, and of a warp.
  static constexpr std::size_t all_m = Shape::template width<l + 1>, all_n = Shape::template width<l>;
  static constexpr std::size_t places_m = ceil(all_m, 8), places_n = ceil(all_n, 8);
  static constexpr std::size_t block_m = ceil(all_m, places_m), block_n = ceil(all_n, places_n);
  static constexpr std::size_t warps_m = block_m >= 4 ? 4 : block_m >= 2 ? 2 : 1, warps_n = warps / warps_m;
  static constexpr std::size_t warp_m = ceil(block_m, warps_m), warp_n = ceil(block_n, warps_n);
  /// Tiles that stand in shared memory together; Quads of one of them, of its gradients first.
  static constexpr std::size_t together = parts == 1 ? 2 : 1, block_quads = Shape::block_quads;
  static constexpr std::size_t tile_quads = (block_m + block_n) * block_quads;
  static constexpr std::size_t stage = together * tile_quads, share = ceil(stage, threads);

 public:
  static constexpr std::size_t places = places_m * places_n;
  /// Slabs for so many tiles: enough blocks for a GPU, and some tiles for each.
  static constexpr std::size_t slabs_for(std::size_t tiles) {
    return smaller(ceil(256, places), ceil(tiles, 8));
  }

  /// Two stages, in turn.
  struct Shared {
    std::array<std::array<Quad, stage>, 2> quads;
  };
  struct Local {};
  /// Sums of 16 outputs by 8 inputs each, and of two outputs' biases.
  template <class Warp>
  struct WarpLocal {
    std::array<typename Warp::template Fragment<float, 4>, warp_m * warp_n * 2> sum;
    std::array<typename Warp::template Fragment<float, 2>, warp_m> bias;
  };

  std::size_t blocks, slabs;
  KeptTiles kept;
  float* partial;

  template <class Block>
  constexpr void operator()(Block& block) const {
    const std::size_t slab = block.index / places, place = block.index % places;
    const std::size_t m = place / places_n * block_m, n = place % places_n * block_n;
    const std::size_t each = (kept.tiles + slabs - 1) / slabs;
    const std::size_t begin = smaller(kept.tiles, slab * each), end = smaller(kept.tiles, begin + each);
    Shared& shared = block.shared;
    block.warps([&](auto warp, auto&) {
      typename decltype(warp)::template Fragment<Quad, share> ahead{};
      fetch(warp, ahead, begin, end, m, n);
      put(warp, ahead, shared.quads[0]);
    });
    std::size_t now = 0;
    for (std::size_t tile = begin; tile < end; tile += together, now = 1 - now)
      block.warps([&](auto warp, auto& local) {
        typename decltype(warp)::template Fragment<Quad, share> ahead{};
        fetch(warp, ahead, tile + together, end, m, n);
        for (std::size_t t = 0; t < together; ++t)
          if (tile + t < end)
            multiply(warp, local, shared.quads[now].data() + t * tile_quads, tile + t, n == 0);
        put(warp, ahead, shared.quads[1 - now]);
      });
    block.warps([&](auto warp, auto& local) { store(warp, local, slab, m, n); });
  }

 private:
  static constexpr std::size_t first_m(std::size_t warp) { return warp / warps_n * warp_m; }
  static constexpr std::size_t first_n(std::size_t warp) { return warp % warps_n * warp_n; }

  /// Each thread's part of the tiles from `tile` on their way to shared memory; 0 beyond the edges.
  template <class Warp, class Ahead>
  constexpr void fetch(const Warp& warp, Ahead& ahead, std::size_t tile, std::size_t end, std::size_t m,
                       std::size_t n) const {
    const Quad* const gradients = kept.template slot<Shape, Shape::layers + l>();
    const Quad* const inputs = kept.template slot<Shape, l>();
    warp.each(
        [&](unsigned lane, auto& mine) {
          NWM_UNROLL
          for (std::size_t k = 0; k < share; ++k) {
            const std::size_t i = k * threads + warp.index * lanes + lane, t = tile + i / tile_quads;
            const std::size_t at = i % tile_quads;
            if (i >= stage || t >= end) continue;
            if (at < block_m * block_quads) {
              const std::size_t from = m * block_quads + at;
              if (from < all_m * block_quads) mine[k] = gradients[t * all_m * block_quads + from];
            } else {
              const std::size_t from = n * block_quads + at - block_m * block_quads;
              if (from < all_n * block_quads) mine[k] = inputs[t * all_n * block_quads + from];
            }
          }
        },
        ahead);
  }
  template <class Warp, class Ahead>
  static constexpr void put(const Warp& warp, Ahead& ahead, std::array<Quad, stage>& to) {
    warp.each(
        [&](unsigned lane, auto& mine) {
          NWM_UNROLL
          for (std::size_t k = 0; k < share; ++k)
            if (const std::size_t i = k * threads + warp.index * lanes + lane; i < stage) to[i] = mine[k];
        },
        ahead);
  }

  /// Adds what one tile gives. Kept matrices have pixels as rows; transposed on their way, they are a and b.
  template <class Warp, class Sums>
  constexpr void multiply(const Warp& warp, Sums& local, const Quad* quads, std::size_t tile,
                          bool biases) const {
    using A = typename Warp::template Fragment<HalfPair, 4>;
    const std::size_t m = first_m(warp.index), n = first_n(warp.index);
    if (m >= block_m || n >= block_n) return;
    const float back = kept.back[(Shape::layers + l) * kept.tiles + tile] * kept.back[l * kept.tiles + tile];
    const auto halves = [&](std::size_t block, std::size_t part) {
      return reinterpret_cast<const std::uint16_t*>(quads + (block * parts + part) * lanes);
    };
    std::array<A, warp_m * parts> a{};
    NWM_UNROLL
    for (std::size_t i = 0; i < warp_m * parts; ++i) {
      const std::uint16_t* const from = halves(smaller(m + i / parts, block_m - 1), i % parts);
      warp.template load_matrices_transposed<4>(
          a[i], [&](unsigned lane) { return from + (lane / 16 + lane / 8 % 2 * 2) * 64 + lane % 8 * 8; });
    }
    NWM_UNROLL
    for (std::size_t j = 0; j < warp_n; ++j) {
      if (n + j >= block_n) continue;
      std::array<A, parts> both{};
      std::array<typename Warp::template Fragment<HalfPair, 2>, 2 * parts> b{};
      NWM_UNROLL
      for (std::size_t part = 0; part < parts; ++part) {
        const std::uint16_t* const from = halves(block_m + n + j, part);
        warp.template load_matrices_transposed<4>(both[part], [&](unsigned lane) { return from + lane * 8; });
      }
      warp.each([&](unsigned lane) {
        NWM_UNROLL
        for (std::size_t part = 0; part < parts; ++part) {
          const auto& four = warp.own(both[part], lane);
          warp.own(b[part * 2], lane) = {four[0], four[1]};
          warp.own(b[part * 2 + 1], lane) = {four[2], four[3]};
        }
      });
      std::array<typename Warp::template Fragment<float, 4>, warp_m * 2> d{};
      NWM_UNROLL
      for (std::size_t i = 0; i < warp_m * 2; ++i) {
        if constexpr (parts == 2) {
          warp.template multiply<Half>(d[i], a[i / 2 * 2 + 1], b[i % 2]);
          warp.template multiply<Half>(d[i], a[i / 2 * 2], b[2 + i % 2]);
        }
        warp.template multiply<Half>(d[i], a[i / 2 * parts], b[i % 2]);
      }
      warp.each([&](unsigned lane) {
        NWM_UNROLL
        for (std::size_t i = 0; i < warp_m * 2; ++i) {
          NWM_UNROLL
          for (std::size_t k = 0; k < 4; ++k)
            warp.own(local.sum[(i / 2 * warp_n + j) * 2 + i % 2], lane)[k] += warp.own(d[i], lane)[k] * back;
        }
      });
    }
    if (biases && n == 0) add_biases(warp, local, a, kept.back[(Shape::layers + l) * kept.tiles + tile]);
  }

  /// The sums over the pixels, as a product with ones.
  template <class Warp, class Sums, class A>
  static constexpr void add_biases(const Warp& warp, Sums& local, const A& a, float back) {
    typename Warp::template Fragment<HalfPair, 2> ones{};
    warp.each([&](unsigned, auto& one) { one[0] = one[1] = pair_of<Half>(1, 1); }, ones);
    NWM_UNROLL
    for (std::size_t i = 0; i < warp_m; ++i) {
      typename Warp::template Fragment<float, 4> d{};
      if constexpr (parts == 2) warp.template multiply<Half>(d, a[i * 2 + 1], ones);
      warp.template multiply<Half>(d, a[i * parts], ones);
      warp.each(
          [&](unsigned, auto& sum, auto& found) {
            sum[0] += found[0] * back;
            sum[1] += found[2] * back;
          },
          local.bias[i], d);
    }
  }

  template <class Warp, class Sums>
  constexpr void store(const Warp& warp, Sums& local, std::size_t slab, std::size_t m, std::size_t n) const {
    using L = MmaLayout;
    constexpr std::size_t in = Shape::template rows<l>, out = Shape::template rows<l + 1>;
    float* const to = partial + slab * Shape::template numbers<l>;
    const std::size_t mine_m = first_m(warp.index), mine_n = first_n(warp.index);
    warp.each([&](unsigned lane) {
      NWM_UNROLL
      for (std::size_t i = 0; i < warp_m; ++i) {
        if (mine_m + i >= block_m) continue;
        const std::size_t o = (m + mine_m + i) * 16;
        NWM_UNROLL
        for (std::size_t j = 0; j < warp_n * 2; ++j) {
          NWM_UNROLL
          for (unsigned k = 0; k < 4; ++k) {
            const std::size_t row = o + L::d_row(lane, k);
            const std::size_t column = (n + mine_n) * 16 + j * 8 + L::d_column(lane, k);
            if (mine_n + j / 2 < block_n && row < out && column < in)
              to[row * in + column] = warp.own(local.sum[i * warp_n * 2 + j], lane)[k];
          }
        }
        if (n == 0 && mine_n == 0 && lane % 4 == 0) {
          NWM_UNROLL
          for (unsigned k = 0; k < 2; ++k)
            if (const std::size_t row = o + L::d_row(lane, 2 * k); row < out)
              to[out * in + row] = warp.own(local.bias[i], lane)[k];
        }
      }
    });
  }
};

}  // namespace nwm::device

#include "nwm/pop_macros.inc"
