// Carries out the coupling of a stage. Stencils of one and three taps are a backend's own word; all others
// are products with what the taps gather, on every backend.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include "nwm/backend/kernels.hpp"
#include "nwm/backend/pass.hpp"
#include "nwm/memory/for_constants.hpp"
#include "nwm/memory/tiles.hpp"
#include "nwm/tape/stage_coupling.hpp"
#include "nwm/time/fixed_taps.hpp"
#include "nwm/time/tap_rows.hpp"

namespace nwm::model {

/// C: a StageCoupling; B: the backend.
template <class C, class B>
class CoupleStage {
  using G = typename C::G;
  static constexpr std::size_t parts = C::parts, out = C::out, K = C::K, n = C::n;
  static constexpr std::size_t limit = tile_limit<B>, tile = tile_size<n, limit>;
  static constexpr std::size_t groups = C::Stage::groups;
  static constexpr bool gathers = C::taps > 1;
  static constexpr bool direct = C::direct;
  using Taps = TapRows<G, typename C::Boundary, C::tap_rows, C::tap_columns>;
  template <std::size_t k>
  static constexpr std::size_t first_row = C::template rows_before<k> * C::taps;
  template <std::size_t k>
  static constexpr std::size_t rows = C::template rows<k>;

 public:
  /// Numbers of scratch memory.
  static constexpr std::size_t scratch = [] {
    if constexpr (!C::Stage::couples) return std::size_t{0};
    else if constexpr (C::fixed) return std::size_t{0};
    else if constexpr (direct) return std::size_t{B::template scratch<typename C::Stencil, G>};
    else return K * tile;
  }();

  /// Sets the coupled values (groups·C, sites) of the fields `from`.
  template <class Real>
  [[gnu::always_inline]] static void forward(const Real* parameters,
                                             const std::array<const Real*, parts>& from, Real* to,
                                             Real* scratch_) {
    if constexpr (C::fixed) {
      B::fill(out * n, Real(0), to);
      for_fixed([&](const FixedTap& tap, std::size_t at, std::size_t source, std::size_t length) {
        B::template map_rows<Real>(C::channels, length,
                                   kernel::AddRows<Real>{length, n, n, from[tap.part] + source,
                                                         to + tap.group * C::channels * n + at, tap.weight});
      });
    } else if constexpr (direct) {
      B::template couple<typename C::Stencil, G, Activation::none>(parameters, from, to, scratch_);
    } else {
      if constexpr (C::is_complex) {
        for (std::size_t part = 0; part < 2; ++part) {
          spread(part, from[0], scratch_);
          B::template multiply<out, K, n>(parameters, K, scratch_, n, to + part * out * n, n);
        }
      } else {
        for_tiles<n, limit>([&](auto count, std::size_t start) {
          if constexpr (C::depthwise) {
            for (std::size_t c = 0; c < C::channels; ++c) {
              gather_channel(from, c, start, count, scratch_);
              B::template multiply<groups, K, count>(parameters + c * groups * K, K, scratch_, count,
                                                     to + c * n + start, C::channels * n);
            }
          } else if constexpr (gathers) {
            gather(from, start, count, scratch_);
            B::template multiply<out, K, count>(parameters, K, scratch_, count, to + start, n);
          } else {
            for_constants<parts>([&](auto k) {
              B::template multiply<out, rows<k>, count, (k > 0)>(parameters + first_row<k>, K,
                                                                 from[k] + start, n, to + start, n);
            });
          }
        });
      }
      if constexpr (C::bias) B::template add_bias<Activation::none>(out, n, to, n, parameters + C::weights);
    }
  }

  /// The adjoint: adds to the fields' gradients (null: left out) and to parameter_gradient (null: left out),
  /// given that of the coupled values.
  template <class Real>
  [[gnu::always_inline]] static void adjoint(const Real* parameters,
                                             const std::array<const Real*, parts>& from, const Real* gradient,
                                             const std::array<Real*, parts>& into, Real* parameter_gradient,
                                             Real* scratch_) {
    if constexpr (C::fixed) {
      for_fixed([&](const FixedTap& tap, std::size_t at, std::size_t source, std::size_t length) {
        if (into[tap.part])
          B::template map_rows<Real>(
              C::channels, length,
              kernel::AddRows<Real>{length, n, n, gradient + tap.group * C::channels * n + at,
                                    into[tap.part] + source, tap.weight});
      });
    } else if constexpr (direct) {
      B::template couple_adjoint<typename C::Stencil, G>(parameters, from, gradient, into, parameter_gradient,
                                                         scratch_);
    } else {
      if constexpr (C::bias)
        if (parameter_gradient) B::add_row_sums(out, n, gradient, n, parameter_gradient + C::weights);
      if constexpr (C::is_complex) {
        for (std::size_t part = 0; part < 2; ++part)
          adjoint_of_part(part, parameters, from[0], gradient + part * out * n, into[0], parameter_gradient,
                          scratch_);
      } else {
        for_tiles<n, limit>([&](auto count, std::size_t start) {
          if constexpr (C::depthwise)
            adjoint_of_channels<count>(start, parameters, from, gradient + start, into, parameter_gradient,
                                       scratch_);
          else if constexpr (gathers)
            adjoint_of_taps<count>(start, parameters, from, gradient + start, into, parameter_gradient,
                                   scratch_);
          else
            adjoint_of_sites<count>(start, parameters, from, gradient + start, into, parameter_gradient,
                                    scratch_);
        });
      }
    }
  }

 private:
  template <class Real>
  static void gather(const std::array<const Real*, parts>& from, std::size_t start, std::size_t count,
                     Real* to) {
    for_constants<parts>(
        [&](auto k) { Taps::template gather<B>(rows<k>, from[k], start, count, to + first_row<k> * count); });
  }

  /// The rows (field, tap) of one channel.
  template <class Real>
  static void gather_channel(const std::array<const Real*, parts>& from, std::size_t c, std::size_t start,
                             std::size_t count, Real* to) {
    for (std::size_t k = 0; k < parts; ++k)
      Taps::template gather<B>(1, from[k] + c * n, start, count, to + k * C::taps * count);
  }

  /// Calls f(tap, at, source, length) for the runs of every tap of a fixed pattern.
  template <class F>
  static void for_fixed(const F& f) {
    constexpr auto all = fixed_taps<C::Stage::coupling.pattern, G::height, G::width>();
    for (const FixedTap& tap : all) {
      if (tap.weight == 0) continue;
      for_shifted_runs<G, typename C::Boundary>(tap.dy, tap.dx, 0, n,
                                                [&](std::size_t at, std::size_t source, std::size_t length) {
                                                  if (source != outside) f(tap, at, source, length);
                                                });
    }
  }

  /// Rows 2·i + part of `to` are those of x, the others zero: what complex weights (…, number i, part) see.
  template <class Real>
  static void spread(std::size_t part, const Real* x, Real* to) {
    B::fill(K * n, Real(0), to);
    B::copy_rows(C::in, n, x, n, to + part * n, 2 * n);
  }

  template <class Real>
  static void adjoint_of_part(std::size_t part, const Real* parameters, const Real* x, const Real* gradient,
                              Real* into, Real* parameter_gradient, Real* scratch_) {
    if (parameter_gradient) {
      spread(part, x, scratch_);
      B::template multiply_outer<out, K, n>(gradient, n, scratch_, n, parameter_gradient, K);
    }
    if (!into) return;
    B::template multiply_transposed<out, K, n>(parameters, K, gradient, n, scratch_, n);
    B::template map_rows<Real>(C::in, n, kernel::AddRows<Real>{n, 2 * n, n, scratch_ + part * n, into});
  }

  template <std::size_t count, class Real>
  static void adjoint_of_taps(std::size_t start, const Real* parameters,
                              const std::array<const Real*, parts>& from, const Real* gradient,
                              const std::array<Real*, parts>& into, Real* parameter_gradient,
                              Real* scratch_) {
    if (parameter_gradient) {
      gather(from, start, count, scratch_);
      B::template multiply_outer<out, K, count>(gradient, n, scratch_, count, parameter_gradient, K);
    }
    for_constants<parts>([&](auto k) {
      if (!into[k]) return;
      constexpr std::size_t some = rows<k> * C::taps;
      B::template multiply_transposed<out, some, count>(parameters + first_row<k>, K, gradient, n, scratch_,
                                                        count);
      Taps::template add_back<B>(rows<k>, static_cast<const Real*>(scratch_), start, count, into[k]);
    });
  }

  template <std::size_t count, class Real>
  static void adjoint_of_channels(std::size_t start, const Real* parameters,
                                  const std::array<const Real*, parts>& from, const Real* gradient,
                                  const std::array<Real*, parts>& into, Real* parameter_gradient,
                                  Real* scratch_) {
    for (std::size_t c = 0; c < C::channels; ++c) {
      const Real* g = gradient + c * n;
      if (parameter_gradient) {
        gather_channel(from, c, start, count, scratch_);
        B::template multiply_outer<groups, K, count>(g, C::channels * n, scratch_, count,
                                                     parameter_gradient + c * groups * K, K);
      }
      B::template multiply_transposed<groups, K, count>(parameters + c * groups * K, K, g, C::channels * n,
                                                        scratch_, count);
      for (std::size_t k = 0; k < parts; ++k)
        if (into[k])
          Taps::template add_back<B>(1, static_cast<const Real*>(scratch_ + k * C::taps * count), start,
                                     count, into[k] + c * n);
    }
  }

  template <std::size_t count, class Real>
  static void adjoint_of_sites(std::size_t start, const Real* parameters,
                               const std::array<const Real*, parts>& from, const Real* gradient,
                               const std::array<Real*, parts>& into, Real* parameter_gradient,
                               Real* scratch_) {
    for_constants<parts>([&](auto k) {
      if (parameter_gradient)
        B::template multiply_outer<out, rows<k>, count>(gradient, n, from[k] + start, n,
                                                        parameter_gradient + first_row<k>, K);
      if (!into[k]) return;
      B::template multiply_transposed<out, rows<k>, count>(parameters + first_row<k>, K, gradient, n,
                                                           scratch_, count);
      B::template map_rows<Real>(rows<k>, count,
                                 kernel::AddRows<Real>{count, count, n, scratch_, into[k] + start});
    });
  }
};

}  // namespace nwm::model
