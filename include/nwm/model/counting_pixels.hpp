// The pixels of a pass that count for a loss, and what stands at them: so that a head need not go over the
// others.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "nwm/memory/buffer.hpp"

namespace nwm::model {

/// Takes planes (planes, sites) apart into tiles of the pixels that count, and puts tiles back.
template <class Real, std::size_t planes, std::size_t sites, std::size_t tile>
class CountingPixels {
 public:
  /// Bytes one holds where it is `used`.
  static constexpr std::size_t bytes = sites * sizeof(std::size_t) + planes * tile * sizeof(Real);

  /// Allocates, so that no pass has to; nothing unless it is `used`.
  explicit CountingPixels(bool used) : order_(used ? sites : 0), picked_(used ? planes * tile : 0) {}

  /// Notes the pixels at which `classes` (sites) is not below 0.
  void find(const Real* classes) {
    counting_ = 0;
    std::size_t others = sites;
    for (std::size_t p = 0; p < sites; ++p) order_[classes[p] < Real(0) ? --others : counting_++] = p;
  }
  /// The pixels that count, in order.
  std::span<const std::size_t> pixels() const { return {order_.data(), counting_}; }
  /// The tile taken last: (planes, tile).
  Real* picked() { return picked_.data(); }

  /// Sets the columns of `picked` to what stands at `pixels`, up to `tile` of them; columns behind them
  /// repeat the first.
  void take(const Real* from, std::span<const std::size_t> pixels) {
    for (std::size_t q = 0; q < planes; ++q) {
      Real* const to = picked_.data() + q * tile;
      for (std::size_t i = 0; i < pixels.size(); ++i) to[i] = from[q * sites + pixels[i]];
      for (std::size_t i = pixels.size(); i < tile; ++i) to[i] = to[0];
    }
  }
  /// Sets what stands at `pixels` to the columns of `picked`.
  void give(Real* to, std::span<const std::size_t> pixels) const {
    for (std::size_t q = 0; q < planes; ++q)
      for (std::size_t i = 0; i < pixels.size(); ++i) to[q * sites + pixels[i]] = picked_[q * tile + i];
  }
  /// Sets what stands at the pixels that do not count to 0.
  void clear_others(Real* all) const {
    for (std::size_t q = 0; q < planes; ++q)
      for (std::size_t i = counting_; i < sites; ++i) all[q * sites + order_[i]] = Real(0);
  }

 private:
  std::vector<std::size_t> order_;  // the pixels that count, in order, then the others
  std::size_t counting_ = 0;
  Buffer<Real> picked_;
};

}  // namespace nwm::model
