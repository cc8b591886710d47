// A loss on the scores of a whole pass, in a backend's words.
#pragma once

#include <cstddef>

#include "nwm/backend/kernels.hpp"
#include "nwm/loss/encoded_target.hpp"

namespace nwm::loss {

namespace detail {

/// to = from / count, from double.
template <class Real>
struct Mean {
  double count;
  const double* from;
  Real* to;
  template <class Lane>
  constexpr void operator()(Lane lane) const {
    for (std::size_t k = 0; k < kernel::count_of(lane); ++k)
      to[lane.index + k] = static_cast<Real>(from[lane.index + k] / count);
  }
};
/// to (outputs, n), the pixels from `start` of a pass = slope (outputs, images) of their image, over `sites`.
template <class Real>
struct SpreadSlope {
  std::size_t n, start, images, sites;
  const Real* slope;
  Real* to;
  template <class Lane>
  constexpr void operator()(Lane lane) const {
    for (std::size_t k = 0; k < kernel::count_of(lane); ++k) {
      const std::size_t at = lane.index + k, output = at / n, image = (start + at % n) / sites;
      to[at] = slope[output * images + image] / static_cast<Real>(sites);
    }
  }
};

}  // namespace detail

/// What a loss that pools needs beside the scores: sums and means (outputs, images).
template <class B, class Real, std::size_t outputs, std::size_t images>
struct PoolMemory {
  typename B::template Memory<double> sums{outputs * images};  ///< of the scores over pixels
  typename B::template Memory<Real> mean{outputs * images};    ///< of the scores, afterwards their slopes
};

/// For a loss that pools: from the scores (outputs, images, sites) sets *value to the summed loss and
/// memory.mean (outputs, images) to `scale` times its slope in the averaged scores.
template <class B, std::size_t outputs, std::size_t images, std::size_t sites, Loss L, class Real>
void apply_pooled(const L& loss, const Real* scores, const Real* target, double scale, double* value,
                  PoolMemory<B, Real, outputs, images>& memory) {
  B::template sum_rows<Real>(outputs * images, sites, kernel::Read<Real>{scores}, memory.sums.data());
  B::template map<Real>(outputs * images, detail::Mean<Real>{static_cast<double>(sites), memory.sums.data(),
                                                             memory.mean.data()});
  B::template sum_rows<Real>(
      1, images, loss.template kernel<outputs>(scale, target, images, memory.mean.data(), images), value);
}

/// Sets to (outputs, n), for the n pixels of a pass from `start`, to their part of the slope that
/// apply_pooled left.
template <class B, std::size_t outputs, std::size_t images, std::size_t sites, class Real>
void spread_slope(std::size_t n, std::size_t start, const PoolMemory<B, Real, outputs, images>& memory,
                  Real* to) {
  B::template map_rows<Real>(outputs, n,
                             detail::SpreadSlope<Real>{n, start, images, sites, memory.mean.data(), to});
}

/// Sets *value, memory of the backend, to the loss summed over the pixels of a pass, and replaces the scores
/// (outputs, images, sites) by `scale` times its slope. target: EncodedTarget.
template <class B, std::size_t outputs, std::size_t images, std::size_t sites, Loss L, class Real>
void apply(const L& loss, Real* scores, const Real* target, double scale, double* value,
           PoolMemory<B, Real, outputs, images>& memory) {
  constexpr std::size_t n = images * sites;
  if constexpr (L::pooled) {
    apply_pooled<B, outputs, images, sites>(loss, static_cast<const Real*>(scores), target, scale, value,
                                            memory);
    spread_slope<B, outputs, images, sites>(n, 0, memory, scores);
  } else {
    B::template sum_rows<Real>(1, n, loss.template kernel<outputs>(scale, target, n, scores, n), value);
  }
}

}  // namespace nwm::loss
