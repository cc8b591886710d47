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
//   couple     a stencil over a grid, and its adjoint (stencil.hpp)
//   multiply   dense products of row-major matrices with sizes known at compile time
//
// Layers and models touch the memory of fields and parameters through these words only, so that it may lie
// where the host cannot read it. A backend may carry them out later, in the order in which they were asked
// for (`queued`); then only sum, maximum and download give numbers to the host, and they wait. How many
// images a backend takes at a time: pass.hpp.
#pragma once

#include <concepts>
#include <cstddef>
#include <string_view>
#include <type_traits>

#include "nwm/cell/activation.hpp"
#include "nwm/grid/grid.hpp"
#include "nwm/grid/stencil.hpp"

namespace nwm {

namespace detail {
struct ProbeKernel {
  template <class Lane>
  constexpr typename Lane::Value operator()(Lane lane) const {
    return lane.load(static_cast<const float*>(nullptr));
  }
};
}  // namespace detail

/// A host backend. Every operation that sets or adds says so where it is defined (backend/cpu/scalar.hpp is
/// the specification).
template <class B>
concept Backend = std::is_class_v<B> && requires {
  { B::name } -> std::convertible_to<std::string_view>;
} && requires(std::size_t n, const float* in, float* out, double* sums) {
  typename B::template Memory<float>;
  typename B::template Memory<double>;
  typename B::template Managed<float>;
  typename B::template Staging<float>;
  B::wait();
  B::upload(n, in, out);
  B::download(n, in, out);
  B::copy(n, in, out);
  B::copy_rows(n, n, in, n, out, n);
  B::fill(n, 0.0F, out);
  B::template add_bias<Activation::relu>(n, n, out, n, in);
  B::add_row_sums(n, n, in, n, out);
  B::template map<float>(n, detail::ProbeKernel{});
  { B::template sum<float>(n, detail::ProbeKernel{}) } -> std::convertible_to<double>;
  B::template map_rows<float>(n, n, detail::ProbeKernel{});
  B::template sum_rows<float>(n, n, detail::ProbeKernel{}, sums);
  B::template maximum_to<float>(n, detail::ProbeKernel{}, out);
  B::template multiply<2, 2, 2>(in, n, in, n, out, n);
};

/// Whether B's operations may run after the call that asks for them has returned.
template <class B>
inline constexpr bool queued = [] {
  if constexpr (requires { B::queued; }) return bool{B::queued};
  else return false;
}();

}  // namespace nwm
