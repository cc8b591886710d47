// Metrics measured where the scores are: a loss says what the pixels of an image add up to, a backend adds it
// up, and only the sums come to the host. What such a loss L has besides `measure` (loss.hpp):
//
//   Measured             L itself: that the members below are parts of its own `measure`. A loss derived from
//                        another with a `measure` of its own is measured on the host, unless it states all
//                        four anew
//   Sums<outputs>        what a pixel adds to: an aggregate of doubles, 0 at first
//   add_to(sums, scores, stride, target, p, sites)   adds pixel p of an image of `sites` pixels. Its score k
//                        stands at scores + k·stride; `target` is the image's, as in the data set. constexpr;
//                        it calls the functions of nwm::math and takes no constant's address
//   metrics<outputs>(sums, target, sites)            Metrics of the image, on the host
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "nwm/loss/loss.hpp"
#include "nwm/memory/bit_cast.hpp"

namespace nwm::loss {

namespace detail {

// Whether L::measure is that of M: not one that hides it. (Compared as values: nvcc 13.0 takes no pointer to
// a member template for a template argument.)
template <class L, class M, class Real>
concept MeasuresAs = requires { requires(&L::template measure<Real> == &M::template measure<Real>); };

}  // namespace detail

/// A loss that says in parts what it measures of scores of type Real, `outputs` of them a pixel.
template <class L, std::size_t outputs, class Real>
concept MeasuredInParts =
    Loss<L> &&
    requires {
      typename L::Measured;
      typename L::template Sums<outputs>;
    } && detail::MeasuresAs<L, typename L::Measured, Real> &&
    std::is_trivially_copyable_v<typename L::template Sums<outputs>> &&
    sizeof(typename L::template Sums<outputs>) % sizeof(double) == 0 &&
    requires(const L& loss, typename L::template Sums<outputs>& sums, const Real* scores,
             const typename L::Target* target, std::span<const typename L::Target> all, std::size_t n) {
      loss.template add_to<outputs>(sums, scores, n, target, n, n);
      { loss.template metrics<outputs>(sums, all, n) } -> std::same_as<typename L::Metrics>;
    };

/// Adds up what the images of a pass are measured by: a block an image, always in the same order. A body
/// (backend/device/block.hpp).
template <class L, std::size_t outputs, std::size_t images, std::size_t sites, bool abreast, class Real>
requires MeasuredInParts<L, outputs, Real>
struct MeasureImages {
  using Sums = typename L::template Sums<outputs>;
  using Target = typename L::Target;
  static constexpr std::size_t sums = sizeof(Sums) / sizeof(double);
  /// Of an image: its sums, and last what is 0 if all of its scores are finite, and else NaN.
  static constexpr std::size_t numbers = sums + 1;
  static constexpr std::size_t values = L::target_size(outputs, sites);  ///< of a target
  static constexpr std::size_t threads = [] {
    std::size_t most = 256;
    while (most > 1 && most * numbers * sizeof(double) > 40 * 1024) most /= 2;
    return most;
  }();
  /// What the threads of a block share.
  struct Shared {
    std::array<std::array<double, numbers>, threads> held;
  };
  struct Local {};

  std::size_t blocks;    ///< images that count, at most `images`
  L loss;                ///< with its options
  const Real* scores;    ///< (outputs, images, sites), abreast (outputs, sites, images)
  const Target* target;  ///< (images, values)
  double* to;            ///< set: (blocks, numbers)
  const Real* beside;    ///< a number of the pass that the host shall see, or null
  double* beside_to;     ///< set to it

  template <class Block>
  constexpr void operator()(Block& block) const {
    const std::size_t image = block.index;
    block.each([&](std::size_t thread, Local&) {
      Sums all{};
      Real apart(0);  // x − x is 0 for a number and NaN for what is none
      for (std::size_t p = thread; p < sites; p += threads) {
        const Real* const at = scores + (abreast ? p * images + image : image * sites + p);
        for (std::size_t k = 0; k < outputs; ++k) apart += at[k * stride] - at[k * stride];
        loss.template add_to<outputs>(all, at, stride, target + image * values, p, sites);
      }
      const auto parts = nwm::bit_cast<std::array<double, sums>>(all);
      for (std::size_t k = 0; k < sums; ++k) block.shared.held[thread][k] = parts[k];
      block.shared.held[thread][sums] = static_cast<double>(apart);
    });
    for (std::size_t half = threads / 2; half > 0; half /= 2)
      block.each([&](std::size_t thread, Local&) {
        if (thread < half)
          for (std::size_t k = 0; k < numbers; ++k)
            block.shared.held[thread][k] += block.shared.held[thread + half][k];
      });
    block.each([&](std::size_t thread, Local&) {
      for (std::size_t k = thread; k < numbers; k += threads)
        to[image * numbers + k] = block.shared.held[0][k];
      if (thread == 0 && image == 0 && beside) *beside_to = static_cast<double>(*beside);
    });
  }

  /// The sums of an image from its numbers.
  static Sums sums_of(const double* from) {
    std::array<double, sums> parts{};
    for (std::size_t k = 0; k < sums; ++k) parts[k] = from[k];
    return nwm::bit_cast<Sums>(parts);
  }

 private:
  static constexpr std::size_t stride = images * sites;
};

}  // namespace nwm::loss
