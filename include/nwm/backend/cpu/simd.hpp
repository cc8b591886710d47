// The fast CPU backend: stencils, pointwise maps and dense products on xsimd's vector registers.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "nwm/backend/cpu/pack.hpp"
#include "nwm/backend/cpu/simd_dense.hpp"
#include "nwm/backend/cpu/simd_pointwise.hpp"
#include "nwm/backend/cpu/simd_row.hpp"
#include "nwm/backend/cpu/simd_small_grid.hpp"
#include "nwm/backend/cpu/simd_stencil.hpp"
#include "nwm/backend/crew.hpp"
#include "nwm/cell/activation.hpp"

namespace nwm::cpu {

/// Operations mean the same as in cpu::Scalar, with other rounding. `Arch` is an xsimd architecture. It is
/// part of every type made with this backend, so that files compiled for different processors do not mix.
template <class Arch = xsimd::default_arch>
struct Simd : SimdPointwise<Arch> {
  using Pointwise = SimdPointwise<Arch>;  ///< the words on numbers by themselves
  /// What a kernel is given: a vector of numbers, or one.
  template <class Real>
  using Lane = typename Pointwise::template Lane<Real>;
  /// A vector of which only the first numbers count.
  template <class Real>
  using Partial = typename Pointwise::template Partial<Real>;
  static constexpr std::string_view name = "simd";
  /// A crew (backend/crew.hpp) shares the operations.
  static constexpr bool has_crew = true;

  template <class S, class G>
  static constexpr std::size_t scratch = [] {
    // Holds the padded input, the padded gradient and the mirrored weights. (Under boundaries that fold, the
    // gradient has two sites of halo, and there is a padded plane to fold from.) Sized for the widest
    // register, hence for every Real.
    constexpr std::size_t plane = detail::Halo<G::height + 2, G::width + 2, 1, 16>::plane;
    return (2 * S::in + S::out) * plane + S::weights + detail::small_grid_scratch<S, G, Arch>;
  }();

  template <class S, class G, Activation f, class Real, std::size_t n>
  static void couple(const Real* parameters, const std::array<const Real*, n>& parts, Real* out,
                     Real* scratch) {
    const Real* bias = S::bias ? parameters + S::weights : nullptr;
    if constexpr (S::size == 1 && n == 1) {
      Site<S, G, Real, S::in, S::out>::template apply<f, false>(parameters, bias, parts[0], out);
    } else {
      using H = Padded<S, G, Real>;
      using Small = detail::SmallGrid<S, G, Real, Arch>;
      pad<S, G>(parts, scratch);
      if constexpr (Small::pays && f == Activation::none) {
        Real* const columns = scratch + S::in * H::plane;
        Small::template unfold<S::in>(scratch, columns);
        Small::template apply<S::in, S::out, false>(parameters, columns, out);
      } else {
        Kernel<S, G, H, Real, S::in, S::out>::template apply<f, false>(parameters, bias, scratch, out);
      }
    }
  }

  /// couple in two phases over bands of rows, which may run at the same time (model::BandedBackend). Phase 1,
  /// for all bands unless the stencil is 1×1 on one part: copies rows first ≤ y < last to scratch, so that
  /// `parts` may be overwritten afterwards.
  template <class S, class G, class Real, std::size_t n>
  static void prepare_rows(const std::array<const Real*, n>& parts, Real* scratch, std::size_t first,
                           std::size_t last) {
    // The first and last bands also copy the halo rows.
    const auto begin =
        static_cast<std::ptrdiff_t>(first) - static_cast<std::ptrdiff_t>(first == 0 ? reach<S> : 0);
    const auto end = static_cast<std::ptrdiff_t>(last + (last == G::height ? reach<S> : 0));
    pad<S, G>(parts, scratch, begin, end);
  }
  /// Phase 2: sets out (S::out, rows, W), which are `rows` rows of the output from `first` on. At every site
  /// the bits are the same as from couple, however the rows are divided.
  template <class S, class G, std::size_t rows, class Real, std::size_t n>
  static void couple_rows(const Real* parameters, const std::array<const Real*, n>& parts, Real* out,
                          const Real* scratch, std::size_t first) {
    const Real* bias = S::bias ? parameters + S::weights : nullptr;
    if constexpr (S::size == 1 && n == 1) {
      detail::StencilKernel<Real, Arch, S::in, S::out, 1, 1, rows * G::width, G::sites,
                            G::sites>::template apply<Activation::none, false>(parameters, bias,
                                                                               parts[0] + first * G::width,
                                                                               out);
    } else {
      using H = Padded<S, G, Real>;
      detail::StencilKernel<Real, Arch, S::in, S::out, S::size, rows, G::width, H::stride,
                            H::plane>::template apply<Activation::none, false>(parameters, bias,
                                                                               scratch + first * H::stride,
                                                                               out);
    }
  }

  /// Numbers that a line of `width` sites takes in whole cache lines.
  static constexpr std::size_t line(std::size_t width) { return round_up(width, 16); }
  /// Most rows that `rows` keeps in registers.
  static constexpr std::size_t rows_at_once = Arch::alignment() >= 64 ? 4 : 2;

  /// Calls kernel(lane, {coupled value}) at `count` successive rows of `width` sites of one channel, for a
  /// five-point coupling (model::RowBackend); the bits are the same as from couple. here: the rows in the
  /// field, whose first site has the index `index`. above, below: the rows before and after. When `above` is
  /// not const (a line), the kernel may overwrite the rows at its lane; `above` then becomes a copy of the
  /// last row before the change.
  template <class Boundary, std::size_t width, std::size_t count, class Real, class Above, class Kernel>
  static void rows(const Real* weights, const Real* here, Above* above, const Real* below, std::size_t index,
                   const Kernel& kernel) {
    using R = detail::Rows<Boundary, width, count, Lane<Real>, Partial<Real>, Real, Kernel>;
    R::run(weights, here, above, below, index, kernel);
  }

  template <class S, class G, class Real, std::size_t n>
  static void couple_adjoint(const Real* parameters, const std::array<const Real*, n>& parts,
                             const Real* gradient, const std::array<Real*, n>& part_gradients,
                             Real* parameter_gradient, Real* scratch) {
    Real* bias_gradient = S::bias && parameter_gradient ? parameter_gradient + S::weights : nullptr;
    bool wanted = false;
    for (const Real* p : part_gradients) wanted = wanted || p != nullptr;
    if constexpr (S::size == 1 && n == 1) {
      if (parameter_gradient)
        Site<S, G, Real, S::in, S::out>::weights(gradient, parts[0], parameter_gradient, bias_gradient);
      detail::mirror<S::in, S::out, 1>(parameters, scratch);
      if (wanted)
        Site<S, G, Real, S::out, S::in>::template apply<Activation::none, true>(scratch, nullptr, gradient,
                                                                                part_gradients[0]);
    } else {
      using H = Padded<S, G, Real>;
      using Small = detail::SmallGrid<S, G, Real, Arch>;
      if (parameter_gradient) {
        pad<S, G>(parts, scratch);
        if constexpr (Small::pays) {
          Real* const columns = scratch + S::in * H::plane;
          Small::template unfold<S::in>(scratch, columns);
          Small::weights(gradient, columns, parameter_gradient);
        } else {
          Kernel<S, G, H, Real, S::in, S::out>::weights(gradient, scratch, parameter_gradient, bias_gradient);
        }
      }
      if (!wanted) return;
      Real* mirrored = scratch;
      Real* padded = scratch + round_up(S::weights, 16);
      detail::mirror<S::in, S::out, S::taps>(parameters, mirrored);
      constexpr std::size_t each = S::in / n;
      if constexpr (S::Boundary::self_adjoint) {
        pad<Stencil<S::out, S::in, S::size, typename S::Boundary, false>, G>(
            std::array<const Real*, 1>{gradient}, padded);
        Real* const columns = padded + S::out * H::plane;  // where the grid is small
        if constexpr (Small::pays) Small::template unfold<S::out>(padded, columns);
        for (std::size_t part = 0; part < n; ++part)
          if (part_gradients[part]) {
            const Real* const weights = mirrored + part * each * S::out * S::taps;
            if constexpr (Small::pays)
              Small::template apply<S::out, each, true>(weights, columns, part_gradients[part]);
            else
              Kernel<S, G, H, Real, S::out, each>::template apply<Activation::none, true>(
                  weights, nullptr, padded, part_gradients[part]);
          }
      } else {
        // Compute the gradient of the padded input, on the grid with its halo, and fold the halo back to its
        // sources.
        using Wide = Grid<G::height + 2 * reach<S>, G::width + 2 * reach<S>, Zero>;
        using Around = detail::Halo<Wide::height, Wide::width, reach<S>, lanes<Real>>;
        using Outer = detail::Halo<G::height, G::width, 2 * reach<S>, lanes<Real>, Around::stride>;
        static_assert(Outer::plane == Around::plane);
        for (std::size_t o = 0; o < S::out; ++o)
          Outer::template fill<Zero>(gradient + o * G::sites, padded + o * Outer::plane);
        Real* wide = padded + S::out * Outer::plane;
        for (std::size_t part = 0; part < n; ++part) {
          if (!part_gradients[part]) continue;
          detail::StencilKernel<Real, Arch, S::out, each, S::size, Wide::height, Wide::width, Outer::stride,
                                Outer::plane>::template apply<Activation::none, false>(mirrored + part *
                                                                                                      each *
                                                                                                      S::out *
                                                                                                      S::taps,
                                                                                       nullptr, padded, wide);
          for (std::size_t i = 0; i < each; ++i)
            fold<S, G, Wide>(wide + i * Wide::sites, part_gradients[part] + i * G::sites);
        }
      }
    }
  }

  template <std::size_t M, std::size_t K, std::size_t N, bool add = false, class Real>
  static void multiply(const Real* a, std::size_t lda, const Real* x, std::size_t ldx, Real* y,
                       std::size_t ldy) {
    detail::Product<Real, Arch, M, K, N, add>::run(a, lda, 1, x, ldx, y, ldy);
  }
  template <std::size_t M, std::size_t K, std::size_t N, class Real>
  static void multiply_transposed(const Real* a, std::size_t lda, const Real* y, std::size_t ldy, Real* x,
                                  std::size_t ldx) {
    detail::Product<Real, Arch, K, M, N, false>::run(a, 1, lda, y, ldy, x, ldx);
  }
  template <std::size_t M, std::size_t K, std::size_t N, class Real>
  static void multiply_outer(const Real* y, std::size_t ldy, const Real* x, std::size_t ldx, Real* a,
                             std::size_t lda) {
    detail::add_outer<Real, Arch, M, K, N>(y, ldy, x, ldx, a, lda);
  }

 private:
  using Pointwise::rows_worth_a_thread;
  template <class Real>
  static constexpr std::size_t lanes = math::Pack<Real, Arch>::size;
  template <class S>
  static constexpr std::size_t reach = S::size / 2;
  template <class S, class G, class Real>
  using Padded = detail::Halo<G::height, G::width, reach<S>, lanes<Real>>;
  template <class S, class G, class H, class Real, std::size_t in, std::size_t out>
  using Kernel =
      detail::StencilKernel<Real, Arch, in, out, S::size, G::height, G::width, H::stride, H::plane>;
  /// 1×1 stencils treat the plane as one long row.
  template <class S, class G, class Real, std::size_t in, std::size_t out>
  using Site = detail::StencilKernel<Real, Arch, in, out, 1, 1, G::sites, G::sites, G::sites>;

  template <class S, class G, class Real, std::size_t n>
  static void pad(const std::array<const Real*, n>& parts, Real* to,
                  std::ptrdiff_t first = -static_cast<std::ptrdiff_t>(reach<S>),
                  std::ptrdiff_t last = static_cast<std::ptrdiff_t>(G::height + reach<S>)) {
    using H = Padded<S, G, Real>;
    divide(S::in, rows_worth_a_thread(H::plane), [=](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i)
        H::template fill<typename S::Boundary>(parts[i / (S::in / n)] + i % (S::in / n) * G::sites,
                                               to + i * H::plane, first, last);
    });
  }

  template <class S, class G, class Wide, class Real>
  static void fold(const Real* wide, Real* to) {
    constexpr auto r = static_cast<std::ptrdiff_t>(reach<S>);
    for (std::ptrdiff_t y = -r; y < static_cast<std::ptrdiff_t>(G::height) + r; ++y) {
      const std::ptrdiff_t row = S::Boundary::source(y, G::height);
      for (std::ptrdiff_t x = -r; x < static_cast<std::ptrdiff_t>(G::width) + r; ++x, ++wide) {
        const std::ptrdiff_t column = S::Boundary::source(x, G::width);
        if (row >= 0 && column >= 0)
          to[static_cast<std::size_t>(row) * G::width + static_cast<std::size_t>(column)] += *wide;
      }
    }
  }
};

}  // namespace nwm::cpu
