// What a system is: where the device backend's Operations (operations.hpp) run.
//
//   name                     of the backend
//   Memories                 the vocabulary's words on memory (host_memory.hpp); `queued` and `CapturedGraph`
//                            stand there as well, where they are
//   for_each(count, f)       f(i) for i = 0..count-1, in any order
//   run(body)                body.blocks blocks of a body (block.hpp, cluster.hpp)
//   product<Precision>(…)    as HostProducts (product.hpp)
//   tile, series_tile        pixels an image that the head takes at a time; columns of a readout's products
//   head_tile                pixels an image that a head in one launch takes; without it as `tile`
//   scratch<T>()             scratch_bytes of memory for results on their way between two kernels of a word
//   shared_memory()          bytes that the Shared of a body may have: what the present device has, by which
//                            the kernels of a run of steps are chosen; without it shared_limit
//   multiprocessors()        how many blocks run without sharing what computes them; without it no image is
//                            in two blocks
//   clusters<Body>()         clusters of such a Body (cluster.hpp) that the present device runs at once; 0,
//                            or without it, no such body is run
#pragma once

#include <concepts>
#include <cstddef>
#include <string_view>

#include "nwm/backend/device/block.hpp"
#include "nwm/backend/device/factor.hpp"
#include "nwm/backend/device/precision.hpp"

namespace nwm::device {

namespace detail {

/// What the concept tries a system with: a function of an index, a body of no work.
struct ProbeIndex {
  constexpr void operator()(std::size_t) const {}
};
struct ProbeBody {
  static constexpr std::size_t threads = 1, blocks = 1;
  struct Shared {};
  struct Local {};
  template <class Block>
  constexpr void operator()(Block&) const {}
};

template <class S, class Real>
concept HasProduct = requires(std::size_t n, Factor<Real> factor, Real* y) {
  S::template product<precision::Full>(n, n, n, factor, factor, y, n, true);
};

}  // namespace detail

/// A system, as described at the top of this header.
template <class S>
concept System =
    requires {
      { S::name } -> std::convertible_to<std::string_view>;
      typename S::Memories;
      typename S::Memories::template Memory<float>;
    } &&
    requires {
      { S::tile } -> std::convertible_to<std::size_t>;
      { S::series_tile } -> std::convertible_to<std::size_t>;
      { S::scratch_bytes } -> std::convertible_to<std::size_t>;
      { S::template scratch<double>() } -> std::same_as<double*>;
      { S::template scratch<float>() } -> std::same_as<float*>;
    } && requires(std::size_t n, const detail::ProbeIndex& f) { S::for_each(n, f); } &&
    requires(const detail::ProbeBody& body) { S::run(body); } && detail::HasProduct<S, float> &&
    detail::HasProduct<S, double>;

}  // namespace nwm::device
