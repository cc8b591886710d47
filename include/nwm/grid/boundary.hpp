// The values that a stencil sees beyond the edge of the grid.
#pragma once

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <string_view>
#include <type_traits>

namespace nwm {

/// A boundary maps a row or column index i in [-1, n], on an axis of length n, to the index of the value to
/// use, in [0, n), or to -1 for zero. On the axis, 0 ≤ i < n, that is i itself. `self_adjoint` promises that
/// the adjoint of a stencil under this boundary is the mirrored stencil under the same boundary. Otherwise
/// the halo's gradient is folded back. `name` is what weight files say: not empty. All three are constexpr.
template <class B>
concept Boundary = requires(std::ptrdiff_t i, std::ptrdiff_t n) {
  { B::source(i, n) } -> std::same_as<std::ptrdiff_t>;
  { B::self_adjoint } -> std::convertible_to<bool>;
  { B::name } -> std::convertible_to<std::string_view>;
} && requires {
  typename std::integral_constant<std::ptrdiff_t, B::source(std::ptrdiff_t{-1}, std::ptrdiff_t{1})>;
  typename std::bool_constant<bool{B::self_adjoint}>;
  typename std::bool_constant<std::string_view(B::name).empty()>;
} && !std::string_view(B::name).empty();

namespace detail {
/// Whether boundary B answers, on an axis of length n, with what a Boundary may. Of a long axis both ends are
/// looked at, since compilers count the steps of what they run.
template <class B, std::size_t n>
constexpr bool source_fits() {
  constexpr auto length = static_cast<std::ptrdiff_t>(n), looked_at = std::ptrdiff_t{64};
  for (const std::ptrdiff_t beyond : {std::ptrdiff_t{-1}, length}) {
    const std::ptrdiff_t source = B::source(beyond, length);
    if (source < -1 || source >= length) return false;
  }
  for (std::ptrdiff_t i = 0; i < length; ++i) {
    if (B::source(i, length) != i) return false;
    if (i == looked_at && length > 2 * looked_at) i = length - looked_at;
  }
  return true;
}
}  // namespace detail

/// True; for a boundary that would lead beyond an axis of n sites the compiler says so.
template <class B, std::size_t n>
constexpr bool checked_boundary() {
  static_assert(
      detail::source_fits<B, n>(),
      "a boundary's source(i, n) is i on the axis, and at i = -1 and i = n an index of the axis, or "
      "-1 for zero");
  return true;
}

/// The field continues on the opposite side: a torus.
struct Periodic {
  static constexpr std::string_view name = "periodic";
  static constexpr bool self_adjoint = true;
  static constexpr std::ptrdiff_t source(std::ptrdiff_t i, std::ptrdiff_t n) { return (i % n + n) % n; }
};

/// Zero outside: PyTorch's zero padding, or a membrane clamped one node beyond the edge.
struct Zero {
  static constexpr std::string_view name = "zero";
  static constexpr bool self_adjoint = true;
  static constexpr std::ptrdiff_t source(std::ptrdiff_t i, std::ptrdiff_t n) {
    return i < 0 || i >= n ? -1 : i;
  }
};

/// Mirrored at the cell faces (u[-1] = u[0]): no flux through the edge, a free membrane.
struct Reflecting {
  static constexpr std::string_view name = "reflecting";
  static constexpr bool self_adjoint = false;
  static constexpr std::ptrdiff_t source(std::ptrdiff_t i, std::ptrdiff_t n) {
    return i < 0 ? -1 - i : i >= n ? 2 * n - 1 - i : i;
  }
};

}  // namespace nwm
