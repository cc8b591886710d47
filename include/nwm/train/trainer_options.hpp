// How a training goes, and whether that makes sense.
#pragma once

#include "nwm/push_macros.inc"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>

#include "nwm/error.hpp"
#include "nwm/options.hpp"
#include "nwm/train/schedule.hpp"

namespace nwm {

/// Defaults are the study's protocol.
struct TrainerOptions {
  double learning_rate = 1e-3;  ///< of a step, at its largest
  std::size_t batch = 64;       ///< images a step; the last partial batch of an epoch is dropped
  std::size_t epochs = 300;     ///< at most
  Schedule schedule{};          ///< factor on the learning rate; constant when empty
  double clip_norm = 0;         ///< gradients longer than this are scaled down to it; 0: never
  std::size_t patience = 302;   ///< stop after so many epochs without improvement
  /// A validation loss counts as better when it is lower than that of the best weights by more than this: the
  /// study's protocol. So best() need not have the lowest loss of all epochs. Where losses are small (mean
  /// squares, say), set 0: then every lower loss counts.
  double improvement = 1e-3;
  std::uint64_t seed = 0;   ///< of the shuffling
  std::size_t threads = 0;  ///< 0: all
  /// Partial gradients a batch is made of, 65536 at most: part of the result, unlike threads.
  std::size_t shards = 16;
};

/// The most shards a batch may be made of.
inline constexpr std::size_t most_shards = 65536;

/// Throws Error, naming the option, unless all make sense in a model that counts in Real.
template <class Real>
void require_trainer_options(const TrainerOptions& o) {
  const auto require = [](const char* field, double value, bool fine, const char* expected) {
    require_option("TrainerOptions", field, value, fine, expected);
  };
  const char* positive = "a positive number";
  const auto count = [](std::size_t n) { return static_cast<double>(n); };
  require("learning_rate", o.learning_rate, o.learning_rate > 0 && std::isfinite(o.learning_rate), positive);
  require("batch", count(o.batch), o.batch > 0, positive);
  require("shards", count(o.shards), o.shards > 0 && o.shards <= most_shards, "from 1 to 65536");
  require("patience", count(o.patience), o.patience > 0, positive);
  require("clip_norm", o.clip_norm, o.clip_norm >= 0, "a positive number, or 0 for none");
  require("improvement", o.improvement, o.improvement >= 0 && std::isfinite(o.improvement),
          "0 or a positive number");
  require_in<Real>("TrainerOptions", "learning_rate", o.learning_rate);
  require_in<Real>("TrainerOptions", "clip_norm", o.clip_norm);
  if (o.schedule)
    for (int i = 0; i < schedule::places; ++i) {
      const double share = schedule::place(i), factor = o.schedule(share);
      require_option("TrainerOptions", "schedule(" + shown(share) + ")", factor,
                     factor >= 0 && std::isfinite(factor), "0 or a positive number");
    }
}

}  // namespace nwm

#include "nwm/pop_macros.inc"
