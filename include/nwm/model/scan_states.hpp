// The states of a LinOSS over a long sequence, as a scan over time.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "nwm/backend/cpu/simd.hpp"
#include "nwm/backend/kernels.hpp"
#include "nwm/backend/threads.hpp"
#include "nwm/cell/lin_oss.hpp"
#include "nwm/error.hpp"
#include "nwm/layer/field_numbers.hpp"
#include "nwm/memory/array.hpp"
#include "nwm/memory/buffer.hpp"
#include "nwm/memory/layout.hpp"
#include "nwm/time/linear_scan.hpp"

namespace nwm {

namespace detail {
template <class Cell>
inline constexpr bool is_lin_oss = false;
template <cell::Scheme scheme>
inline constexpr bool is_lin_oss<cell::LinOss<scheme>> = true;

/// The parameters of a slice, by its name.
template <class Model>
std::span<const typename Model::Real> slice_of(const Model& model, std::string_view name) {
  for (const Slice& slice : Model::layout.slices)
    if (slice.name.view() == name)
      return std::span<const typename Model::Real>(model.parameters()).subspan(slice.offset, slice.size);
  throw Error("scan_states", "parameters", std::string(name), "none of that name");
}
}  // namespace detail

/// The recorded states (T, 2, units), real parts before imaginary ones, of a SequenceMachine of cell::LinOss
/// on processors over one sequence (T, inputs), T as long as the sequence is. `start` (4, units): x_re, x_im,
/// z_re, z_im, empty: at rest. Time runs in chunks over `threads` threads (0: all): the numbers of
/// nwm::record, to rounding, and the same whatever the threads. Throws Error where a length does not fit.
template <class Model>
requires detail::is_lin_oss<typename Model::Cell>
Array<typename Model::Real> scan_states(const Model& model, std::span<const typename Model::Real> sequence,
                                        std::span<const typename Model::Real> start = {},
                                        std::size_t threads = 0) {
  using Real = typename Model::Real;
  using Cell = typename Model::Cell;
  using B = cpu::Simd<>;
  constexpr std::size_t inputs = Model::shape.input_size(), sites = Model::shape.sites(),
                        units = Model::channels * sites;
  // Columns: the units' real parts, then their imaginary ones; none but whole packs, which are fast.
  constexpr std::size_t used = 2 * units, pack = buffer_alignment / sizeof(Real),
                        columns = (used + pack - 1) / pack * pack;
  const std::size_t steps = sequence.size() / inputs;
  if (steps * inputs != sequence.size())
    throw Error("scan_states", "numbers of the sequence", "a multiple of " + std::to_string(inputs),
                std::to_string(sequence.size()));
  if (!start.empty() && start.size() != 2 * used)
    throw Error("scan_states", "numbers of the start", std::to_string(2 * used),
                std::to_string(start.size()));

  Buffer<Real> block(6 * columns), weights(inputs * columns), from(2 * columns);
  const auto square = detail::slice_of(model, "cell.A_diag"), delta = detail::slice_of(model, "cell.steps"),
             b = detail::slice_of(model, "cell.B");
  for (std::size_t c = 0; c < used; ++c) {
    const std::size_t unit = c % units, part = c / units;
    const auto all =
        Cell::linear_step(kernel::transformed<cell::field<Cell>(Cell::a).transform>(square[unit / sites]),
                          kernel::transformed<cell::field<Cell>(Cell::delta).transform>(delta[unit / sites]));
    for (std::size_t j = 0; j < 6; ++j) block[j * columns + c] = all[j];
    for (std::size_t i = 0; i < inputs; ++i) weights[i * columns + c] = b[(unit * inputs + i) * 2 + part];
    for (std::size_t k = 0; !start.empty() && k < 2; ++k) from[k * columns + c] = start[k * used + c];
  }

  Buffer<Real> force(steps * columns), x(steps * columns), z(steps * columns);
  const std::size_t wanted = thread_count(threads), parts = std::min(steps, 4 * wanted);
  spread_over_threads(parts, wanted, [&](std::size_t part, std::size_t) {  // B u of all steps
    for (std::size_t t = part * steps / parts; t < (part + 1) * steps / parts; ++t)
      for (std::size_t i = 0; i < inputs; ++i)
        B::template map_rows<Real>(
            1, columns,
            kernel::AddRows<Real>{columns, columns, columns, weights.data() + i * columns,
                                  force.data() + t * columns, static_cast<double>(sequence[t * inputs + i])});
  });
  const Real* m = block.data();
  const model::LinearScan<B, Real> scan{
      {columns, {m, m + columns, m + 2 * columns, m + 3 * columns}, {m + 4 * columns, m + 5 * columns}},
      steps,
      steps / 64,  // long enough that joining them costs little
      wanted};
  Buffer<Real> scratch(scan.scratch());
  scan.run(force.data(), from.data(), x.data(), z.data(), scratch.data());
  Array<Real> states({steps, 2, units});
  B::copy_rows(steps, used, static_cast<const Real*>(x.data()), columns, states.values.data(), used);
  return states;
}

}  // namespace nwm

#include "nwm/pop_macros.inc"
