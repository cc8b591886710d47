// The targets of a pass as a backend takes them: numbers of the model's type, plane by plane.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string>

#include "nwm/error.hpp"
#include "nwm/loss/loss.hpp"

namespace nwm::loss {

/// Targets of loss L for `images` images of `sites` pixels with `outputs` scores each: planes (images,
/// sites), or (images) where L pools, one behind the other; with `abreast` planes (sites, images).
template <Loss L, std::size_t outputs, std::size_t images, std::size_t sites, bool abreast = false>
struct EncodedTarget {
  static_assert(!(abreast && L::pooled && sites > 1), "a loss that pools needs one position a sequence");
  static constexpr std::size_t each = L::pooled ? 1 : sites;  ///< numbers of an image in a plane
  static constexpr std::size_t stride = images * each;        ///< from plane to plane
  static constexpr std::size_t size = L::template planes<outputs> * stride;  ///< numbers in all
  static constexpr std::size_t values = L::target_size(outputs, sites);      ///< of an image in a data set

  /// Sets `to` (size) to targets that count nothing.
  template <class Real>
  static void clear(std::span<Real> to) {
    std::fill_n(to.data(), size, Real(0));
    std::fill_n(to.data(), stride, Real(-1));
  }
  /// Sets the numbers of image i. Throws Error as L::encode.
  template <class Real>
  static void set(const L& loss, std::size_t i, std::span<const typename L::Target> target,
                  std::span<Real> to) {
    if constexpr (abreast && sites > 1) {
      std::array<Real, L::template planes<outputs> * each> one;
      loss.template encode<outputs>(target, one.data(), each);
      for (std::size_t p = 0; p < one.size(); ++p) to[p * images + i] = one[p];
    } else {
      loss.template encode<outputs>(target, to.data() + i * each, stride);
    }
  }
  /// Sets `to` to the targets of one to `images` images, one behind the other; images that are left out count
  /// nothing. Throws Error where the length is no such, or as L::encode.
  template <class Real>
  static void set_all(const L& loss, std::span<const typename L::Target> target, std::span<Real> to) {
    if (target.empty() || target.size() > images * values || target.size() % values != 0)
      throw Error("add_gradient", "size of target",
                  std::to_string(values) +
                      (images > 1 ? " for each of up to " + std::to_string(images) + " images" : ""),
                  std::to_string(target.size()));
    clear(to);
    for (std::size_t i = 0; i < target.size() / values; ++i)
      set(loss, i, target.subspan(i * values, values), to);
  }
};

/// Whether the images of a pass of model M stand side by side at every number.
template <class M>
inline constexpr bool abreast_of = [] {
  if constexpr (requires { M::abreast; }) return bool{M::abreast};
  else return false;
}();

/// The targets of loss L for a pass of model M.
template <class L, class M>
using TargetOf = EncodedTarget<L, M::outputs, M::images, M::sites, abreast_of<M>>;

}  // namespace nwm::loss
