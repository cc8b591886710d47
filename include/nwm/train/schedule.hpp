// Learning-rate schedules: the factor on the base rate as a function of the share of training done.
#pragma once

#include <cmath>
#include <functional>
#include <numbers>

namespace nwm {

/// Factor for a share in [0, 1) of all planned steps.
using Schedule = std::function<double(double)>;

namespace schedule {

/// Where a schedule is looked at to know it: at place(0) … place(places − 1), equally spaced shares.
inline constexpr int places = 32;
constexpr double place(int i) { return static_cast<double>(i) / places; }

inline Schedule constant() {
  return [](double) { return 1.0; };
}

/// Half a cosine from 1 down to `last`, after a linear rise over the first `warmup` share of the steps.
inline Schedule cosine(double last = 0, double warmup = 0) {
  return [=](double done) {
    if (done < warmup) return done / warmup;
    const double share = (done - warmup) / (1 - warmup);
    return last + (1 - last) * 0.5 * (1 + std::cos(std::numbers::pi * share));
  };
}

/// The factor falls by `gamma` at each of `times` equally spaced points.
inline Schedule step(double gamma, int times) {
  return [=](double done) { return std::pow(gamma, std::floor(done * (times + 1))); };
}

}  // namespace schedule
}  // namespace nwm
