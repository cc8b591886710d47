// One small random number generator. It gives the same numbers on every platform and compiler, which the
// standard library's distributions do not promise. It is not for cryptography.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace nwm {

/// SplitMix64 (Steele, Lea, Flood 2014): a 64-bit counter through a bijective mixer.
class Random {
 public:
  /// The stream of a seed. Equal seeds give equal numbers.
  explicit Random(std::uint64_t seed) : state_(seed) {}

  /// An independent stream for each pair of numbers, e.g. (seed, epoch).
  Random(std::uint64_t seed, std::uint64_t stream) : state_(seed) {
    state_ = bits() ^ (stream * 0xD1342543DE82EF95ull);
    bits();
  }

  /// 64 uniformly distributed bits.
  std::uint64_t bits() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ull);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
  }

  /// Uniform in [0, 1), with 53 random bits.
  double uniform() { return static_cast<double>(bits() >> 11) * 0x1.0p-53; }

  /// Uniform in [low, high).
  double uniform(double low, double high) { return low + (high - low) * uniform(); }

  /// Uniform integer in [0, count); count > 0. The bias of the multiplication method is below 2^-32 for
  /// count < 2^32.
  std::size_t below(std::size_t count) {
    return static_cast<std::size_t>(((bits() >> 32) * static_cast<std::uint64_t>(count)) >> 32);
  }

  /// Shuffles `items` in place (Fisher–Yates).
  template <class T>
  void shuffle(std::span<T> items) {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

 private:
  std::uint64_t state_;
};

}  // namespace nwm
