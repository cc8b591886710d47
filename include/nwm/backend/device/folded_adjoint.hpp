// The adjoint of a stencil in its data, for boundaries whose adjoint folds the halo back.
#pragma once

#include <array>
#include <cstddef>

namespace nwm::device {

/// Adds to the gradient with respect to a stencil's input, at (channel, site), given the gradient with
/// respect to its output (S::out, sites). The input comes in parts of S::in/parts channels over G; null parts
/// are left out. A kernel of `map` over S::in·sites.
template <class S, class G, class Real, std::size_t parts>
struct FoldedAdjoint {
  static constexpr std::size_t each = S::in / parts;

  const Real* parameters;
  const Real* gradient;
  std::array<Real*, parts> to;

  template <class Lane>
  constexpr void operator()(Lane lane) const {
    const std::size_t c = lane.index / G::sites, at = lane.index % G::sites;
    if (!to[c / each]) return;
    const std::size_t image = at / (G::height * G::width) * G::height;
    const std::size_t y = at / G::width % G::height, x = at % G::width;
    Real sum(0);
    for (std::size_t tap = 0; tap < S::taps; ++tap) {
      const Senders rows = senders(y, tap / S::size, G::height),
                    columns = senders(x, tap % S::size, G::width);
      for (std::size_t r = 0; r < rows.count; ++r)
        for (std::size_t k = 0; k < columns.count; ++k) {
          const std::size_t site = (image + rows.at[r]) * G::width + columns.at[k];
          for (std::size_t o = 0; o < S::out; ++o)
            sum += parameters[(o * S::in + c) * S::taps + tap] * gradient[o * G::sites + site];
        }
    }
    to[c / each][c % each * G::sites + at] += sum;
  }

 private:
  /// The outputs along one axis that read index i through a tap: its neighbour, and an edge whose halo
  /// repeats i.
  struct Senders {
    std::array<std::size_t, 2> at{};
    std::size_t count = 0;
  };
  static constexpr Senders senders(std::size_t i, std::size_t tap, std::size_t length) {
    const auto n = static_cast<std::ptrdiff_t>(length), to = static_cast<std::ptrdiff_t>(i);
    const auto offset = static_cast<std::ptrdiff_t>(tap) - static_cast<std::ptrdiff_t>(S::size / 2);
    Senders result;
    if (const auto from = to - offset; from >= 0 && from < n)
      result.at[result.count++] = static_cast<std::size_t>(from);
    if (offset < 0 && S::Boundary::source(-1, n) == to) result.at[result.count++] = 0;
    if (offset > 0 && S::Boundary::source(n, n) == to) result.at[result.count++] = length - 1;
    return result;
  }
};

}  // namespace nwm::device
