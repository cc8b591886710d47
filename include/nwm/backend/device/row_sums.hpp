// A backend's words for what goes before and after sums over channels (pass.hpp), shared by the device
// backends: normalisation in few launches.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cstddef>

#include "nwm/backend/device/both.hpp"
#include "nwm/backend/device/join_gradients.hpp"
#include "nwm/backend/device/map_after_sums.hpp"
#include "nwm/backend/device/operand_tile.hpp"
#include "nwm/backend/device/reduce.hpp"
#include "nwm/backend/device/stencil_kernels.hpp"
#include "nwm/backend/device/tile.hpp"
#include "nwm/tape/segment.hpp"

namespace nwm::device {

/// For a backend B with B::run(body): it derives from RowSums<B, Precision>.
template <class B, class Precision>
class RowSums {
  template <class S, class G, Direction direction, class Real, std::size_t from, std::size_t to, class Finish>
  using Kernel = StencilKernel<S, G, direction, Real, from, to, Finish, Precision>;
  /// Parts of a row's sums that each block of the map after them may add up: more are joined before.
  static constexpr std::size_t most_joined = 1024;

 public:
  /// Whether the words are there.
  static constexpr bool sums_beside = true;
  /// Most parts in which a word gives the sums over a channel of a pass on G.
  template <class G>
  static constexpr std::size_t most_parts =
      std::max({Tiles<G, 0, 16>::count, std::size_t{OperandTiles<G, 0>::count}, std::size_t{256}});
  /// Numbers of the memory for the sums of `rows` rows in `parts` parts.
  static constexpr std::size_t sum_room(std::size_t rows, std::size_t parts) {
    return 2 * rows * (parts + 1);
  }

  /// In how many parts couple_sums and couple_back_sums give them.
  template <class S, class G, class Real>
  static constexpr std::size_t stencil_parts = [] {
    if constexpr (uses_tensor_cores<S, Real>) return std::size_t{OperandTiles<G, 0>::count};
    else return Tiles<G, 0, 16>::count;
  }();
  /// In how many parts sum_rows_beside gives them.
  static constexpr std::size_t row_parts(std::size_t rows, std::size_t n) {
    return sections_of(rows, n, 256 * rows);
  }

  template <class S, class G, class Real, std::size_t n, class Terms>
  [[nodiscard]] static auto couple_sums(const Real* parameters, const std::array<const Real*, n>& parts,
                                        const Terms& terms, double* sums, std::size_t stride) {
    using Body = Kernel<S, G, Direction::forward, Real, n, 1, WithSums<Terms>>;
    static_assert(Body::tiles == stencil_parts<S, G, Real>);
    return Body{parameters, parts, {terms, sums, stride}};
  }
  template <class S, class G, class Real, class Terms>
  [[nodiscard]] static auto couple_back_sums(const Real* parameters, const Real* gradient, const Terms& terms,
                                             double* sums, std::size_t stride) {
    using Body = Kernel<S, G, Direction::adjoint, Real, 1, 1, WithSums<Terms>>;
    static_assert(Body::tiles == stencil_parts<S, G, Real>);
    return Body{parameters, {gradient}, {terms, sums, stride}};
  }
  template <class S, class G, std::size_t n, class Real, class Finish>
  [[nodiscard]] static auto couple_back(const Real* parameters, const Real* gradient, const Finish& finish) {
    return Kernel<S, G, Direction::adjoint, Real, 1, n, Finish>{parameters, {gradient}, finish};
  }
  template <class S, class G, class Real, std::size_t n>
  [[nodiscard]] static auto couple_gradient(const std::array<const Real*, n>& parts, const Real* gradient,
                                            Real* partial) {
    std::array<model::Versions<Real>, n> in;
    std::transform(parts.begin(), parts.end(), in.begin(),
                   [](const Real* part) { return model::Versions<Real>{part, part, 0}; });
    return GradientKernel<S, G, Real, n, 1, Precision>{in, gradient, partial};
  }
  template <class First, class Second>
  static void run_both(const First& first, const Second& second) {
    if constexpr (has_warps<First> || has_warps<Second>) {
      B::run(first);
      B::run(second);
    } else {
      B::run(Both<First, Second>{first, second});
    }
  }

  /// What couple_gradient left, for join_gradients to add to the parameters' gradient `to`.
  template <class S, class G, std::size_t n, class Real>
  static GradientParts<Real> gradient_parts(const Real* partial, Real* to) {
    constexpr auto all = static_cast<unsigned>(S::parameters);
    return {partial, to, GradientKernel<S, G, Real, n, 1, Precision>::runs, all, all, 1, all, 1};
  }
  template <class Real, std::size_t n>
  static void join_gradients(const std::array<GradientParts<Real>, n>& all) {
    using Body = JoinGradients<Real, n>;
    B::run(Body{Body::blocks_of(all), all});
  }

  template <class Real, class Terms>
  static void sum_rows_beside(std::size_t rows, std::size_t n, const Terms& kernel, double* sums,
                              std::size_t stride) {
    const std::size_t parts = row_parts(rows, n);
    B::run(ReduceSections<SumOfTwo, Lane<Real>, Terms, SetTwoStrided>{
        rows * parts, parts, n, kernel, {parts, stride, sums}});
  }

  /// Sums of rows, in `parts` parts each.
  struct Joined {
    const double* sums;
    std::size_t parts;
  };
  static Joined join_sums(std::size_t rows, std::size_t parts, double* sums) {
    if (parts <= most_joined) return {sums, parts};
    double* const joined = sums + 2 * rows * parts;
    B::run(ReduceSections<SumOfTwo, Lane<double>, ReadTwo, SetTwo>{rows, 1, parts, {sums}, {joined}});
    return {joined, 1};
  }
  template <class Real, class Setup, class Each>
  static void map_after_sums(std::size_t rows, std::size_t n, const Joined& joined, const Setup& setup,
                             const Each& kernel) {
    using Body = MapAfterSums<Real, Setup, Each>;
    const std::size_t sections = Body::sections_of(rows, n);
    B::run(Body{rows * sections, sections, n, joined.parts, joined.sums, setup, kernel});
  }
};

}  // namespace nwm::device

#include "nwm/pop_macros.inc"
