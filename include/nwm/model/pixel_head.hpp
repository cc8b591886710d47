// The end of a model: the features of each pixel, head, scores and loss, tile by tile.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "nwm/backend/backend.hpp"
#include "nwm/backend/pass.hpp"
#include "nwm/layer/head.hpp"
#include "nwm/loss/apply.hpp"
#include "nwm/memory/tiles.hpp"

namespace nwm::model {

/// `Mlp` over the pixels of a pass over `images` images of `sites` pixels each, in tiles that the backend's
/// memory likes best (backend/pass.hpp). It goes over `count` of them at a time. Nothing here waits for the
/// backend but `loss`.
template <layer::HeadLayer Mlp, std::size_t images, std::size_t sites, class B, class Real,
          std::size_t count = images * sites>
class PixelHead {
 public:
  /// Scores of a pixel, pixels of a pass.
  static constexpr std::size_t outputs = Mlp::out, pass_sites = images * sites;
  static_assert(pass_sites % count == 0);

 private:
  static constexpr bool fused = fused_head<B, Mlp, Real>;
  static constexpr std::size_t limit = head_limit<B, Mlp, Real>;

 public:
  static constexpr std::size_t tile = tile_size<count, limit>;  ///< pixels of a tile, at most

 private:
  static constexpr std::size_t tiles_at_a_time = (count + tile - 1) / tile;
  static constexpr std::size_t tiles = pass_sites / count * tiles_at_a_time;
  /// Numbers of the hidden layers and of the work of going back, or of the backend's own way; the two are
  /// never needed together.
  static constexpr std::size_t room = [] {
    std::size_t numbers = (Mlp::hidden + 2 * Mlp::widest) * tile;
    if constexpr (fused) numbers = std::max(numbers, B::template head_room<Mlp>(tile));
    return numbers;
  }();

 public:
  /// What one pass needs.
  class Space {
   public:
    /// target_numbers: EncodedTarget::size of the loss.
    explicit Space(std::size_t target_numbers) : target(target_numbers) {}
    /// Scores (outputs, images, H, W) of the pass run last, in memory of the backend.
    const Real* scores() const { return all.data(); }
    /// The encoded target, likewise.
    const Real* encoded_target() const { return target.data(); }
    /// Bytes of a Space.
    static constexpr std::size_t bytes(std::size_t target_numbers) {
      constexpr std::size_t rows = 2 * Mlp::in + outputs;
      constexpr std::size_t pooled_bytes = outputs * images * (sizeof(double) + sizeof(Real));
      return (rows * tile + room + outputs * pass_sites + target_numbers) * sizeof(Real) +
             tiles * sizeof(double) + pooled_bytes;
    }

   private:
    friend PixelHead;
    using Memory = typename B::template Memory<Real>;
    /// Where the layers' work of going back stands, behind the hidden layers.
    Real* work() { return hidden.data() + Mlp::hidden * tile; }
    Memory target, x{Mlp::in * tile}, x_gradient{Mlp::in * tile}, hidden{room};
    Memory some{outputs * tile}, all{outputs * pass_sites};
    loss::PoolMemory<B, Real, outputs, images> pooled;
    typename B::template Memory<double> losses{tiles};
    std::vector<double> read = std::vector<double>(tiles);
  };

  /// Takes an encoded target from the host's memory, which must stay until B::wait.
  static void set_target(std::span<const Real> encoded, Space& s) {
    B::upload(encoded.size(), encoded.data(), s.target.data());
  }

  /// Sets s.scores() of the `count` pixels from `first`. form(n, start, x) sets x (Mlp::in, n), the features
  /// of the n pixels from first + start, n a std::integral_constant.
  template <class Form>
  static void score(const Real* parameters, Space& s, const Form& form, std::size_t first = 0) {
    if constexpr (fused)
      if (B::template head_fits<Mlp>()) {
        B::template prepare_head<Mlp>(parameters, s.hidden.data());
        for_tiles<count, limit>([&](auto n, std::size_t start) {
          form(n, start, s.x.data());
          B::template head_scores<Mlp>(n, parameters, static_cast<const Real*>(s.x.data()),
                                       s.all.data() + first + start, pass_sites, s.hidden.data());
        });
        return;
      }
    for_tiles<count, limit>([&](auto n, std::size_t start) {
      form(n, start, s.x.data());
      Mlp::template forward<B, n>(parameters, s.x.data(), s.hidden.data(), s.some.data());
      B::copy_rows(outputs, n, static_cast<const Real*>(s.some.data()), n, s.all.data() + first + start,
                   pass_sites);
    });
  }

  /// For the target set: adds `scale` times the gradient of the summed loss to parameter_gradient, and calls
  /// pass_on(n, start, x_gradient) with that of the features of each tile. A loss that pools needs all scores
  /// first: the head then runs twice.
  template <class L, class Form, class PassOn>
  static void add_gradient(const L& loss, const Real* parameters, Space& s, Real scale,
                           Real* parameter_gradient, const Form& form, const PassOn& pass_on,
                           std::size_t first = 0) {
    if constexpr (fused && !L::pooled)
      if (B::template head_fits<Mlp>()) {
        B::template prepare_head<Mlp>(parameters, s.hidden.data());
        for_tiles<count, limit>([&](auto n, std::size_t start) {
          form(n, start, s.x.data());
          B::template head_gradient<Mlp>(n, parameters, static_cast<const Real*>(s.x.data()),
                                         kernel_of(loss, scale, s, first + start, n), s.some.data(),
                                         loss_of(s, first, start), s.x_gradient.data(), parameter_gradient,
                                         s.hidden.data());
          pass_on(n, start, static_cast<const Real*>(s.x_gradient.data()));
        });
        return;
      }
    if constexpr (L::pooled) {
      static_assert(count == pass_sites, "a loss that pools sees all scores at once");
      score(parameters, s, form);
      B::fill(tiles, 0.0, s.losses.data());
      loss::apply_pooled<B, outputs, images, sites>(loss, s.scores(),
                                                    static_cast<const Real*>(s.target.data()),
                                                    static_cast<double>(scale), s.losses.data(), s.pooled);
    }
    for_tiles<count, limit>([&](auto n, std::size_t start) {
      form(n, start, s.x.data());
      Mlp::template forward<B, n>(parameters, s.x.data(), s.hidden.data(), s.some.data());
      if constexpr (L::pooled)
        loss::spread_slope<B, outputs, images, sites>(n, start, s.pooled, s.some.data());
      else
        B::template sum_rows<Real>(1, n, kernel_of(loss, scale, s, first + start, n),
                                   loss_of(s, first, start));
      Mlp::template backward<B, n>(parameters, s.x.data(), s.hidden.data(), s.some.data(),
                                   s.x_gradient.data(), parameter_gradient, s.work());
      pass_on(n, start, static_cast<const Real*>(s.x_gradient.data()));
    });
  }

  /// The same at the pixels `counting` alone, for a backend whose arrays the host reads and a loss that does
  /// not pool. take(pixels, x) sets x (Mlp::in, tile), the features of up to `tile` pixels and any numbers
  /// behind them; give(pixels, x_gradient) gets their gradient.
  template <class L, class Take, class Give>
  static void add_gradient_at(std::span<const std::size_t> counting, const L& loss, const Real* parameters,
                              Space& s, Real scale, Real* parameter_gradient, const Take& take,
                              const Give& give) {
    static_assert(HostBackend<B> && !L::pooled && count == pass_sites);
    constexpr std::size_t planes = L::template planes<outputs>;
    std::array<Real, planes * tile> target{};
    B::fill(tiles, 0.0, s.losses.data());
    for (std::size_t start = 0; start < counting.size(); start += tile) {
      const auto pixels = counting.subspan(start, std::min(tile, counting.size() - start));
      for (std::size_t k = 0; k < planes; ++k)
        for (std::size_t i = 0; i < pixels.size(); ++i)
          target[k * tile + i] = s.target.data()[k * pass_sites + pixels[i]];
      for (std::size_t i = pixels.size(); i < tile; ++i) target[i] = Real(-1);  // counts nothing
      take(pixels, s.x.data());
      Mlp::template forward<B, tile>(parameters, s.x.data(), s.hidden.data(), s.some.data());
      B::template sum_rows<Real>(
          1, tile,
          loss.template kernel<outputs>(static_cast<double>(scale), static_cast<const Real*>(target.data()),
                                        tile, s.some.data(), tile),
          s.losses.data() + start / tile);
      Mlp::template backward<B, tile>(parameters, s.x.data(), s.hidden.data(), s.some.data(),
                                      s.x_gradient.data(), parameter_gradient, s.work());
      give(pixels, static_cast<const Real*>(s.x_gradient.data()));
    }
  }

  /// The loss of the last add_gradient, summed over what counts. Waits for it.
  static double loss(Space& s) {
    B::download(tiles, static_cast<const double*>(s.losses.data()), s.read.data());
    double sum = 0;
    for (const double part : s.read) sum += part;
    return sum;
  }

 private:
  /// The kernel of a loss on the scores of the n pixels from `at`.
  template <class L>
  static auto kernel_of(const L& loss, Real scale, Space& s, std::size_t at, std::size_t n) {
    return loss.template kernel<outputs>(static_cast<double>(scale),
                                         static_cast<const Real*>(s.target.data()) + at, pass_sites,
                                         s.some.data(), n);
  }
  /// Where the loss of a tile goes.
  static double* loss_of(Space& s, std::size_t first, std::size_t start) {
    return s.losses.data() + first / count * tiles_at_a_time + start / tile;
  }
};

}  // namespace nwm::model

#include "nwm/pop_macros.inc"
