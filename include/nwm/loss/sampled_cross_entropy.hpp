// Cross-entropy over the shapes of an image and a sample of its ground: for heads that cost more than all
// before them.
#pragma once

#include "nwm/push_macros.inc"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "nwm/loss/cross_entropy.hpp"
#include "nwm/random.hpp"

namespace nwm::loss {

/// An estimate of CrossEntropy that counts every pixel of the shapes and, of the pixels of class `ground`, a
/// random `share`, each of which weighs 1/share: Σ w · −log softmax(scores)[class] / Σ w. Its expected
/// gradient is that of CrossEntropy but for the sample's own weight in the mean. The pixels are drawn from
/// `seed` and the mask, so that an image has the same ones in every epoch. A machine of waves on a processor
/// computes its head at the pixels that count alone; other models and backends compute it everywhere, and the
/// others weigh 0. Metrics are those of CrossEntropy, over all pixels.
struct SampledCrossEntropy {
  double share = 0.125;     ///< of the pixels of the ground, above 0, at most 1
  std::uint8_t ground = 0;  ///< the class that fills most of an image
  std::uint32_t seed = 0;   ///< of the draw

  static constexpr std::string_view name = "sampled_cross_entropy";
  using Target = std::uint8_t;
  using Metrics = nwm::SegmentationMetrics;
  static constexpr bool pooled = false;
  static constexpr bool sparse = true;  ///< most pixels of the ground count nothing
  static constexpr std::size_t target_size(std::size_t, std::size_t sites) { return sites; }
  template <std::size_t>
  static constexpr std::size_t planes = 2;  // the class, and what it weighs
  template <std::size_t outputs>
  static constexpr bool accepts = CrossEntropy::accepts<outputs>;

  template <class F>
  void options(const F& f) const {
    f("share", share);
    f("ground", static_cast<double>(ground));
    f("seed", static_cast<double>(seed));
  }
  /// Throws Error unless the share is above 0 and at most 1.
  void check_options() const {
    require_option("SampledCrossEntropy", "share", share, share > 0 && share <= 1,
                   "a number above 0 and at most 1");
  }
  void check(const data::Dataset& set, std::size_t outputs) const {
    check_options();
    detail::require_masks(set, outputs, -1);
  }
  static std::span<const Target> target(const data::Dataset& set, std::size_t i) { return set.mask(i); }
  double weight(std::span<const Target> target) const {
    double sum = 0;
    for_counting(target, [&sum](std::size_t, double w) { sum += w; });
    return sum;
  }
  template <std::size_t outputs, class Real>
  void encode(std::span<const Target> target, Real* to, std::size_t stride) const {
    for (std::size_t p = 0; p < target.size(); ++p) {
      detail::require_class(target[p], p, outputs);
      to[p] = Real(-1), to[stride + p] = Real(0);
    }
    for_counting(target, [&](std::size_t p, double w) {
      to[p] = static_cast<Real>(target[p]);
      to[stride + p] = static_cast<Real>(w);
    });
  }
  template <std::size_t outputs, class Real>
  auto kernel(double factor, const Real* target, std::size_t target_stride, Real* scores,
              std::size_t score_stride) const {
    return CrossEntropyKernel<outputs, true, Real>{factor, target_stride, score_stride, target, scores};
  }
  template <class Real>
  Metrics measure(std::span<const Real> scores, std::span<const Target> target, std::size_t outputs) const {
    return CrossEntropy{}.measure(scores, target, outputs);
  }

  // The same where the scores are (loss/measured.hpp).
  using Measured = SampledCrossEntropy;
  template <std::size_t outputs>
  using Sums = CrossEntropy::Sums<outputs>;
  template <std::size_t outputs, class Real>
  constexpr void add_to(Sums<outputs>& sums, const Real* scores, std::size_t stride, const Target* target,
                        std::size_t p, std::size_t sites) const {
    CrossEntropy{}.add_to<outputs>(sums, scores, stride, target, p, sites);
  }
  template <std::size_t outputs>
  static Metrics metrics(const Sums<outputs>& sums, std::span<const Target> target, std::size_t sites) {
    return CrossEntropy::metrics<outputs>(sums, target, sites);
  }

 private:
  /// Calls f(pixel, weight) for the pixels that count.
  template <class F>
  void for_counting(std::span<const Target> target, const F& f) const {
    std::uint64_t content = 0xCBF29CE484222325ull;  // FNV-1a, of Fowler, Noll and Vo
    for (const Target c : target) content = (content ^ c) * 0x100000001B3ull;
    Random draw(seed, content);
    for (std::size_t p = 0; p < target.size(); ++p) {
      const bool drawn = draw.uniform() < share;
      if (target[p] != ground) f(p, 1.0);
      else if (drawn) f(p, 1 / share);
    }
  }
};

}  // namespace nwm::loss

#include "nwm/pop_macros.inc"
