// How machines that swing are trained, in the demo and for the page in a browser.
#pragma once

#include <CLI/CLI.hpp>
#include <cstddef>
#include <cstdint>
#include <nwm/nwm.hpp>

#include "command_line.hpp"
#include "shared_machines.hpp"

namespace shared {

/// How long and how fast a machine trains, as a command line says it.
struct Training {
  std::size_t images, epochs = 12;
  std::uint64_t seed = 0;
  std::size_t threads = 0;
  double learning_rate = 3e-3;

  void add_to(CLI::App& app) {
    app.add_option("--images", images, "Training images")->capture_default_str()->check(command_line::count);
    app.add_option("--epochs", epochs, "Times each is seen")
        ->capture_default_str()
        ->check(command_line::count);
    app.add_option("--learning-rate", learning_rate, "The highest of the schedule")
        ->capture_default_str()
        ->check(command_line::positive);
    app.add_option("--seed", seed, "Of images, weights and order")
        ->capture_default_str()
        ->check(command_line::natural);
    app.add_option("--threads", threads, "0: all there are")
        ->capture_default_str()
        ->check(command_line::natural);
  }
};

template <class Machine>
using Trainer = nwm::Trainer<Machine, nwm::loss::CrossEntropy, nwm::optimizer::AdamW>;

/// A trainer of a machine that begins with a pitch of its own in each channel.
template <class Machine>
Trainer<Machine> trainer(const Training& o) {
  return Trainer<Machine>({.learning_rate = o.learning_rate,
                           .batch = 16,
                           .epochs = o.epochs,
                           .schedule = nwm::schedule::cosine(0.02, 0.15),
                           .clip_norm = 1,
                           .seed = o.seed,
                           .threads = o.threads},
                          Machine({.seed = o.seed, .encoder_starts = pitches<Machine>()}), {},
                          {.beta2 = 0.99, .weight_decay = 0.1});
}

}  // namespace shared
