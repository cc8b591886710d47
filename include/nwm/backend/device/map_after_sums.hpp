// A map over rows that waits for a sum of each: its blocks add up a row's parts for themselves, so that no
// launch stands between the sums and what they are for.
#pragma once

#include <array>
#include <cstddef>

#include "nwm/backend/device/lane.hpp"
#include "nwm/backend/device/unroll.hpp"

namespace nwm::device {

/// Sets sums[2·r] and the next to the two sums of row r. A reduction's end (reduce.hpp).
struct SetTwo {
  double* to;
  constexpr void operator()(std::size_t r, std::array<double, 2> result) const {
    to[2 * r] = result[0];
    to[2 * r + 1] = result[1];
  }
};
/// The same of sections, `parts` a row: those of a row stand in a row `stride` long.
struct SetTwoStrided {
  std::size_t parts, stride;
  double* to;
  constexpr void operator()(std::size_t r, std::array<double, 2> result) const {
    SetTwo{to}(r / parts * stride + r % parts, result);
  }
};
/// Reads two sums.
struct ReadTwo {
  const double* from;
  template <class Lane>
  constexpr std::array<double, 2> operator()(Lane lane) const {
    return {from[2 * lane.index], from[2 * lane.index + 1]};
  }
};

/// kernel(lane, value) at every number of (rows, n), with value = setup(row, sums, first): sums[i] is the sum
/// of sums[2·(row·parts + p) + i] over p < parts. Every block of a row computes its value; in one of them
/// `first` is true. A body (block.hpp).
template <class Real, class Setup, class Kernel>
struct MapAfterSums {
  static constexpr std::size_t threads = 256;
  /// What the threads of a block share.
  struct Shared {
    std::array<std::array<double, 2>, threads> held;
    typename Setup::Value value;
  };
  struct Local {};

  /// Blocks of a row: each with numbers enough that the sum costs little beside them, but all of them enough
  /// to fill a GPU.
  static constexpr std::size_t sections_of(std::size_t rows, std::size_t n) {
    const std::size_t fewest = (n + 4095) / 4096, most = (n + threads - 1) / threads;
    const std::size_t full = (1024 + rows - 1) / (rows > 0 ? rows : 1);
    return fewest > full ? fewest : full < most ? full : most > 0 ? most : 1;
  }

  std::size_t blocks, sections, n, parts;
  const double* sums;
  Setup setup;
  Kernel kernel;

  template <class Block>
  constexpr void operator()(Block& block) const {
    const std::size_t row = block.index / sections, section = block.index % sections;
    const std::size_t each = (n + sections - 1) / sections;
    const std::size_t begin = row * n + smaller(n, section * each);
    const std::size_t end = row * n + smaller(n, (section + 1) * each);
    block.each([&](std::size_t thread, Local&) {
      std::array<double, 2> total{};
      for (std::size_t p = thread; p < parts; p += threads) {
        total[0] += sums[2 * (row * parts + p)];
        total[1] += sums[2 * (row * parts + p) + 1];
      }
      block.shared.held[thread] = total;
    });
    for (std::size_t half = threads / 2; half > 0; half /= 2) {
      if (half >= parts) continue;  // zeros
      block.each([&](std::size_t thread, Local&) {
        if (thread >= half) return;
        block.shared.held[thread][0] += block.shared.held[thread + half][0];
        block.shared.held[thread][1] += block.shared.held[thread + half][1];
      });
    }
    block.each([&](std::size_t thread, Local&) {
      if (thread == 0) block.shared.value = setup(row, block.shared.held[0], section == 0);
    });
    block.each([&](std::size_t thread, Local&) {
      const auto value = block.shared.value;
      for (std::size_t i = begin + thread; i < end; i += threads) kernel(Lane<Real>{i}, value);
    });
  }
};

}  // namespace nwm::device
