// Learning-rate schedules: the factor on the base rate as a function of the share of training done.
#pragma once

#include <cmath>
#include <functional>
#include <numbers>

#include "nwm/options.hpp"

namespace nwm {

/// Factor for a share in [0, 1) of all planned steps.
using Schedule = std::function<double(double)>;

namespace schedule {

/// Where a schedule is looked at to know it: at place(0) … place(places − 1), equally spaced shares.
inline constexpr int places = 32;
/// Share number i.
constexpr double place(int i) { return static_cast<double>(i) / places; }

/// 1 all the way.
inline Schedule constant() {
  return [](double) { return 1.0; };
}

/// Half a cosine from 1 down to `last`, after a linear rise over the first `warmup` share of the steps.
/// Throws Error unless `last` is 0 or a positive number and `warmup` in [0, 1].
inline Schedule cosine(double last = 0, double warmup = 0) {
  require_option("schedule::cosine", "last", last, last >= 0 && std::isfinite(last),
                 "0 or a positive number");
  require_option("schedule::cosine", "warmup", warmup, warmup >= 0 && warmup <= 1, "a share from 0 to 1");
  return [=](double done) {
    if (done < warmup) return done / warmup;
    const double share = (done - warmup) / (1 - warmup);
    return last + (1 - last) * 0.5 * (1 + std::cos(std::numbers::pi * share));
  };
}

/// The factor falls by `gamma` at each of `times` equally spaced points. Throws Error unless `gamma` is 0 or
/// a positive number, and `times` 0 or more.
inline Schedule step(double gamma, int times) {
  require_option("schedule::step", "gamma", gamma, gamma >= 0 && std::isfinite(gamma),
                 "0 or a positive number");
  require_option("schedule::step", "times", times, times >= 0, "0 or more");
  return [=](double done) { return std::pow(gamma, std::floor(done * (times + 1))); };
}

}  // namespace schedule
}  // namespace nwm
