// A five-point coupling and what is done with its coupled value in one pass over the rows of a grid: the
// coupled value is never written to memory.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <type_traits>

#include "nwm/grid/grid.hpp"

namespace nwm::model {

namespace detail {
/// What follows a coupling, for the concept.
struct ProbeFollowing {
  template <class Lane>
  constexpr void operator()(Lane, const std::array<typename Lane::Value, 1>&) const {}
};
// The row before is one of the field, or a line that is overwritten.
template <class B, class Real>
concept HasRows = requires(const Real* in, Real* line, const ProbeFollowing& kernel) {
  B::template rows<Periodic, std::size_t{4}, std::size_t{1}>(in, in, in, in, std::size_t{0}, kernel);
  B::template rows<Periodic, std::size_t{4}, std::size_t{1}>(in, in, line, in, std::size_t{0}, kernel);
};
template <class B>
concept HasLine = requires {
  { B::line(std::size_t{1}) } -> std::same_as<std::size_t>;
};
}  // namespace detail

/// A backend that can run some rows of a five-point coupling together with what follows (cpu::Simd::rows).
template <class B>
concept RowBackend = detail::HasLine<B> && requires {
  typename std::integral_constant<std::size_t, B::line(std::size_t{1})>;
  typename std::bool_constant<(B::rows_at_once > std::size_t{0})>;
} && (B::rows_at_once > std::size_t{0}) && detail::HasRows<B, float> && detail::HasRows<B, double>;

/// True; a backend that has some of the members alone is told so, as it would be slow without a word.
template <class B>
constexpr bool whole_row_backend() {
  static_assert(!detail::HasLine<B> || RowBackend<B>,
                "a backend with `line` has `rows_at_once` and `rows`, in float and in double, as cpu::Simd");
  return true;
}

/// The most rows of G, up to what the backend takes at once, that divide its height.
template <class B, class G>
inline constexpr std::size_t row_group = [] {
  std::size_t most = 1;
  if constexpr (RowBackend<B>) most = B::rows_at_once;
  while (G::height % most != 0) --most;
  return most;
}();

/// Passes over fields (channels, H, W) with five-point weights (channels, channels, 3, 3).
template <class B, class G, std::size_t channels, class Real>
struct RowSweep {
  using Boundary = typename G::Boundary;
  static constexpr std::size_t group = row_group<B, G>, size = group * G::width, groups = G::height / group;
  /// Numbers of scratch that both want.
  static constexpr std::size_t scratch = G::width;

  /// Calls kernel(lane, {coupled value}) once at every index; the coupled value is that of `field`, which the
  /// kernel leaves as it is.
  template <class Kernel>
  static void couple(const Real* weights, const Real* field, const Kernel& kernel, Real* scratch_) {
    std::fill_n(scratch_, G::width, Real(0));
    for (std::size_t c = 0; c < channels; ++c)
      for (std::size_t r = 0; r < groups; ++r) rows(block(weights, c), field, c, r, kernel, scratch_);
  }

  /// The same, and the way back through the coupling: the kernel sets coupled_gradient (channels, H, W) at
  /// its lane; what the coupling makes of it is added to `gradient`, once the kernel has seen the site. For
  /// boundaries that are self-adjoint.
  template <class Kernel>
  static void couple_and_back(const Real* weights, const Real* field, const Kernel& kernel,
                              const Real* coupled_gradient, Real* gradient, Real* scratch_) {
    static_assert(Boundary::self_adjoint);
    std::fill_n(scratch_, G::width, Real(0));
    for (std::size_t c = 0; c < channels; ++c) {
      std::array<Real, 9> mirrored;
      std::reverse_copy(block(weights, c), block(weights, c) + 9, mirrored.begin());
      const auto back = [&](std::size_t r) {
        rows(mirrored.data(), coupled_gradient, c, r, AddCoupled{gradient}, scratch_);
      };
      // A row's turn is when the coupled value's gradient is there above and below; on a torus that of the
      // first is last.
      for (std::size_t r = 0; r < groups; ++r) {
        rows(block(weights, c), field, c, r, kernel, scratch_);
        if (r > 1) back(r - 1);
      }
      if (groups > 1) back(groups - 1);
      back(0);
    }
  }

 private:
  struct AddCoupled {
    Real* to;
    template <class Lane>
    constexpr void operator()(Lane lane, const std::array<typename Lane::Value, 1>& coupled) const {
      lane.store(to, lane.load(to) + coupled[0]);
    }
  };

  /// The weights from channel c to itself.
  static const Real* block(const Real* weights, std::size_t c) { return weights + c * (channels + 1) * 9; }

  template <class Kernel>
  static void rows(const Real* weights, const Real* field, std::size_t c, std::size_t r, const Kernel& kernel,
                   const Real* nothing) {
    constexpr auto h = static_cast<std::ptrdiff_t>(G::height);
    constexpr std::ptrdiff_t top = Boundary::source(-1, h), bottom = Boundary::source(h, h);
    const Real* plane = field + c * G::sites;
    const Real* here = plane + r * size;
    const auto beyond = [&](std::ptrdiff_t row) {
      return row < 0 ? nothing : plane + static_cast<std::size_t>(row) * G::width;
    };
    B::template rows<Boundary, G::width, group>(weights, here, r > 0 ? here - G::width : beyond(top),
                                                r + 1 < groups ? here + size : beyond(bottom),
                                                c * G::sites + r * size, kernel);
  }
};

}  // namespace nwm::model
