// The end of a model: the features of each pixel, head, scores and loss, tile by tile.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "nwm/backend/backend.hpp"
#include "nwm/backend/pass.hpp"
#include "nwm/error.hpp"
#include "nwm/layer/cross_entropy.hpp"
#include "nwm/layer/head.hpp"
#include "nwm/memory/buffer.hpp"
#include "nwm/memory/tiles.hpp"

namespace nwm::model {

/// `Mlp` over the pixels of a pass over `images` images of `sites` pixels each, in tiles that the backend's
/// memory likes best (pass.hpp). Nothing here waits for the backend but `loss` and what it says.
template <layer::HeadLayer Mlp, std::size_t images, std::size_t sites, class B, class Real>
class PixelHead {
 public:
  static constexpr std::size_t classes = Mlp::out, pass_sites = images * sites;

 private:
  static constexpr std::size_t limit = tile_limit<B>, tile = tile_size<pass_sites, limit>;
  static constexpr std::size_t tiles = (pass_sites + tile - 1) / tile;

 public:
  /// What one pass needs.
  class Space {
   public:
    /// Scores (classes, images, H, W) of the pass run last, in memory of the backend.
    const Real* scores() const { return all.data(); }
    static constexpr std::size_t bytes() {
      constexpr std::size_t rows = 2 * Mlp::in + Mlp::hidden + 2 * Mlp::widest + classes;
      return (rows * tile + (1 + classes) * pass_sites) * sizeof(Real) + tiles * sizeof(double);
    }

   private:
    friend PixelHead;
    using Memory = typename B::template Memory<Real>;
    Memory target{pass_sites}, x{Mlp::in * tile}, x_gradient{Mlp::in * tile}, hidden{Mlp::hidden * tile};
    Memory work{2 * Mlp::widest * tile}, some{classes * tile}, all{classes * pass_sites};
    typename B::template Memory<double> losses{tiles};
    std::vector<double> read = std::vector<double>(tiles);
  };

  /// Sets out (images, H, W) to class numbers as Reals, −1 beyond the end of `target`, whose images weigh
  /// nothing then. Throws Error when the target is not of one to `images` images or has a class there is not.
  static void encode_target(std::span<const std::uint8_t> target, std::span<Real> out) {
    if (target.empty() || target.size() > pass_sites || target.size() % sites != 0)
      throw Error("add_gradient", "size of target",
                  std::to_string(sites) +
                      (images > 1 ? " for each of up to " + std::to_string(images) + " images" : ""),
                  std::to_string(target.size()));
    for (std::size_t p = 0; p < target.size(); ++p) {
      const std::size_t wanted = target[p];
      if (wanted >= classes)
        throw Error("add_gradient", "class of pixel " + std::to_string(p), "below " + std::to_string(classes),
                    std::to_string(wanted));
      out[p] = static_cast<Real>(wanted);
    }
    std::fill(out.begin() + static_cast<std::ptrdiff_t>(target.size()), out.end(), Real(-1));
  }

  /// Takes the encoded_target target from the host's memory, which must stay until B::wait.
  static void set_target(std::span<const Real> encoded_target, Space& s) {
    B::upload(pass_sites, encoded_target.data(), s.target.data());
  }

  /// Sets s.scores(). form(n, start, x) sets x (Mlp::in, n), the features of the n pixels from `start`, n a
  /// std::integral_constant.
  template <class Form>
  static void score(const Real* parameters, Space& s, const Form& form) {
    for_tiles<pass_sites, limit>([&](auto n, std::size_t start) {
      form(n, start, s.x.data());
      Mlp::template forward<B, n>(parameters, s.x.data(), s.hidden.data(), s.some.data());
      B::copy_rows(classes, n, static_cast<const Real*>(s.some.data()), n, s.all.data() + start, pass_sites);
    });
  }

  /// For the target taken: adds `scale` times the gradient of the summed cross-entropy to parameter_gradient,
  /// and calls pass_on(n, start, x_gradient) with that of the features of each tile.
  template <class Form, class PassOn>
  static void add_gradient(const Real* parameters, Space& s, Real scale, Real* parameter_gradient,
                           const Form& form, const PassOn& pass_on) {
    for_tiles<pass_sites, limit>([&](auto n, std::size_t start) {
      form(n, start, s.x.data());
      Mlp::template forward<B, n>(parameters, s.x.data(), s.hidden.data(), s.some.data());
      layer::cross_entropy<B, classes, n, (images > 1)>(s.some.data(), s.target.data() + start, scale,
                                                        s.losses.data() + start / tile);
      Mlp::template backward<B, n>(parameters, s.x.data(), s.hidden.data(), s.some.data(),
                                   s.x_gradient.data(), parameter_gradient, s.work.data());
      pass_on(n, start, static_cast<const Real*>(s.x_gradient.data()));
    });
  }

  /// The cross-entropy of the last add_gradient, summed over the pixels. Waits for it.
  static double loss(Space& s) {
    B::download(tiles, static_cast<const double*>(s.losses.data()), s.read.data());
    double sum = 0;
    for (const double part : s.read) sum += part;
    return sum;
  }
};

}  // namespace nwm::model
