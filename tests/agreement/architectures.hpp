// The vector architectures of xsimd that the compiler flags allow, to run side by side in one process.
#pragma once

#include <tuple>
#include <type_traits>
#include <utility>
#include <xsimd/xsimd.hpp>

#include "nwm/backend/cpu/pack.hpp"

namespace tools {

template <class... Lists>
using Joined = decltype(std::tuple_cat(std::declval<Lists>()...));

/// A list with Arch; empty for the default architecture, which is already first in the whole list.
template <class Arch>
using Another = std::conditional_t<std::is_same_v<Arch, xsimd::default_arch>, std::tuple<>, std::tuple<Arch>>;

using Architectures = Joined<std::tuple<xsimd::default_arch>
#if XSIMD_WITH_SSE2
                             ,
                             Another<xsimd::sse2>
#endif
#if XSIMD_WITH_FMA3_AVX2
                             ,
                             Another<xsimd::fma3<xsimd::avx2>>
#endif
                             >;

namespace detail {
template <class Real, class List>
struct PacksOf;
template <class Real, class... Arch>
struct PacksOf<Real, std::tuple<Arch...>> {
  using type = std::tuple<nwm::math::Pack<Real, Arch>...>;
};
}  // namespace detail

/// A Pack of each architecture.
template <class Real>
using PacksOf = typename detail::PacksOf<Real, Architectures>::type;

}  // namespace tools
