// The linear readout and the head's first layer as one product: no features are formed.
//
// With the series s_c of T numbers of channel c at a pixel, features A s_c and the head's first layer W
// (outputs, features·C), the sums of that layer are Σ_c W_c A s_c = M s. M (outputs, T·C) has the columns
// M[:, t·C + c] = (W_c A)[:, t], and s (T·C, pixels) is the series as it stands on the tape. Backwards, with
// the sums' gradient g: dM = g sᵀ, ds = Mᵀ g, and then dW_c = dM_c Aᵀ, dA = Σ_c W_cᵀ dM_c.
#pragma once

#include <cstddef>

#include "nwm/backend/backend.hpp"
#include "nwm/backend/pass.hpp"
#include "nwm/memory/tiles.hpp"
#include "nwm/readout/linear.hpp"

namespace nwm::readout {

/// What R says of folding, where its features are its learned matrix times the series and no more. Asked of
/// the very type: one that derives from it may form other features, and is not folded.
template <class R>
inline constexpr Fold fold_of = Fold::never;
/// Of the linear readout: as it was told.
template <std::size_t width, Fold fold>
inline constexpr Fold fold_of<LinearMap<width, fold>> = fold;

/// Whether a machine folds R into a first layer of `outputs` sums. It pays where the multiplications of a
/// forward pass over an image of `sites` pixels are at most two thirds of those of both products. For a
/// matrix half as high as T they then are no more than the readout's own: it pays also where few pixels go
/// through the head.
template <class R, std::size_t steps, std::size_t channels, std::size_t outputs, std::size_t sites>
inline constexpr bool folds = [] {
  if constexpr (fold_of<R> != Fold::where_it_pays) return fold_of<R> == Fold::always;
  else {
    constexpr std::size_t rows = R::template rows<steps>;
    constexpr std::size_t apart = sites * rows * channels * (steps + outputs);
    constexpr std::size_t folded = outputs * steps * channels * (sites + rows);  // with M itself
    return 3 * folded <= 2 * apart;
  }
}();

namespace detail {

/// to (b, a, n) from (a, b, n), set or added. A kernel of map_rows over (b·a, n).
template <class Real, bool add>
struct SwapRows {
  std::size_t a, b, n;
  const Real* from;
  Real* to;
  template <class Lane>
  constexpr void operator()(Lane lane) const {
    const std::size_t row = lane.index / n, source = row % a * b + row / a;
    const auto value = lane.load(from + source * n - row * n);
    if constexpr (add) lane.store(to, lane.load(to) + value);
    else lane.store(to, value);
  }
};

template <class B, bool add = false, class Real>
void swap_rows(std::size_t a, std::size_t b, std::size_t n, const Real* from, Real* to) {
  B::template map_rows<Real>(a * b, n, SwapRows<Real, add>{a, b, n, from, to});
}

}  // namespace detail

/// What Formed (formed.hpp) is, for a readout R that is a LinearMap and a head that begins with the `outputs`
/// sums of its first layer (layer::AfterFirst): they are what is gathered.
template <class R, class B, class Real, std::size_t steps, std::size_t length, std::size_t channels,
          std::size_t sites, std::size_t outputs>
class Folded {
  static constexpr std::size_t rows = R::template rows<steps>;
  // M is a linear map of the series of all channels.
  using Map = LinearMap<outputs>;
  static constexpr std::size_t all_steps = steps * channels, some_steps = length * channels;
  static constexpr std::size_t width = outputs * channels;  // columns of W and M with rows and steps in front
  static constexpr std::size_t map_size = outputs * all_steps, weight_size = rows * width;

 public:
  /// Numbers of a pixel that it gathers.
  static constexpr std::size_t planes = outputs;
  /// Bytes of the backend's memory it holds.
  static constexpr std::size_t bytes = (planes * sites + 3 * map_size + weight_size) * sizeof(Real);

  /// Before the first gather of a pass: sets M from matrix, A (features, T), and weight, W.
  void prepare(const Real* matrix, const Real* weight) {
    detail::swap_rows<B>(outputs, rows, channels, weight, weight_.data());
    for_tiles<width, column_limit<B>>([&](auto n, std::size_t c) {
      B::template multiply_transposed<rows, steps, n>(matrix, steps, weight_.data() + c, width,
                                                      turned_.data() + c, width);
    });
    detail::swap_rows<B>(steps, outputs, channels, turned_.data(), map_.data());
  }

  /// Adds steps t0 .. t0+length-1 of the series (length, channels, sites) to the sums; sets them when t0 = 0.
  void gather(const Real*, std::size_t t0, const Real* series) {
    Map::template gather<B, all_steps, some_steps, sites>(map_.data(), t0 * channels, series, sums_.data());
  }

  /// The sums (outputs, sites), then their gradient.
  Real* gathered() { return sums_.data(); }

  /// Sets x (outputs, n) to the sums of the n pixels from `start`, from planes of `plane` pixels.
  template <std::size_t n, std::size_t plane>
  static void form(const Real* from, std::size_t start, Real* x) {
    B::copy_rows(outputs, n, from + start, plane, x, n);
  }
  /// Replaces the sums of these pixels by their gradient.
  template <std::size_t n, std::size_t plane>
  static void form_adjoint(Real* from, std::size_t start, const Real* x_gradient) {
    B::copy_rows(outputs, n, x_gradient, n, from + start, plane);
  }

  /// Sets series_gradient (length, channels, sites), and adds to dM. From the last steps to the first.
  void gather_adjoint(const Real*, std::size_t t0, const Real* series, Real* series_gradient, Real*) {
    if (t0 + length == steps) B::fill(map_size, Real(0), map_gradient_.data());
    Map::template gather_adjoint<B, all_steps, some_steps, sites>(
        map_.data(), t0 * channels, series, sums_.data(), series_gradient, map_gradient_.data());
  }

  /// After the last gather_adjoint of a pass: adds to the gradients of matrix and weight.
  void finish(const Real* matrix, Real* matrix_gradient, Real* weight_gradient) {
    detail::swap_rows<B>(outputs, steps, channels, map_gradient_.data(), turned_.data());
    for_tiles<width, column_limit<B>>([&](auto n, std::size_t c) {
      B::template multiply_outer<rows, steps, n>(weight_.data() + c, width, turned_.data() + c, width,
                                                 matrix_gradient, steps);
    });
    // W is no longer needed: its gradient takes its place.
    for_tiles<width, column_limit<B>>([&](auto n, std::size_t c) {
      B::template multiply<rows, steps, n>(matrix, steps, turned_.data() + c, width, weight_.data() + c,
                                           width);
    });
    detail::swap_rows<B, true>(rows, outputs, channels, weight_.data(), weight_gradient);
  }

 private:
  using Memory = typename B::template Memory<Real>;
  Memory sums_{planes * sites};
  Memory map_{map_size}, map_gradient_{map_size};  // M and dM (outputs, steps, channels)
  Memory weight_{weight_size}, turned_{map_size};  // W and M or dM as (rows or steps, outputs, channels)
};

}  // namespace nwm::readout
