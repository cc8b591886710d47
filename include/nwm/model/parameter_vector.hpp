// The flat parameters of a model: storage, initial values, access.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "nwm/memory/buffer.hpp"
#include "nwm/memory/layout.hpp"
#include "nwm/random.hpp"

namespace nwm::model {

/// `count` parameters laid out as `layout` says, with their initial values drawn in order from one seed.
template <class Real, std::size_t count>
class ParameterVector {
 public:
  template <std::size_t n>
  ParameterVector(const Layout<n>& layout, std::uint64_t seed) : values_(count) {
    Random random(seed);
    for (const Slice& slice : layout.slices)
      initialise(slice, values_.span().subspan(slice.offset, slice.size), random);
  }

  std::span<Real, count> span() { return std::span<Real, count>(values_.data(), count); }
  std::span<const Real, count> span() const { return std::span<const Real, count>(values_.data(), count); }
  const Real* data() const { return values_.data(); }

 private:
  Buffer<Real> values_;
};

}  // namespace nwm::model
