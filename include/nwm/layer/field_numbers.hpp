// The numbers that a model holds for a field of its cell: a trained time step, a frequency for each channel,
// a bias for each site.
#pragma once

#include <cstddef>

#include "nwm/backend/kernels.hpp"
#include "nwm/cell/cell.hpp"
#include "nwm/cell/math.hpp"
#include "nwm/grid/abreast.hpp"
#include "nwm/memory/layout.hpp"

namespace nwm::kernel {

/// f(x), and f'(x).
template <cell::Transform f, class V>
constexpr V transformed(const V& x) {
  if constexpr (f == cell::Transform::relu) return math::relu(x);
  if constexpr (f == cell::Transform::logistic) return math::sigmoid(x);
  return x;
}
/// The derivative of a transform at x.
template <cell::Transform f, class V>
constexpr V transform_slope(const V& x) {
  using math::if_positive;
  if constexpr (f == cell::Transform::relu) return if_positive(x, V(1), V(0));
  if constexpr (f == cell::Transform::logistic) return math::sigmoid(x) * (V(1) - math::sigmoid(x));
  return V(1);
}

/// to = f(from).
template <cell::Transform f, class Real>
struct ApplyTransform {
  const Real* from;
  Real* to;
  template <class Lane>
  constexpr void operator()(Lane lane) const {
    lane.store(to, transformed<f>(lane.load(from)));
  }
};

/// to += f'(x) · gradient.
template <cell::Transform f, class Real>
struct AddTransformAdjoint {
  const Real *x, *gradient;  ///< the numbers before the transform, and the gradient behind it
  Real* to;
  template <class Lane>
  constexpr void operator()(Lane lane) const {
    lane.store(to, lane.load(to) + transform_slope<f>(lane.load(x)) * lane.load(gradient));
  }
};

}  // namespace nwm::kernel

namespace nwm::layer {

/// The numbers of entry `entry` of Cell::fields over G, one, one a channel or one a channel and site
/// (cell::Spread), under the entry's transform. They are the same for all images of a pass.
template <class Cell, std::size_t entry, class G, std::size_t channels>
struct FieldNumbers {
  /// What the numbers are given for.
  static constexpr cell::Spread spread = Cell::fields[entry].spread;
  /// What is made of them before the cell sees them.
  static constexpr cell::Transform transform = Cell::fields[entry].transform;
  /// The enumerator of the field.
  static constexpr std::size_t field = Cell::fields[entry].index;
  /// Sites of an image, and images of a pass.
  static constexpr std::size_t sites = G::height * G::width, images = G::sites / sites;
  /// How many numbers there are.
  static constexpr std::size_t parameters = spread == cell::Spread::none         ? 0
                                            : spread == cell::Spread::everywhere ? 1
                                            : spread == cell::Spread::channel    ? channels
                                                                                 : channels * sites;
  /// Whether there are any; whether the optimiser may change them.
  static constexpr bool used = parameters > 0, trained = Cell::fields[entry].trained;
  static_assert(AbreastGrid<G> || images == 1 || spread != cell::Spread::site,
                "numbers a site need images side by side at a site, or one image a pass");

  /// Numbers of scratch memory.
  static constexpr std::size_t scratch = parameters;

  /// Appends "<prefix><name>": (1), (C) or (1, C, H, W).
  template <class L>
  static constexpr void describe(L& layout, const Name& prefix) {
    constexpr const cell::FieldInfo& info = Cell::fields[entry];
    const Name name = prefix + info.name;
    if constexpr (spread == cell::Spread::everywhere)
      layout.add(name, {1}, 1, Initial::range, trained, info.range);
    if constexpr (spread == cell::Spread::channel)
      layout.add(name, {channels}, 1, Initial::range, trained, info.range);
    if constexpr (spread == cell::Spread::site)
      layout.add(name, {1, channels, G::height, G::width}, 1, Initial::range, trained, info.range);
  }

  /// Sets the field (C, sites of all images).
  template <class B, class Real>
  static void set(const Real* parameters_, Real* to, Real* scratch_) {
    constexpr std::size_t n = channels * G::sites / parameters;
    const Real* values = parameters_;
    if constexpr (transform != cell::Transform::none) {
      B::template map<Real>(parameters, kernel::ApplyTransform<transform, Real>{parameters_, scratch_});
      values = scratch_;
    }
    B::fill(channels * G::sites, Real(0), to);
    B::template add_bias<Activation::none>(parameters, n, to, n, values);
  }

  /// Adds to parameter_gradient, given the gradient of the field.
  template <class B, class Real>
  static void add_gradient(const Real* parameters_, const Real* gradient, Real* parameter_gradient,
                           Real* scratch_) {
    if constexpr (trained) {
      constexpr std::size_t n = channels * G::sites / parameters;
      B::fill(parameters, Real(0), scratch_);
      B::add_row_sums(parameters, n, gradient, n, scratch_);
      B::template map<Real>(parameters, kernel::AddTransformAdjoint<transform, Real>{parameters_, scratch_,
                                                                                     parameter_gradient});
    }
  }
};

}  // namespace nwm::layer
