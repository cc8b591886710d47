// What a wave that stays on chip keeps where: the facts that the resident kernels share.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include "nwm/backend/device/shared_memory.hpp"
#include "nwm/backend/device/strip.hpp"
#include "nwm/memory/for_constants.hpp"
#include "nwm/tape/segment.hpp"

namespace nwm::device {

/// Products that a thread's unrolled loops over a stencil may have, forward and backward: nvcc 13.0 keeps
/// those of the wave cell at 64×64×2 (288) and backward those of the LSTM (2304) in registers, but spills
/// 3.6 KB of each thread for the LSTM forward.
inline constexpr std::size_t unroll_forward = 1000, unroll_backward = 3000;

/// The products of the largest stencil of a cell where a thread owns `rows` sites.
template <class TimeSegment>
constexpr std::size_t unrolled(std::size_t rows) {
  return model::largest_of<TimeSegment::stages>(
      [=](auto s) { return rows * TimeSegment::template StencilAt<s>::weights; });
}

/// Where each field of a cell stands while its waves are resident: fields that a 3×3 stencil gathers in
/// shared memory, twice where their writer gathers them itself (it reads the one and writes the other, in
/// turns); all others in the registers of the thread that owns the site.
template <class TimeSegment>
struct Residence {
  static constexpr std::size_t fields = TimeSegment::fields;

  /// The sizes that decide it.
  struct Facts {
    std::array<bool, fields> gathered{}, twice{};
    std::array<std::size_t, fields> place{};  ///< among the shared copies, or among the registers'
    std::size_t copies = 0, registers = 0;
    bool one_writer = true;  ///< of every field; more would need more copies
  };
  static constexpr Facts facts = [] {
    Facts all;
    std::array<std::size_t, fields> writers{};
    for_constants<TimeSegment::stages>([&](auto s) {
      using S = typename TimeSegment::template Stage<s>;
      for (const std::size_t f : S::writes) ++writers[f];
      for (const std::size_t f : S::from) {
        if (S::coupling.size == 1) continue;
        all.gathered[f] = true;
        if (cell::position(S::writes, f) < S::writes.size()) all.twice[f] = true;
      }
    });
    for (std::size_t f = 0; f < fields; ++f) {
      all.one_writer = all.one_writer && writers[f] <= 1;
      if (all.gathered[f]) {
        all.place[f] = all.copies;
        all.copies += all.twice[f] ? 2 : 1;
      } else {
        all.place[f] = all.registers++;
      }
    }
    return all;
  }();
};

/// Where the weights of each stage begin in shared memory, and how many numbers all of them take.
template <class TimeSegment, bool back, std::size_t s>
constexpr std::size_t weights_offset() {
  constexpr std::size_t sum = model::sum_of<s>(
      [](auto k) { return Weights<typename TimeSegment::template StencilAt<k>, back>::size; });
  return sum;
}

/// Copies all parameters to `to` in the order of Weights: thread number `thread` of `threads` its part.
template <class TimeSegment, bool back, class Real>
constexpr void load_weights(const Real* parameters, Real* to, std::size_t thread, std::size_t threads) {
  for_constants<TimeSegment::stages>([&](auto s) {
    using S = typename TimeSegment::template StencilAt<s>;
    for (std::size_t p = thread; p < S::parameters; p += threads)
      to[weights_offset<TimeSegment, back, s>() + Weights<S, back>::place(p)] =
          parameters[TimeSegment::template offset<s>() + p];
  });
}

}  // namespace nwm::device
