// The kernel of the parameters' gradient of a stencil of many channels, on tensor cores. What it computes is
// TileGradient's (weight_gradient.hpp): a sum per run of tiles, which are joined.
//
// Every tap is a product of matrices, (out channels, sites) times (sites, in channels): a warp takes 16
// channels of the output's gradient, 8 of the input, and 16 columns of 4 rows of each tile. A tile's sums are
// the tensor cores'; those over tiles are added in float registers: longer ones lose bits in the cores.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cstddef>
#include <type_traits>

#include "nwm/backend/device/operand_tile.hpp"
#include "nwm/backend/device/precision.hpp"
#include "nwm/backend/device/scaling.hpp"
#include "nwm/backend/device/unroll.hpp"
#include "nwm/backend/device/warp.hpp"
#include "nwm/tape/segment.hpp"

namespace nwm::device {

/// TileGradient with products in Precision (precision.hpp). Sums have its error as seen from the largest
/// numbers of a tile. A body (block.hpp).
template <class S, class G, class Real, std::size_t parts, std::size_t steps, class Precision>
struct TensorGradient {
  static_assert(std::is_same_v<Real, float>);
  static constexpr std::size_t each = S::in / parts;

 private:
  using Half = typename Precision::Half;
  static constexpr unsigned factors = Precision::products == 1 ? 1 : 2;  ///< parts of a number: high, low
  using Cut = OperandTiles<G, S::size / 2>;
  using SentCut = OperandTiles<G, 0>;
  using From = ChannelOctets<S::in, parts>;
  using To = ChannelOctets<S::out, 1>;
  static constexpr std::size_t ceil(std::size_t a, std::size_t b) { return (a + b - 1) / b; }

  static constexpr unsigned ins = From::count > 1 ? 2 : 1;  ///< octets of the input in a block
  static constexpr unsigned in_chunks = ceil(From::count, ins), out_chunks = ceil(To::count, 2);
  static constexpr unsigned tall = 4, wide = 16;  ///< sites of a warp
  static constexpr unsigned warps_across = Cut::width / wide, warps_down = Cut::height / tall;
  static constexpr unsigned shares = warps_across * warps_down, warps = ins * shares;
  static constexpr unsigned taps = S::taps, size = S::size;

 public:
  /// Number of runs of tiles: enough to fill a GPU, few enough that their sums are small beside the fields.
  static constexpr std::size_t tiles = Cut::count * steps;
  static constexpr std::size_t most_runs =
      std::max<std::size_t>(256 / (ceil(S::in, 16) * ceil(S::out, 16)), 32);
  static constexpr std::size_t run = ceil(tiles, most_runs), runs = ceil(tiles, run);
  static constexpr std::size_t scratch = runs * S::parameters;
  static constexpr std::size_t threads = 32 * warps, blocks = runs * out_chunks * in_chunks;

 private:
  using Load = OctetLoad<Cut, typename S::Boundary, ins, threads>;
  using SentLoad = OctetLoad<SentCut, typename S::Boundary, 2, threads>;

 public:
  /// What the threads of a block share.
  struct Shared {
    std::array<Octet, factors * ins * Cut::units> in;
    std::array<Octet, factors * 2 * SentCut::units> sent;
    std::array<float, warps> largest, largest_sent;
    std::array<float, 16 * 8 * ins * taps> sum;  ///< (out, in, tap)
    std::array<float, 16> bias;
  };
  struct Local {};
  /// What a warp has for itself: numbers on their way to shared memory, sums of the taps and of the bias.
  template <class Warp>
  struct WarpLocal {
    typename Warp::template Fragment<float, 8 * Load::rounds> held;
    typename Warp::template Fragment<float, 8 * SentLoad::rounds> sent;
    typename Warp::template Fragment<float, (taps + 1) * 4> sum;
    int exponent, sent_exponent;
  };

  std::array<model::Versions<Real>, parts> in;
  const Real* gradient;
  Real* partial;

  template <class Block>
  constexpr void operator()(Block& block) const {
    const std::size_t number = block.index / (out_chunks * in_chunks);
    const auto o0 = static_cast<unsigned>(block.index / in_chunks % out_chunks) * 2;  // octets
    const auto i0 = static_cast<unsigned>(block.index % in_chunks) * ins;
    const std::size_t end = smaller(tiles, (number + 1) * run);
    block.warps([&](auto warp, auto& local) {
      warp.each([](unsigned, auto& sum) { sum.fill(0); }, local.sum);
      load(warp, local, block.shared, number * run, o0, i0);
    });
    for (std::size_t tile = number * run; tile < end; ++tile) {
      block.warps([&](auto warp, auto& local) { store(warp, local, block.shared); });
      // The next tile's numbers are on their way while this one's are multiplied.
      block.warps([&](auto warp, auto& local) {
        if (tile + 1 < end) fetch(warp, local, tile + 1, o0, i0);
        add(warp, local, block.shared, Cut(static_cast<unsigned>(tile % Cut::count)), i0 == 0);
        if (tile + 1 < end) measure(warp, local, block.shared);
      });
    }
    for (unsigned share = 0; share < shares; ++share)
      block.warps([&](auto warp, auto& local) { join(warp, local, block.shared, share); });
    block.each([&](std::size_t thread, Local&) { give(block.shared, thread, number, o0, i0); });
  }

 private:
  template <class Warp, class L>
  constexpr void load(const Warp& warp, L& local, Shared& shared, std::size_t tile, unsigned o0,
                      unsigned i0) const {
    fetch(warp, local, tile, o0, i0);
    measure(warp, local, shared);
  }

  /// A tile's numbers into registers.
  template <class Warp, class L>
  constexpr void fetch(const Warp& warp, L& local, std::size_t tile, unsigned o0, unsigned i0) const {
    const std::size_t step = tile / Cut::count;
    const Cut cut(static_cast<unsigned>(tile % Cut::count));
    const SentCut sent_cut(static_cast<unsigned>(tile % Cut::count));
    std::array<const Real*, parts> from;
    NWM_UNROLL
    for (std::size_t k = 0; k < parts; ++k) from[k] = in[k][step];
    const std::array<const Real*, 1> sent_from{gradient + step * S::out * G::sites};
    warp.each(
        [&](unsigned lane, auto& held, auto& sent) {
          const unsigned thread = warp.index * Warp::lanes + lane;
          Load::load(
              thread, held, cut,
              [&](unsigned octet) { return From::template plane<G::sites>(from, i0 + octet); },
              [&](unsigned octet) { return From::size(i0 + octet); });
          SentLoad::load(
              thread, sent, sent_cut,
              [&](unsigned octet) { return To::template plane<G::sites>(sent_from, o0 + octet); },
              [&](unsigned octet) { return To::size(o0 + octet); });
        },
        local.held, local.sent);
  }

  /// The largest of them.
  template <class Warp, class L>
  static constexpr void measure(const Warp& warp, L& local, Shared& shared) {
    if constexpr (scales<Half>) {
      typename Warp::template Fragment<float, 2> most{};
      warp.each([](unsigned, const auto& held, const auto& sent,
                   auto& own) { own = {Load::largest(held), SentLoad::largest(sent)}; },
                local.held, local.sent, most);
      warp.largest(most);
      warp.each(
          [&](unsigned lane, const auto& own) {
            if (lane != 0) return;
            shared.largest[warp.index] = own[0];
            shared.largest_sent[warp.index] = own[1];
          },
          most);
    }
  }

  /// The tile into shared memory, scaled and rounded.
  template <class Warp, class L>
  static constexpr void store(const Warp& warp, L& local, Shared& shared) {
    const int exponent = scaling_exponent<Half>(shared.largest);
    local.sent_exponent = scaling_exponent<Half>(shared.largest_sent);
    local.exponent = exponent + local.sent_exponent;
    const float scale = power_of_two(exponent), sent_scale = power_of_two(local.sent_exponent);
    warp.each(
        [&](unsigned lane, const auto& held, const auto& sent) {
          const unsigned thread = warp.index * Warp::lanes + lane;
          Load::template store<Half, factors>(thread, held, scale, shared.in.data());
          SentLoad::template store<Half, factors>(thread, sent, sent_scale, shared.sent.data());
        },
        local.held, local.sent);
  }

  /// A warp's octet of the input, and its share of the sites.
  static constexpr unsigned octet_of(unsigned warp) { return warp % ins; }
  static constexpr unsigned share_of(unsigned warp) { return warp / ins; }

  /// Adds the tile's products to the sums. A row of the input meets the three rows of the gradient that see
  /// it.
  template <class Warp, class L>
  static constexpr void add(const Warp& warp, L& local, const Shared& shared, const Cut& cut, bool bias) {
    const unsigned y = share_of(warp.index) / warps_across * tall;
    const unsigned x = share_of(warp.index) % warps_across * wide, octet = octet_of(warp.index);
    if (!cut.inside(y, x)) return;
    std::array<typename Warp::template Fragment<float, 4>, taps + 1> sum{};
    std::array<typename Warp::template Fragment<HalfPair, 4>, size * factors> sent;  // row r at r % size
    typename Warp::template Fragment<HalfPair, 2> ones;
    const bool with_bias = S::bias && bias && octet == 0;
    if constexpr (S::bias)
      warp.each([](unsigned, auto& own) { own = {pair_of<Half>(1, 1), pair_of<Half>(1, 1)}; }, ones);
    NWM_UNROLL
    for (unsigned q = 0; q < tall + size - 1; ++q) {
      if (q < tall) {
        NWM_UNROLL
        for (unsigned f = 0; f < factors; ++f)
          warp.template load_matrices_transposed<4>(sent[q % size * factors + f], [&](unsigned lane) {
            const unsigned at = ((f * 2 + lane / 8 % 2) * SentCut::height + y + q) * SentCut::width;
            return shared.sent[at + x + lane / 16 * 8 + lane % 8].at.data();
          });
        if constexpr (S::bias)
          if (with_bias) {
            NWM_UNROLL
            for (unsigned f = 0; f < factors; ++f)
              warp.template multiply<Half>(sum[taps], sent[q % size * factors + f], ones);
          }
      }
      std::array<typename Warp::template Fragment<HalfPair, 2>, size * factors> seen;
      NWM_UNROLL
      for (unsigned dx = 0; dx < size; ++dx) NWM_UNROLL
      for (unsigned f = 0; f < factors; ++f)
        warp.template load_matrices_transposed<2>(seen[dx * factors + f], [&](unsigned lane) {
          const unsigned at = ((f * ins + octet) * Cut::padded_height + y + q) * Cut::padded_width;
          return shared.in[at + x + dx + lane % 16].at.data();
        });
      NWM_UNROLL
      for (unsigned product = 0; product < (factors == 2 ? 3 : 1); ++product) NWM_UNROLL
      for (unsigned dy = 0; dy < size; ++dy) {
        if (q < dy || q - dy >= tall) continue;
        NWM_UNROLL
        for (unsigned dx = 0; dx < size; ++dx)
          warp.template multiply<Half>(sum[dy * size + dx],
                                       sent[(q - dy) % size * factors + (product == 1 ? 1 : 0)],
                                       seen[dx * factors + (product == 2 ? 1 : 0)]);
      }
    }
    NWM_UNROLL
    for (unsigned k = 0; k < taps + 1; ++k) {
      const ScaledBack scaled_back(k < taps ? local.exponent : local.sent_exponent);
      warp.each(
          [&](unsigned, auto& to, const auto& own) {
            NWM_UNROLL
            for (unsigned i = 0; i < 4; ++i) to[k * 4 + i] += scaled_back(own[i]);
          },
          local.sum, sum[k]);
    }
  }

  /// The sums of the warps of one share of the sites into shared memory, added to those of the shares before.
  template <class Warp, class L>
  static constexpr void join(const Warp& warp, L& local, Shared& shared, unsigned share) {
    if (share_of(warp.index) != share) return;
    const auto put = [&](float& to, float value) { to = share == 0 ? value : to + value; };
    warp.each(
        [&](unsigned lane, const auto& sum) {
          NWM_UNROLL
          for (unsigned k = 0; k < taps * 4; ++k) {
            const unsigned o = MmaLayout::d_row(lane, k % 4);
            const unsigned i = octet_of(warp.index) * 8 + MmaLayout::d_column(lane, k % 4);
            put(shared.sum[(o * 8 * ins + i) * taps + k / 4], sum[k]);
          }
          if (!S::bias || octet_of(warp.index) != 0 || lane % 4 != 0) return;
          put(shared.bias[MmaLayout::d_row(lane, 0)], sum[taps * 4]);
          put(shared.bias[MmaLayout::d_row(lane, 2)], sum[taps * 4 + 2]);
        },
        local.sum);
  }

  constexpr void give(const Shared& shared, std::size_t thread, std::size_t number, unsigned o0,
                      unsigned i0) const {
    Real* const to = partial + number * S::parameters;
    for (auto k = static_cast<unsigned>(thread); k < 16 * 8 * ins * taps; k += threads) {
      const unsigned o = k / (8 * ins * taps), i = k / taps % (8 * ins), octet = i0 + i / 8;
      if (o0 * 8 + o < S::out && i % 8 < From::size(octet))
        to[((o0 * 8 + o) * S::in + From::first(octet) + i % 8) * S::taps + k % taps] = shared.sum[k];
    }
    if constexpr (S::bias)
      if (i0 == 0 && thread < 16 && o0 * 8 + thread < S::out)
        to[S::weights + o0 * 8 + thread] = shared.bias[thread];
  }
};

}  // namespace nwm::device

#include "nwm/pop_macros.inc"
