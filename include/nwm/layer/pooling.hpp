// Maximum over 2×2 sites, halving the grid.
#pragma once

#include <array>
#include <cstddef>

namespace nwm::layer {

/// out(c, y, x) = max of in(c, 2y..2y+1, 2x..2x+1); height and width of the input must be even. The gradient
/// goes to the first of equal maxima, row by row, as in PyTorch.
template <std::size_t channels, std::size_t height, std::size_t width>
struct MaxPool {
  static_assert(height % 2 == 0 && width % 2 == 0, "MaxPool: height and width must be even");

  /// Sets out (channels, height/2, width/2).
  template <class Real>
  static void forward(const Real* in, Real* out) {
    visit([&](std::size_t to, std::size_t from) { out[to] = in[largest(in, from)]; });
  }

  /// Adds to in_gradient (channels, height, width).
  template <class Real>
  static void backward(const Real* in, const Real* gradient, Real* in_gradient) {
    visit([&](std::size_t to, std::size_t from) { in_gradient[largest(in, from)] += gradient[to]; });
  }

 private:
  template <class F>
  static void visit(const F& f) {
    std::size_t to = 0;
    for (std::size_t row = 0; row < channels * height; row += 2)
      for (std::size_t x = 0; x < width; x += 2) f(to++, row * width + x);
  }
  template <class Real>
  static std::size_t largest(const Real* in, std::size_t corner) {
    std::size_t best = corner;
    for (const std::size_t other : std::array{corner + 1, corner + width, corner + width + 1})
      if (in[other] > in[best]) best = other;
    return best;
  }
};

}  // namespace nwm::layer
