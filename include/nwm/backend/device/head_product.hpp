// The products of the fused head (fused_head.hpp): chunks of weights on their way to shared memory, and what
// a warp makes of one.
#pragma once

#include <array>
#include <cstddef>
#include <tuple>

#include "nwm/backend/device/head_shape.hpp"
#include "nwm/backend/device/unroll.hpp"

namespace nwm::device {

/// The products of a head of this Shape (HeadShape) in blocks of `warps` warps. A chunk is `steps` steps of
/// 16 rows of weights.
template <class Shape, std::size_t warps>
struct HeadProduct {
  using Half = typename Shape::Half;
  static constexpr std::size_t parts = Shape::parts, lanes = Shape::lanes, threads = warps * lanes;
  static constexpr std::size_t steps = parts == 1 ? 2 : 1;
  /// Quads of a chunk at most, and a thread's share of them.
  static constexpr std::size_t chunk = steps * Shape::widest * parts * lanes;
  static constexpr std::size_t share = (chunk + threads - 1) / threads;
  using Chunk = std::array<Quad, chunk>;

  /// Sums of 16 pixels by 8 rows each.
  template <class Warp>
  using Sums = std::array<typename Warp::template Fragment<float, 4>, 2 * Shape::widest>;
  /// A share on its way through registers, while the chunk before it is multiplied.
  template <class Warp>
  using Ahead = typename Warp::template Fragment<Quad, share>;

  template <class Warp, class To>
  static constexpr void fetch(const Warp& warp, To& ahead, const Quad* from, std::size_t count) {
    warp.each(
        [&](unsigned lane, auto& mine) {
          NWM_UNROLL
          for (std::size_t k = 0; k < share; ++k)
            if (const std::size_t at = k * threads + warp.index * lanes + lane; at < count)
              mine[k] = from[at];
        },
        ahead);
  }
  template <class Warp, class From>
  static constexpr void put(const Warp& warp, From& ahead, Chunk& to, std::size_t count) {
    warp.each(
        [&](unsigned lane, auto& mine) {
          NWM_UNROLL
          for (std::size_t k = 0; k < share; ++k)
            if (const std::size_t at = k * threads + warp.index * lanes + lane; at < count) to[at] = mine[k];
        },
        ahead);
  }

  /// Adds to the sums the product of factors, Quads (count, parts, lane), with `count` of a chunk's steps.
  template <std::size_t outer, class Warp, class To>
  static constexpr void multiply(const Warp& warp, To& sum, const Quad* factors, const Chunk& from,
                                 std::size_t count) {
    // Column tiles whose weights are loaded together, while those before are multiplied.
    constexpr std::size_t pairs = outer < 2 ? outer : 2, groups = (outer + pairs - 1) / pairs;
    std::array<typename Warp::template Fragment<HalfPair, 4>, steps * parts> a{};
    std::array<std::array<typename Warp::template Fragment<HalfPair, 2>, 2 * pairs * parts>, 2> b{};
    warp.each([&](unsigned lane) {
      NWM_UNROLL
      for (std::size_t k = 0; k < steps * parts; ++k) {
        if (k / parts >= count) continue;
        const Quad four = factors[k * lanes + lane];
        auto& to = warp.own(a[k], lane);
        NWM_UNROLL
        for (std::size_t r = 0; r < 4; ++r) to[r] = four.pairs[r];
      }
    });
    // What stands in a chunk behind its last step is loaded, but not multiplied.
    const auto load = [&](std::size_t group, auto& to) {
      const Quad* const at = from.data() + group / groups * parts * outer * lanes;
      const std::size_t first = group % groups * pairs;
      warp.each([&](unsigned lane) {
        NWM_UNROLL
        for (std::size_t k = 0; k < pairs * parts; ++k) {
          if (first + k % pairs >= outer) continue;
          const Quad two = at[(k / pairs * outer + first + k % pairs) * lanes + lane];
          auto &one = warp.own(to[2 * k], lane), &other = warp.own(to[2 * k + 1], lane);
          one[0] = two.pairs[0];
          one[1] = two.pairs[1];
          other[0] = two.pairs[2];
          other[1] = two.pairs[3];
        }
      });
    };
    load(0, b[0]);
    NWM_UNROLL
    for (std::size_t g = 0; g < steps * groups; ++g) {
      if (g + 1 < steps * groups) load(g + 1, b[(g + 1) % 2]);
      if (g / groups < count)
        add<outer>(warp, sum, g % groups * pairs * 2, a.data() + g / groups * parts, b[g % 2]);
    }
  }

 private:
  /// The products of the column tiles from `first`. In two parts they are summed by themselves first: a
  /// tensor core's own sum drops the last bits.
  template <std::size_t outer, class Warp, class To, class A, class B>
  static constexpr void add(const Warp& warp, To& sum, std::size_t first, const A* a, const B& b) {
    constexpr std::size_t count = std::tuple_size_v<B> / parts;
    if constexpr (parts == 1) {
      NWM_UNROLL
      for (std::size_t t = 0; t < count; ++t)
        if (first + t < 2 * outer) warp.template multiply<Half>(sum[first + t], a[0], b[t]);
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
        for (std::size_t t = 0; t < count; ++t) {
          if (first + t >= 2 * outer) continue;
          NWM_UNROLL
          for (std::size_t k = 0; k < 4; ++k) warp.own(sum[first + t], lane)[k] += warp.own(d[t], lane)[k];
        }
      });
    }
  }
};

}  // namespace nwm::device
