// The same bits for any number of threads: weights, moments and metrics.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE train_threads

#include "nwm/backend/threads.hpp"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "nwm/backend/cpu/simd.hpp"
#include "nwm/backend/team.hpp"
#include "nwm/error.hpp"
#include "nwm/train/layer_executor.hpp"
#include "nwm/train/trainer.hpp"
#include "tools.hpp"

namespace {

using Machine = tools::Small<nwm::cpu::Simd<>>;

struct Outcome {
  std::vector<float> current, best, first_moment, second_moment;
  std::vector<double> losses;
  nwm::SegmentationMetrics test;
};

/// Large enough that its operations are divided where one image is all there is.
using Large =
    nwm::WaveMachine<nwm::Shape{.height = 48,
                                .width = 47,
                                .image_channels = 1,
                                .oscillators = 4,
                                .steps = 6,
                                .classes = 3,
                                .encoder_width = 8},
                     nwm::readout::Linear, nwm::head::Hidden<64, 64>, nwm::cell::Wave, nwm::cpu::Simd<>>;

template <class Machine>
Outcome trained(std::size_t threads, std::size_t shards, std::size_t batch, std::size_t images) {
  constexpr auto shape = Machine::shape;
  const auto train = tools::blocks(images, 1, shape.height, shape.width),
             validation = tools::blocks(9, 2, shape.height, shape.width);
  nwm::Trainer<Machine> trainer({.learning_rate = 1e-2,
                                 .batch = batch,
                                 .epochs = 2,
                                 .clip_norm = 0.5,
                                 .threads = threads,
                                 .shards = shards});
  Outcome o;
  trainer.fit(train, validation, [&](const nwm::Progress& p) {
    o.losses.push_back(p.epoch_end ? p.validation.loss : trainer.last_loss());
  });
  const auto copy = [](auto span) { return std::vector<float>(span.begin(), span.end()); };
  o.current = copy(trainer.current().parameters());
  o.best = copy(trainer.best().parameters());
  o.first_moment = copy(trainer.optimizer().state(0));
  o.second_moment = copy(trainer.optimizer().state(1));
  o.test = nwm::evaluate(trainer.best(), validation, threads);
  return o;
}

template <class Machine = ::Machine>
void same_bits(std::size_t shards, std::size_t batch, std::size_t images = 50) {
  const Outcome one = trained<Machine>(1, shards, batch, images);
  BOOST_TEST((one.current != std::vector<float>(one.current.size())));
  for (const std::size_t threads : {2u, 4u, 3u}) {
    BOOST_TEST_CONTEXT(threads << " threads, " << shards << " shards, batches of " << batch) {
      const Outcome more = trained<Machine>(threads, shards, batch, images);
      BOOST_TEST((more.current == one.current));
      BOOST_TEST((more.best == one.best));
      BOOST_TEST((more.first_moment == one.first_moment));
      BOOST_TEST((more.second_moment == one.second_moment));
      BOOST_TEST((more.losses == one.losses));
      BOOST_TEST(more.test.loss == one.test.loss);
      BOOST_TEST(more.test.iou_foreground == one.test.iou_foreground);
    }
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_result_has_the_same_bits_for_any_number_of_threads) {
  same_bits(16, 16);
  same_bits(16, 10);           // fewer images than shards
  same_bits(3, 16);            // shards of unequal size, fewer than threads
  same_bits<Large>(16, 1, 2);  // one image on all threads
  same_bits<Large>(16, 5, 5);  // one left over on 2 and 4 threads
}

BOOST_AUTO_TEST_CASE(every_item_runs_once_on_a_thread_there_is) {
  for (const std::size_t threads : {1u, 2u, 4u}) {
    std::vector<std::exception_ptr> errors(100);
    std::vector<std::atomic<int>> runs(100);
    std::atomic<bool> within = true;
    nwm::parallel_for(100, threads, errors, [&](std::size_t item, std::size_t thread) {
      ++runs[item];
      if (thread >= threads) within = false;
    });
    for (const auto& r : runs) BOOST_TEST(r == 1);
    BOOST_TEST(within);
  }
}

// Loops of all lengths, one right behind the other: an item runs once, and none after its loop is over.
BOOST_AUTO_TEST_CASE(a_team_runs_every_item_of_every_loop_once) {
  for (const std::size_t threads : {1u, 2u, 5u}) {
    nwm::Team team(threads);
    std::size_t wrong = 0;
    for (std::size_t loop = 0; loop < 2000; ++loop) {
      std::vector<std::size_t> runs(loop % 40);
      team.each(runs.size(), [&](std::size_t item, std::size_t thread) {
        runs[item] += thread < threads && thread < runs.size() ? 1 : 2;
      });
      for (const std::size_t r : runs) wrong += r != 1;
    }
    BOOST_TEST(wrong == 0u);
  }
  nwm::LayerExecutor layers{3, 4, std::vector<std::exception_ptr>(9)};
  const auto fails = [&] {
    layers.passes(9, [](std::size_t i, std::size_t) {
      if (i % 4 == 2) throw nwm::Error("pass", std::to_string(i), "nothing", "an exception");
    });
  };
  for (int i = 0; i < 3; ++i)
    BOOST_CHECK_EXCEPTION(fails(), nwm::Error, [](const nwm::Error& e) { return e.field() == "2"; });
  layers.passes(9, [](std::size_t, std::size_t) {});  // and is forgotten
}

// As many as there should be, each once, and none goes on before all have come.
BOOST_AUTO_TEST_CASE(threads_that_run_together_wait_for_each_other) {
  for (const std::size_t threads : {std::size_t{1}, std::size_t{2}, std::size_t{3}}) {
    std::vector<std::size_t> counts(threads), rounds(threads);
    std::atomic<int> wrong = 0;
    for (int i = 0; i < 20; ++i) {
      nwm::run_together(threads, [&](const nwm::Worker& member) {
        counts[member.index] = member.count;
        for (int round = 0; round < 50; ++round) {
          ++rounds[member.index];
          member.wait();
          for (const std::size_t r : rounds) wrong += r != rounds[member.index];
          member.wait();
        }
      });
    }
    BOOST_TEST((counts == std::vector<std::size_t>(threads, threads)));
    BOOST_TEST((rounds == std::vector<std::size_t>(threads, 1000)));
    BOOST_TEST(wrong == 0);
  }
}

BOOST_AUTO_TEST_CASE(a_loop_within_a_loop_runs_on_the_thread_it_is_on) {
  std::vector<std::size_t> runs(3 * 3 * 8);
  std::atomic<int> elsewhere = 0;
  const auto loops = [&](std::size_t outer) {
    const auto note = [&, on = ::pthread_self()](std::size_t kind, std::size_t item) {
      elsewhere += !::pthread_equal(on, ::pthread_self());
      ++runs[(outer * 3 + kind) * 8 + item];
    };
    std::vector<std::exception_ptr> errors(8);
    nwm::parallel_for(8, 3, errors, [&](std::size_t item, std::size_t) { note(0, item); });
    nwm::spread_over_threads(8, 3, [&](std::size_t item, std::size_t) { note(1, item); });
    nwm::run_together(3, [&](const nwm::Worker& member) {
      for (std::size_t item = member.index; item < 8; item += member.count) note(2, item);
      member.wait();
    });
  };
  std::vector<std::exception_ptr> errors(3);
  nwm::parallel_for(3, 3, errors, [&](std::size_t outer, std::size_t) { loops(outer); });
  nwm::spread_over_threads(3, 3, [&](std::size_t outer, std::size_t) { loops(outer); });
  nwm::run_together(3, [&](const nwm::Worker& member) { loops(member.index); });
  BOOST_TEST((runs == std::vector<std::size_t>(3 * 3 * 8, 3)));
  BOOST_TEST(elsewhere == 0);
}

// OpenMP's threads would be waited for, for ever.
BOOST_AUTO_TEST_CASE(a_child_has_no_team_and_does_everything) {
  auto team = std::make_unique<nwm::Team>(3);
  const auto all_run = [&] {
    std::atomic<int> runs = 0;
    team->each(20, [&](std::size_t, std::size_t) { ++runs; });
    return runs == 20;
  };
  const auto all_run_in_the_loops = [] {
#ifdef _OPENMP
    return true;
#else
    std::atomic<int> runs = 0;
    std::vector<std::exception_ptr> errors(20);
    nwm::parallel_for(20, 2, errors, [&](std::size_t, std::size_t) { ++runs; });
    nwm::spread_over_threads(20, 2, [&](std::size_t, std::size_t) { ++runs; });
    nwm::run_together(2, [&](const nwm::Worker& member) {
      member.wait();
      runs += 40 / static_cast<int>(member.count);
    });
    nwm::spread_over_threads(20, 4, [&](std::size_t, std::size_t) { ++runs; });  // more than there were
    return runs == 100;
#endif
  };
  BOOST_TEST(team->present() == 3u);
  BOOST_TEST(all_run());
  BOOST_TEST(all_run_in_the_loops());
  const pid_t child = ::fork();
  if (child == 0) {
    const bool right = all_run() && team->present() == 1 && all_run_in_the_loops();
    team.reset();  // waits for nobody
    ::_exit(right ? 0 : 1);
  }
  int status = 1;
  ::waitpid(child, &status, 0);
  BOOST_TEST(status == 0);
  BOOST_TEST(all_run());
}

// As many as are asked for would take gigabytes, and OpenMP would end the program.
BOOST_AUTO_TEST_CASE(threads_are_bounded) {
  BOOST_TEST(nwm::thread_count(3) == 3u);
  BOOST_TEST(nwm::thread_count(0) >= 1u);
  BOOST_TEST(nwm::thread_count(100'000) <= 4096u);
  BOOST_TEST(nwm::thread_count(0) <= 4096u);
  BOOST_CHECK_EXCEPTION(nwm::thread_count(static_cast<std::size_t>(-1)), nwm::Error,
                        [](const nwm::Error& e) { return e.field() == "threads"; });
  BOOST_CHECK_THROW(nwm::Trainer<Machine>({.threads = static_cast<std::size_t>(-1)}), nwm::Error);
  // No more than there are items.
  std::vector<std::exception_ptr> errors(2);
  std::atomic<std::size_t> highest = 0;
  const auto note = [&](std::size_t, std::size_t thread) {
    if (thread > highest) highest = thread;
  };
  nwm::parallel_for(2, 200, errors, note);
  nwm::spread_over_threads(2, 200, note);
  BOOST_TEST(highest < 2u);
  nwm::parallel_for(0, 200, errors, note);
  // The same numbers.
  const auto set = tools::blocks(3, 1);
  const Machine machine({.seed = 1});
  BOOST_TEST(nwm::evaluate(machine, set, 100'000).loss == nwm::evaluate(machine, set, 1).loss);
}

BOOST_AUTO_TEST_CASE(of_several_exceptions_the_lowest_item_s_is_thrown_after_all_have_run) {
  for (const std::size_t threads : {1u, 2u, 4u}) {
    std::vector<std::exception_ptr> errors(20);
    std::atomic<int> runs = 0;
    const auto f = [&](std::size_t item, std::size_t) {
      ++runs;
      if (item % 7 == 3) throw nwm::Error("item", std::to_string(item), "nothing", "an exception");
    };
    try {
      nwm::parallel_for(20, threads, errors, f);
      BOOST_TEST(false, "nothing was thrown");
    } catch (const nwm::Error& e) {
      BOOST_TEST(e.field() == "3");
    }
    BOOST_TEST(runs == 20);
    nwm::parallel_for(3, threads, errors, f);  // and is forgotten
  }
}
