// The vocabulary a backend speaks. Cells, readouts, layers and models are written once in these words; a
// backend is a type that says how they are carried out over plain memory.
//
//   map        kernel(lane) for every index of a range; lane.load(p), lane.store(p, v) touch p[index],
//              and `typename Lane::Value` is a number or a pack of neighbouring numbers (kernel::count_of)
//   sum, maximum   the same, reducing what the kernel returns to a number the caller reads at once
//   map_rows   map over (rows, n): no pack holds numbers of two rows, so that a kernel may load what belongs
//              to row lane.index / n
//   sum_rows, maximum_to   reductions whose results stay in the backend's memory
//   copy, copy_rows, fill, upload, download, wait     memory (host_memory.hpp)
//   add_bias<f>(rows, n, y, stride, bias)     sets y (rows, n) to f(y + bias), one bias a row
//   add_row_sums(rows, n, y, stride, to)      adds the sum of each row of y to `to` (rows)
//   couple     a stencil over a grid, and its adjoint (grid/stencil.hpp)
//   multiply   dense products of row-major matrices with sizes known at compile time
//
// Layers and models touch the memory of fields and parameters through these words only, so that it may lie
// where the host cannot read it. A backend may carry them out later, in the order in which they were asked
// for (`queued`); then only sum, maximum and download give numbers to the host, and they wait. That, how many
// images a backend takes at a time and all else that is optional: pass.hpp.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <string_view>
#include <type_traits>

#include "nwm/cell/activation.hpp"
#include "nwm/grid/grid.hpp"
#include "nwm/grid/stencil.hpp"
#include "nwm/memory/buffer.hpp"

namespace nwm {

namespace detail {

/// What the concept tries a backend with: a kernel of lanes of Real, a stencil, a grid.
template <class Real>
struct ProbeKernel {
  template <class Lane>
  constexpr typename Lane::Value operator()(Lane lane) const {
    return lane.load(static_cast<const Real*>(nullptr));
  }
};
using ProbeStencil = Stencil<2, 2, 3, Periodic>;
using ProbeGrid = Grid<4, 4, Periodic>;
template <class T, std::size_t n>
using Parts = std::array<T*, n>;

/// An array of a fixed size.
template <class A, class Real>
concept ArrayOf = requires(std::size_t n, A& a, const A& constant) {
  A(n);
  { a.data() } -> std::same_as<Real*>;
  { constant.data() } -> std::same_as<const Real*>;
  { constant.size() } -> std::convertible_to<std::size_t>;
};

// Parameters are copied with their model; what a pass needs is only moved.
template <class B, class Real>
concept HasMemory =
    ArrayOf<typename B::template Memory<Real>, Real> && std::movable<typename B::template Memory<Real>> &&
    ArrayOf<typename B::template Managed<Real>, Real> && std::copyable<typename B::template Managed<Real>> &&
    ArrayOf<typename B::template Staging<Real>, Real> && requires(std::size_t n, const Real* in, Real* out) {
      B::upload(n, in, out);
      B::download(n, in, out);
      B::copy(n, in, out);
      B::copy_rows(n, n, in, n, out, n);
      B::fill(n, Real(0), out);
    };

template <class B, class Real>
concept HasMaps =
    requires(std::size_t n, const Real* in, Real* out, double* sums, const ProbeKernel<Real>& kernel) {
      B::template map<Real>(n, kernel);
      B::template map_rows<Real>(n, n, kernel);
      { B::template sum<Real>(n, kernel) } -> std::convertible_to<double>;
      { B::template maximum<Real>(n, kernel) } -> std::convertible_to<Real>;
      B::template sum_rows<Real>(n, n, kernel, sums);
      B::template maximum_to<Real>(n, kernel, out);
      B::template add_bias<Activation::relu>(n, n, out, n, in);
      B::add_row_sums(n, n, in, n, out);
    };

// From one field, and from the parts of several; the adjoint likewise.
template <class B, class Real>
concept HasCouplings =
    requires {
      { B::template scratch<ProbeStencil, ProbeGrid> } -> std::convertible_to<std::size_t>;
    } &&
    requires(const Real* in, Real* out, Parts<const Real, 1> one, Parts<const Real, 2> two) {
      B::template couple<ProbeStencil, ProbeGrid, Activation::none>(in, one, out, out);
      B::template couple<ProbeStencil, ProbeGrid, Activation::none>(in, two, out, out);
    } &&
    requires(const Real* in, Real* out, Parts<const Real, 1> one, Parts<const Real, 2> two,
             Parts<Real, 1> to_one, Parts<Real, 2> to_two) {
      B::template couple_adjoint<ProbeStencil, ProbeGrid>(in, one, in, to_one, out, out);
      B::template couple_adjoint<ProbeStencil, ProbeGrid>(in, two, in, to_two, out, out);
    };

template <class B, class Real>
concept HasProducts = requires(std::size_t n, const Real* in, Real* out) {
  B::template multiply<2, 3, 4>(in, n, in, n, out, n);
  B::template multiply<2, 3, 4, true>(in, n, in, n, out, n);
  B::template multiply_transposed<2, 3, 4>(in, n, in, n, out, n);
  B::template multiply_outer<2, 3, 4>(in, n, in, n, out, n);
};

/// The vocabulary for fields of Real.
template <class B, class Real>
concept Speaks = HasMemory<B, Real> && HasMaps<B, Real> && HasCouplings<B, Real> && HasProducts<B, Real>;

}  // namespace detail

/// A backend: the whole vocabulary, in float and in double, all of it public. Every operation that sets or
/// adds says so where it is defined (backend/cpu/scalar.hpp is the specification).
template <class B>
concept Backend = std::is_class_v<B> && requires {
  { B::name } -> std::convertible_to<std::string_view>;
  B::wait();
} && detail::Speaks<B, float> && detail::Speaks<B, double>;

/// Whether B's operations may run after the call that asks for them has returned.
template <class B>
inline constexpr bool queued = [] {
  if constexpr (requires { B::queued; }) return bool{B::queued};
  else return false;
}();

/// A backend whose arrays the host reads and writes, as soon as an operation has returned.
template <class B>
concept HostBackend =
    Backend<B> && !queued<B> && std::same_as<typename B::template Memory<float>, Buffer<float>> &&
    std::same_as<typename B::template Memory<double>, Buffer<double>>;

}  // namespace nwm
