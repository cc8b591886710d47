// Training over ranks: exactly, it has the bits of one process for any ranks, shards and threads, and goes
// on with any number of them; fast, it stays beside it; only rank 0 speaks; and a rank that is not as the
// others, or fails, is told by all.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE mpi_training

#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <vector>

#include "../train/tools.hpp"
#include "bright.hpp"
#include "nwm/backend/cpu/simd.hpp"
#include "nwm/cell/co_rnn.hpp"
#include "nwm/data/tasks.hpp"
#include "nwm/loss/mean_squares.hpp"
#include "nwm/model/sequence_machine.hpp"
#include "nwm/mpi/trainer.hpp"
#include "nwm/optimizer/sgd.hpp"
#include "nwm/train/saved_training.hpp"
#include "ranks.hpp"

namespace {

using nwm::mpi::Communicator, nwm::mpi::Sum;
using ranks::Ranks, ranks::world;

BOOST_TEST_GLOBAL_FIXTURE(Ranks);

/// One image a pass, and several abreast.
using Machine = tools::Small<nwm::cpu::Simd<>>;
using Units = nwm::SequenceMachine<nwm::SequenceShape{
                                       .inputs = 2, .steps = 12, .oscillators = 8, .outputs = 1, .lanes = 4},
                                   nwm::cell::CoRnn>;
static_assert(std::is_same_v<nwm::ExecutorOf<Machine>, nwm::PerImageExecutor<Machine>>);
static_assert(std::is_same_v<nwm::ExecutorOf<Units, nwm::loss::MeanSquares>,
                             nwm::PassExecutor<Units, nwm::loss::MeanSquares>>);

template <class Model>
struct Task;
template <>
struct Task<Machine> {
  using Loss = nwm::loss::CrossEntropy;
  static auto set(std::size_t images, std::uint64_t seed) { return tools::blocks(images, seed); }
};
template <>
struct Task<Units> {
  using Loss = nwm::loss::MeanSquares;
  static auto set(std::size_t images, std::uint64_t seed) { return nwm::data::adding_task(images, 12, seed); }
};

struct Outcome {
  std::vector<float> current, best, first_moment, second_moment;
  std::vector<double> losses, curve;
  double test = 0;
  bool operator==(const Outcome&) const = default;
};

/// What a trainer makes of some epochs, on the rank that its callback is called on.
template <class Trainer>
Outcome outcome(Trainer& trainer) {
  using Sets = Task<typename Trainer::Model>;
  static const auto train = Sets::set(50, 1), validation = Sets::set(9, 2);
  Outcome o;
  trainer.fit(train, validation, [&](const typename Trainer::Progress& p) {
    (p.epoch_end ? o.curve : o.losses).push_back(p.epoch_end ? p.validation.loss : trainer.last_loss());
  });
  const auto copy = [](auto span) { return std::vector<float>(span.begin(), span.end()); };
  o.current = copy(trainer.current().parameters());
  o.best = copy(trainer.best().parameters());
  o.first_moment = copy(trainer.optimizer().state(0));
  o.second_moment = copy(trainer.optimizer().state(1));
  o.test = trainer.evaluate(validation).loss;
  return o;
}

nwm::TrainerOptions options(std::size_t batch, std::size_t shards, std::size_t threads) {
  return {.learning_rate = 1e-2,
          .batch = batch,
          .epochs = 2,
          .clip_norm = 0.5,
          .improvement = 0,
          .threads = threads,
          .shards = shards};
}

template <class Model>
void has_the_bits_of_one_process(std::size_t batch, std::size_t shards, std::size_t threads) {
  using Loss = typename Task<Model>::Loss;
  const Communicator all = world();
  nwm::Trainer<Model, Loss> alone(options(batch, shards, 1));
  Outcome expected = outcome(alone);
  BOOST_TEST(expected.losses.size() == 2 * (50 / batch));
  nwm::mpi::Trainer<Model, Loss> together(all, options(batch, shards, threads));
  const Outcome found = outcome(together);
  if (!all.is_first()) {
    BOOST_TEST((found.losses.empty() && found.curve.empty()));
    expected.losses.clear(), expected.curve.clear();
  }
  BOOST_TEST((found == expected), batch << " images, " << shards << " shards, rank " << all.rank());
}

/// The largest difference of two lists, in units of the largest number.
double apart(const std::vector<float>& a, const std::vector<float>& b) {
  double difference = 0, largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference = std::max(difference, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
    largest = std::max(largest, std::abs(static_cast<double>(b[i])));
  }
  return difference / largest;
}

/// That `action` throws on every rank an Error that reads so.
template <class Expected = nwm::Error>
void all_are_told(const std::string& text, const std::function<void()>& action) {
  BOOST_CHECK_EXCEPTION(action(), Expected, [&](const nwm::Error& e) {
    if (e.what() != text) BOOST_TEST_MESSAGE(e.what());
    return e.what() == text;
  });
  world().barrier();  // nobody is left behind
}

struct Crooked : nwm::optimizer::Sgd {
  double more = 0;
  template <class F>
  void options(const F& f) const {
    Sgd::options(f);
  }
  auto rule(std::uint64_t t, double rate) const { return Sgd::rule(t, rate * (1 + more)); }
};

/// A folder that all ranks know, empty at first and removed by rank 0.
struct SharedFolder {
  const Communicator all = world();
  std::filesystem::path path;
  SharedFolder() {
    std::string name;
    if (all.is_first()) {
      name = (std::filesystem::temp_directory_path() / ("nwm-mpi-" + std::to_string(::getpid()))).string();
      std::filesystem::create_directory(name);
    }
    all.broadcast(name);
    path = name;
  }
  ~SharedFolder() {
    std::error_code code;
    if (all.is_first()) std::filesystem::remove_all(path, code);
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(exactly_it_has_the_bits_of_one_process) {
  has_the_bits_of_one_process<Machine>(16, 16, 1);
  has_the_bits_of_one_process<Machine>(10, 16, 2);  // fewer images than shards
  has_the_bits_of_one_process<Machine>(16, 2, 1);   // fewer shards than ranks
  has_the_bits_of_one_process<Machine>(25, 7, 3);   // shards of unequal size
  has_the_bits_of_one_process<Units>(25, 5, 1);     // the last pass is not full
}

BOOST_AUTO_TEST_CASE(fast_it_is_within_1e_5_of_one_process_after_20_steps) {
  const Communicator all = world();
  auto o = options(5, 5, 1);
  nwm::Trainer<Machine> alone(o);
  nwm::mpi::Trainer<Machine> fast(all, Sum::fast, o);
  const Outcome expected = outcome(alone), found = outcome(fast);
  BOOST_TEST(apart(found.current, expected.current) < 1e-5);
  if (all.is_first()) {
    BOOST_TEST_REQUIRE(found.losses.size() == 20u);
    for (std::size_t i = 0; i < 20; ++i)
      BOOST_TEST(std::abs(found.losses[i] - expected.losses[i]) < 1e-5 * expected.losses[i]);
  }
}

// A gradient of several pieces, which go from rank to rank one after the other: sums in the parts' order.
BOOST_AUTO_TEST_CASE(a_long_gradient_is_added_in_order) {
  const Communicator all = world();
  constexpr std::size_t size = 50000, parts = 6;
  const auto value = [](std::size_t part, std::size_t i) {
    return std::ldexp(1.0f + static_cast<float>(i % 1000) * 1e-3f, static_cast<int>(part * 5 % 13));
  };
  nwm::mpi::RankShards share;
  share.over(std::make_shared<const Communicator>(all.get()), Sum::exact);
  const nwm::ShardRange mine = share.shards(parts);
  std::vector<nwm::Buffer<float>> gradients;
  for (std::size_t p = mine.first; p < mine.end; ++p) {
    gradients.emplace_back(size);
    for (std::size_t i = 0; i < size; ++i) gradients.back()[i] = value(p, i);
  }
  const std::vector<double> losses(mine.count(), 0.1);
  std::vector<float> found(size), expected(size);
  const double loss = share.sum<nwm::cpu::Scalar>(std::span<const nwm::Buffer<float>>(gradients),
                                                  std::span<const double>(losses), std::span(found));
  double expected_loss = 0;
  for (std::size_t p = 0; p < parts; ++p) expected_loss += 0.1;
  for (std::size_t i = 0; i < size; ++i) {
    expected[i] = value(0, i);
    for (std::size_t p = 1; p < parts; ++p) expected[i] += value(p, i);
  }
  BOOST_TEST((found == expected));
  BOOST_TEST(loss == expected_loss);
}

BOOST_AUTO_TEST_CASE(it_goes_on_exactly_with_another_number_of_ranks) {
  const SharedFolder folder;
  const Communicator& all = folder.all;
  const std::string file = (folder.path / "training.safetensors").string();
  const auto o = options(10, 8, 1);
  const auto train = tools::blocks(50, 1), validation = tools::blocks(9, 2);
  nwm::Trainer<Machine> whole(o);
  whole.fit(train, validation);
  // One process begins, and all ranks go on: rank 0 alone has read the file.
  if (all.is_first()) {
    nwm::Trainer<Machine> alone(o);
    alone.fit(train, validation, [](const nwm::Progress& p) { return p.images < 30; });
    nwm::save_training(alone, file);
  }
  nwm::mpi::Trainer<Machine> together(all, o, Machine({.seed = static_cast<std::uint64_t>(all.rank()) + 7}));
  if (all.is_first()) nwm::load_training(together, file);
  together.fit(train, validation, [](const nwm::Progress& p) { return p.images < 70; });
  BOOST_TEST(together.state().images == 70u);
  if (all.is_first()) nwm::save_training(together, file);
  // And one process, from what they wrote.
  all.barrier();
  nwm::Trainer<Machine> alone(o);
  nwm::load_training(alone, file);
  alone.fit(train, validation);
  together.fit(train, validation);
  for (const auto* end : {&alone.current(), &together.current()})
    BOOST_TEST((tools::weights(*end) == tools::weights(whole.current())));
  BOOST_TEST((tools::weights(together.best()) == tools::weights(whole.best())));
  BOOST_TEST(together.state().best_loss == whole.state().best_loss);
}

BOOST_AUTO_TEST_CASE(a_rank_that_is_not_as_rank_0_is_told_before_the_first_step) {
  const Communicator all = world();
  if (all.size() == 1) return;
  const int last = all.size() - 1;
  const bool other = all.rank() == last;
  const std::string rank = "rank " + std::to_string(last) + ": ";
  const auto set = tools::blocks(50, 1), validation = tools::blocks(9, 2);
  const auto fit = [&](nwm::TrainerOptions o, const nwm::data::Dataset& train, Sum sum = Sum::exact) {
    nwm::mpi::Trainer<Machine> trainer(all, sum, o);
    try {
      trainer.fit(train, validation);
    } catch (const nwm::Error&) {
      BOOST_TEST(trainer.state().images == 0u);
      throw;
    }
  };
  auto o = options(10, 8, 1);
  if (other) o.learning_rate = 0.02;
  all_are_told(rank + "option learning_rate: expected 0.01, as rank 0 has, found 0.02", [&] { fit(o, set); });
  o = options(10, 8, 1);
  if (other) o.seed = 1;
  all_are_told(rank + "option seed: expected 0, as rank 0 has, found 1", [&] { fit(o, set); });
  o = options(10, 8, 1);
  if (other) o.epochs = 3;
  all_are_told(rank + "option epochs: expected 2, as rank 0 has, found 3", [&] { fit(o, set); });
  o = options(10, 8, 1);
  all_are_told(rank + "sum: expected exact, as rank 0 has, found fast",
               [&] { fit(o, set, other ? Sum::fast : Sum::exact); });
  // Another set of the same extent.
  const auto strange = tools::blocks(50, 3);
  const std::string first = nwm::mpi::fact_of(set), own = nwm::mpi::fact_of(strange);
  BOOST_TEST(first.starts_with("(50, 1, 5, 6) with fingerprint "));
  all_are_told(rank + "training set: expected " + first + ", as rank 0 has, found " + own,
               [&] { fit(o, other ? strange : set); });
  all_are_told(rank + "machine: expected a, as rank 0 has, found b", [&] {
    nwm::mpi::require_same(all, {{"version of nwm", "1"}, {"machine", other ? "b" : "a"}, {"c", "d"}});
  });
  all_are_told(rank + "facts in their order: expected c, as rank 0 has, found no more", [&] {
    if (other) nwm::mpi::require_same(all, {{"a", "b"}});
    else nwm::mpi::require_same(all, {{"a", "b"}, {"c", "d"}});
  });
  BOOST_TEST(nwm::mpi::fact_of_machine() == nwm::mpi::fact_of_machine());
}

BOOST_AUTO_TEST_CASE(what_one_rank_throws_all_throw) {
  const Communicator all = world();
  const int last = all.size() - 1;
  const bool mine = all.rank() == last;
  all_are_told<nwm::Unstable>("place: field: expected this, found that", [&] {
    nwm::mpi::together(all, [&] {
      if (mine) throw nwm::Unstable("place", "field", "this", "that");
    });
  });
  all_are_told("rank " + std::to_string(last) + ": its part of the work: expected success, found " +
                   std::bad_alloc().what(),
               [&] {
                 nwm::mpi::together(all, [&] {
                   if (mine) throw std::bad_alloc();
                 });
               });
  // In the work of a batch, exact and fast: the lowest rank's is told.
  for (const Sum sum : {Sum::exact, Sum::fast}) {
    nwm::mpi::RankShards share;
    share.over(std::make_shared<const Communicator>(all.get()), sum);
    std::vector<float> gradient(10);
    const std::vector<nwm::Buffer<float>> none;
    all_are_told("image 3: here: expected a number, found none", [&] {
      share.attempt([&] {
        if (all.rank() >= last - 1)
          throw nwm::Error("image " + std::to_string(all.rank() == std::max(last - 1, 0) ? 3 : 4), "here",
                           "a number", "none");
      });
      share.sum<nwm::cpu::Scalar>(std::span(none), std::span<const double>(), std::span(gradient));
    });
  }
  // The waves on one image, which one rank has.
  nwm::Trainer<Machine> alone(tools::one_batch);
  const std::string expected = tools::unstable(alone);
  BOOST_TEST(expected.starts_with("epoch 1, step 1, wave step: "), expected);
  for (const Sum sum : {Sum::exact, Sum::fast}) {
    nwm::mpi::Trainer<Machine> trainer(all, sum, tools::one_batch);
    BOOST_TEST(tools::unstable(trainer) == expected);
  }
  // In a callback of rank 0, whose disk is full, say; and a training that then goes on.
  const auto train = tools::blocks(50, 1), validation = tools::blocks(9, 2);
  nwm::mpi::Trainer<Machine> trainer(all, options(10, 8, 1));
  all_are_told("file: write: expected room, found none", [&] {
    trainer.fit(train, validation, [&](const nwm::Progress& p) {
      BOOST_TEST(all.is_first());
      if (p.images == 30) throw nwm::Error("file", "write", "room", "none");
    });
  });
  BOOST_TEST(trainer.state().images == 30u);
  trainer.fit(train, validation);
  nwm::Trainer<Machine> whole(options(10, 8, 1));
  whole.fit(train, validation);
  BOOST_TEST((tools::weights(trainer.current()) == tools::weights(whole.current())));
}

// A processor that calculates otherwise, as a number of an optimiser that no fact tells.
BOOST_AUTO_TEST_CASE(weights_that_part_are_told_at_the_end_of_the_epoch) {
  const Communicator all = world();
  if (all.size() == 1) return;
  const auto train = tools::blocks(50, 1), validation = tools::blocks(9, 2);
  Crooked optimizer;
  optimizer.more = all.rank() == 1 ? 1e-3 : 0;
  nwm::mpi::Trainer<Machine, nwm::loss::CrossEntropy, Crooked> trainer(all, options(10, 8, 1), Machine{}, {},
                                                                       optimizer);
  const std::string expected = "rank 1: weights after epoch 1: expected those with fingerprint ";
  BOOST_CHECK_EXCEPTION(trainer.fit(train, validation), nwm::Error,
                        [&](const nwm::Error& e) { return std::string(e.what()).starts_with(expected); });
  BOOST_TEST(trainer.state().images == 50u);
}
