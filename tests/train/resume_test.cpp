// A run that is stopped, saved, loaded by another trainer and continued ends with the bits of one that ran
// through.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE train_resume

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/train/saved_training.hpp"
#include "nwm/train/trainer.hpp"
#include "tools.hpp"

namespace {

using Machine = tools::Small<nwm::cpu::Scalar>;
using Trainer = nwm::Trainer<Machine, nwm::loss::CrossEntropy, nwm::optimizer::AdamW>;
using nwm::Progress;
const std::filesystem::path file = "resume_test.safetensors";

const nwm::data::Dataset& train() {
  static const auto set = tools::blocks(18, 1);
  return set;
}
const nwm::data::Dataset& validation() {
  static const auto set = tools::blocks(5, 2);
  return set;
}

// Four steps an epoch; validation that gets better and worse.
nwm::TrainerOptions options() {
  return {.learning_rate = 0.3,
          .batch = 4,
          .epochs = 6,
          .schedule = nwm::schedule::cosine(0.1, 0.1),
          .clip_norm = 1,
          .improvement = 0.03,
          .seed = 9,
          .threads = 1};
}

/// What a run tells and leaves.
struct Run {
  std::vector<double> told;
  std::vector<float> current, best, first_moment, second_moment;
  nwm::TrainerState state;

  void tell(const Progress& p) {
    for (const std::size_t n : {p.epoch, p.step, p.images}) told.push_back(static_cast<double>(n));
    told.push_back(p.loss);
    // What belongs to a step, or to the end of an epoch.
    told.push_back(p.epoch_end ? p.validation.loss : p.gradient_norm);
    told.push_back(p.epoch_end && p.improved ? 1.0 : 0.0);
  }
  void end(Trainer& t) {
    current.assign(t.current().parameters().begin(), t.current().parameters().end());
    best.assign(t.best().parameters().begin(), t.best().parameters().end());
    first_moment.assign(t.optimizer().state(0).begin(), t.optimizer().state(0).end());
    second_moment.assign(t.optimizer().state(1).begin(), t.optimizer().state(1).end());
    state = t.state();
  }
};

void require_same(const Run& run, const Run& whole) {
  BOOST_TEST((run.current == whole.current));
  BOOST_TEST((run.best == whole.best));
  BOOST_TEST((run.first_moment == whole.first_moment));
  BOOST_TEST((run.second_moment == whole.second_moment));
  BOOST_TEST(run.state.epoch == whole.state.epoch);
  BOOST_TEST(run.state.step == whole.state.step);
  BOOST_TEST(run.state.stale == whole.state.stale);
  BOOST_TEST(run.state.images == whole.state.images);
  BOOST_TEST(run.state.loss_sum == whole.state.loss_sum);
  BOOST_TEST(run.state.best_loss == whole.state.best_loss);
  // What is told after the stop is what the whole run told from there on.
  BOOST_TEST_REQUIRE(run.told.size() <= whole.told.size());
  BOOST_TEST(std::equal(run.told.rbegin(), run.told.rend(), whole.told.rbegin()));
}

const Run& whole() {
  static const Run result = [] {
    Run run;
    Trainer trainer(options());
    trainer.fit(train(), validation(), [&](const Progress& p) { run.tell(p); });
    run.end(trainer);
    return run;
  }();
  return result;
}

/// Another trainer, with other weights to begin with, goes on from the file.
Run resumed(std::size_t threads = 1) {
  nwm::TrainerOptions o = options();
  o.threads = threads;
  Trainer trainer(o, Machine({.seed = 77}));
  nwm::load_training(trainer, file);
  Run run;
  trainer.fit(train(), validation(), [&](const Progress& p) { run.tell(p); });
  run.end(trainer);
  return run;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_run_is_worth_resuming) {
  BOOST_TEST((whole().best != whole().current));  // so that both have to be kept
  BOOST_TEST(whole().state.stale > 0u);
  BOOST_TEST(whole().told.size() == 6u * 6 * 5);
}

BOOST_AUTO_TEST_CASE(stopped_at_any_call_and_saved_after_it) {
  // Five calls an epoch: after steps 1 to 4, and at its end.
  for (const int stop : {1, 3, 4, 5, 6, 9, 10, 13, 29, 30}) {
    BOOST_TEST_CONTEXT("stopped at call " << stop) {
      Trainer trainer(options());
      int calls = 0;
      trainer.fit(train(), validation(), [&](const Progress&) { return ++calls < stop; });
      BOOST_TEST(calls == stop);
      nwm::save_training(trainer, file);
      const Run run = resumed();
      require_same(run, whole());
      BOOST_TEST(run.told.size() == 6u * static_cast<std::size_t>(30 - stop));
    }
  }
}

BOOST_AUTO_TEST_CASE(saved_from_within_the_callback) {
  for (const int when : {2, 4, 5, 10, 14, 15}) {
    BOOST_TEST_CONTEXT("saved in call " << when) {
      Trainer trainer(options());
      int calls = 0;
      trainer.fit(train(), validation(), [&](const Progress&) {
        if (++calls == when) nwm::save_training(trainer, file);
      });
      const Run run = resumed();
      require_same(run, whole());
      BOOST_TEST(run.told.size() == 6u * static_cast<std::size_t>(30 - when));
    }
  }
}

BOOST_AUTO_TEST_CASE(on_another_number_of_threads) {
  Trainer trainer(options());
  int calls = 0;
  trainer.fit(train(), validation(), [&](const Progress&) { return ++calls < 7; });
  nwm::save_training(trainer, file);
  require_same(resumed(3), whole());
}

BOOST_AUTO_TEST_CASE(stopped_and_resumed_again_and_again) {
  {
    Trainer trainer(options());
    nwm::save_training(trainer, file);
  }
  for (int i = 0; i < 40; ++i) {
    Trainer trainer(options(), Machine({.seed = 5}));
    nwm::load_training(trainer, file);
    trainer.fit(train(), validation(), [](const Progress&) { return false; });
    nwm::save_training(trainer, file);
  }
  Run run = resumed();
  require_same(run, whole());
  BOOST_TEST(run.told.empty());
}

BOOST_AUTO_TEST_CASE(the_same_trainer_goes_on) {
  Trainer trainer(options());
  Run run;
  int calls = 0;
  trainer.fit(train(), validation(), [&](const Progress& p) {
    run.tell(p);
    return ++calls < 12;
  });
  trainer.fit(train(), validation(), [&](const Progress& p) { run.tell(p); });
  run.end(trainer);
  require_same(run, whole());
}

BOOST_AUTO_TEST_CASE(with_another_number_of_images) {
  // As many steps an epoch, but another order.
  const auto more = tools::blocks(19, 1);
  Trainer trainer(options());
  int calls = 0;
  trainer.fit(train(), validation(), [&](const Progress&) { return ++calls < 7; });
  nwm::save_training(trainer, file);
  const auto refused = [&](Trainer& t) {
    BOOST_CHECK_EXCEPTION(t.fit(more, validation()), nwm::Error, [](const nwm::Error& e) {
      return e.where() == "blocks" && e.field() == "images" && e.expected().starts_with("18") &&
             e.found() == "19";
    });
    BOOST_TEST(t.optimizer().steps() == 6u);
  };
  refused(trainer);
  Trainer loaded(options());
  nwm::load_training(loaded, file);
  refused(loaded);
  // Another run is free to, and so is one whose file does not say.
  const auto goes_on = [&](Trainer& t) {
    t.fit(more, validation(), [](const Progress&) { return false; });
    BOOST_TEST(t.optimizer().steps() == 7u);
    BOOST_TEST(t.state().set_images == 19u);
  };
  Trainer other(options());
  nwm::load_training(other, file, nwm::Resume::with_other_options);
  goes_on(other);
  auto silent = nwm::io::read_safetensors(file);
  silent.tensors.erase("trainer.set");
  nwm::io::write_safetensors(file, silent);
  Trainer old(options());
  nwm::load_training(old, file);
  goes_on(old);
  trainer.start_from(trainer.best());
  trainer.fit(more, validation(), [](const Progress&) { return false; });
  BOOST_TEST(trainer.state().set_images == 19u);
}
