// The flat parameters of a model: storage, initial values, access.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "nwm/memory/buffer.hpp"
#include "nwm/memory/layout.hpp"
#include "nwm/random.hpp"

namespace nwm::model {

/// `count` parameters laid out as `layout` says, with their initial values drawn in order from one seed. They
/// stand in memory that the host and the backend B both reach.
template <class B, class Real, std::size_t count>
class ParameterVector {
 public:
  /// All with their initial values. `layout` has `count` numbers.
  template <std::size_t n>
  ParameterVector(const Layout<n>& layout, std::uint64_t seed) : values_(count) {
    Random random(seed);
    for (const Slice& slice : layout.slices)
      initialise(slice, span().subspan(slice.offset, slice.size), random);
  }

  /// For the host: what the backend was asked to do with them is done.
  std::span<Real, count> span() {
    B::wait();
    return std::span<Real, count>(values_.data(), count);
  }
  /// All of them.
  std::span<const Real, count> span() const {
    B::wait();
    return std::span<const Real, count>(values_.data(), count);
  }
  /// For the backend.
  Real* data() { return values_.data(); }
  /// The first number.
  const Real* data() const { return values_.data(); }

 private:
  typename B::template Managed<Real> values_;
};

}  // namespace nwm::model
