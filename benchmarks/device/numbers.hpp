// Backend memory filled with numbers. (Zeros could hide mistakes and run faster than real data.)
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "../inputs.hpp"

namespace device_bench {

/// `size` numbers in [low, high): one random block, repeated.
template <class B>
class Numbers {
 public:
  Numbers(std::size_t size, double low, double high, std::uint64_t seed = 1) : memory_(size) {
    if (size == 0) return;
    const auto block = bench::random_numbers(std::min(size, std::size_t{1} << 20), low, high, seed);
    B::upload(block.size(), block.data(), memory_.data());
    B::wait();
    for (std::size_t there = block.size(); there < size; there *= 2)
      B::copy(std::min(there, size - there), static_cast<const float*>(memory_.data()),
              memory_.data() + there);
    B::wait();
  }
  float* data() { return memory_.data(); }
  const float* data() const { return memory_.data(); }
  std::size_t size() const { return memory_.size(); }

 private:
  typename B::template Memory<float> memory_;
};

}  // namespace device_bench
