// The device backend on a processor: the kernels' own text and Thrust's host systems, so that both are tested
// where no GPU is.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <string_view>
#include <type_traits>

#include "nwm/backend/device/batched.hpp"
#include "nwm/backend/device/correlate.hpp"
#include "nwm/backend/device/folded_adjoint.hpp"
#include "nwm/backend/device/lane.hpp"
#include "nwm/backend/device/product.hpp"
#include "nwm/backend/device/rows.hpp"
#include "nwm/backend/device/systems.hpp"
#include "nwm/backend/device/team.hpp"
#include "nwm/backend/device/waves.hpp"
#include "nwm/backend/device/weight_gradient.hpp"
#include "nwm/backend/host_memory.hpp"

namespace nwm::device {

/// Operations have the meaning given in cpu::Scalar, over grids that may be Batched, in the arithmetic of
/// `Real` as on a device. Sums are taken in an order that depends on sizes alone: the same bits on any number
/// of threads. `System` is Sequential or OpenMp; models take `images` images a pass.
template <class System = Sequential, std::size_t images = 1>
struct Host : HostMemory, Waves<Host<System, images>> {
  static constexpr std::string_view name = System::name;

  /// See pass.hpp.
  template <class G>
  using grid = std::conditional_t<images == 1, G, Batched<G, images>>;
  static constexpr std::size_t tile = 256 * images;

  /// All blocks of a body (team.hpp).
  template <class Body>
  static void run(const Body& body) {
    System::for_each(Body::blocks, HostBlock<Body>{body});
  }

  template <class Real, class Kernel>
  static void map(std::size_t count, const Kernel& kernel) {
    System::for_each(count, [&](std::size_t i) { kernel(Lane<Real>{i}); });
  }

  /// In double, in `sections` parts whose sums are added in order.
  template <class Real, class Kernel>
  static double sum(std::size_t count, const Kernel& kernel) {
    std::array<double, sections> parts{};
    in_sections(count, [&](std::size_t section, std::size_t i) {
      parts[section] += static_cast<double>(kernel(Lane<Real>{i}));
    });
    double total = 0;
    for (const double part : parts) total += part;
    return total;
  }

  template <class Real, class Kernel>
  static void map_rows(std::size_t rows, std::size_t n, const Kernel& kernel) {
    map<Real>(rows * n, kernel);
  }

  template <class Real, class Kernel>
  static void sum_rows(std::size_t rows, std::size_t n, const Kernel& kernel, double* to) {
    for (std::size_t r = 0; r < rows; ++r) to[r] = sum<Real>(n, OfRow<Kernel>{kernel, r * n});
  }

  template <class Real, class Kernel>
  static void maximum_to(std::size_t count, const Kernel& kernel, Real* to) {
    *to = maximum<Real>(count, kernel);
  }

  template <class Real, class Kernel>
  static Real maximum(std::size_t count, const Kernel& kernel) {
    std::array<Real, sections> parts;
    parts.fill(-std::numeric_limits<Real>::infinity());
    const auto take = [](Real& largest, Real v) {
      if (v > largest || v != v) largest = v;
    };
    in_sections(count,
                [&](std::size_t section, std::size_t i) { take(parts[section], kernel(Lane<Real>{i})); });
    Real largest = -std::numeric_limits<Real>::infinity();
    for (const Real part : parts) take(largest, part);
    return largest;
  }

  template <Activation f, class Real>
  static void add_bias(std::size_t rows, std::size_t n, Real* y, std::size_t stride, const Real* bias) {
    map<Real>(rows * n, AddBiases<f, Real>{n, stride, bias, y});
  }

  template <class Real>
  static void add_row_sums(std::size_t rows, std::size_t n, const Real* y, std::size_t stride, Real* to) {
    map<Real>(rows, AddRowSums<Real>{n, stride, y, to});
  }

  /// The tiles' parts of the gradient in the parameters.
  template <class S, class G>
  static constexpr std::size_t scratch = TileGradient<S, G, float, 1>::scratch;

  template <class S, class G, Activation f, class Real, std::size_t n>
  static void couple(const Real* parameters, const std::array<const Real*, n>& parts, Real* out, Real*) {
    run(Correlate<S, G, Direction::forward, Real, n, 1, Set<f, Real>>{parameters, parts, {{out}}});
  }

  template <class S, class G, class Real, std::size_t n>
  static void couple_adjoint(const Real* parameters, const std::array<const Real*, n>& parts,
                             const Real* gradient, const std::array<Real*, n>& part_gradients,
                             Real* parameter_gradient, Real* scratch_) {
    if (std::ranges::any_of(part_gradients, [](const Real* p) { return p != nullptr; })) {
      if constexpr (S::size == 1 || S::Edge::self_adjoint)
        run(Correlate<S, G, Direction::adjoint, Real, 1, n, AddTo<Real, n>>{
            parameters, {gradient}, {part_gradients}});
      else map<Real>(S::in * G::sites, FoldedAdjoint<S, G, Real, n>{parameters, gradient, part_gradients});
    }
    if (!parameter_gradient) return;
    using Gradient = TileGradient<S, G, Real, n>;
    std::array<Versions<Real>, n> in;
    std::ranges::transform(parts, in.begin(), [](const Real* part) { return Versions<Real>{part, part, 0}; });
    run(Gradient{in, gradient, scratch_});
    map<Real>(S::parameters, AddTiles<Real>{Gradient::runs, S::parameters, scratch_, parameter_gradient});
  }

  template <std::size_t M, std::size_t K, std::size_t N, bool add = false, class Real>
  static void multiply(const Real* a, std::size_t lda, const Real* x, std::size_t ldx, Real* y,
                       std::size_t ldy) {
    auto out = detail::matrix(y, M, N, ldy);
    if constexpr (add) out.noalias() += detail::matrix(a, M, K, lda) * detail::matrix(x, K, N, ldx);
    else out.noalias() = detail::matrix(a, M, K, lda) * detail::matrix(x, K, N, ldx);
  }

  template <std::size_t M, std::size_t K, std::size_t N, class Real>
  static void multiply_transposed(const Real* a, std::size_t lda, const Real* y, std::size_t ldy, Real* x,
                                  std::size_t ldx) {
    detail::matrix(x, K, N, ldx).noalias() =
        detail::matrix(a, M, K, lda).transpose() * detail::matrix(y, M, N, ldy);
  }

  template <std::size_t M, std::size_t K, std::size_t N, class Real>
  static void multiply_outer(const Real* y, std::size_t ldy, const Real* x, std::size_t ldx, Real* a,
                             std::size_t lda) {
    detail::matrix(a, M, K, lda).noalias() +=
        detail::matrix(y, M, N, ldy) * detail::matrix(x, K, N, ldx).transpose();
  }

 private:
  static constexpr std::size_t sections = 64;

  /// The kernel on the indices from `first` on.
  template <class Kernel>
  struct OfRow {
    Kernel kernel;
    std::size_t first;
    template <class Lane>
    constexpr auto operator()(Lane lane) const {
      return kernel(Lane{first + lane.index});
    }
  };

  template <class F>
  static void in_sections(std::size_t count, const F& f) {
    const std::size_t each = (count + sections - 1) / sections;
    System::for_each(sections, [&](std::size_t section) {
      const std::size_t end = std::min(count, (section + 1) * each);
      for (std::size_t i = section * each; i < end; ++i) f(section, i);
    });
  }
};

}  // namespace nwm::device
