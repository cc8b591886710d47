// Random vectors and inner products.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

#include "nwm/random.hpp"

namespace tools {

inline std::vector<double> random_vector(std::size_t size, std::uint64_t seed, double low = -1,
                                         double high = 1) {
  nwm::Random random(seed);
  std::vector<double> v(size);
  for (double& x : v) x = random.uniform(low, high);
  return v;
}

inline double dot(const std::vector<double>& a, const std::vector<double>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

inline std::vector<double> minus(std::vector<double> a, const std::vector<double>& b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] -= b[i];
  return a;
}

/// |a − b| / (‖u‖ ‖v‖) for two ways a, b to the inner product of u and v.
inline double mismatch(double a, double b, const std::vector<double>& u, const std::vector<double>& v) {
  return std::abs(a - b) / std::sqrt(dot(u, u) * dot(v, v));
}

}  // namespace tools
