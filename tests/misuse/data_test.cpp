// Data that does not fit itself or the machine: told with the set, the field, what was expected and what
// found.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE misuse_data

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <csignal>
#include <cstddef>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "../train/tools.hpp"
#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/data/polygons.hpp"
#include "nwm/data/sequences.hpp"
#include "nwm/data/tasks.hpp"
#include "nwm/memory/array.hpp"
#include "nwm/memory/buffer.hpp"
#include "nwm/optimizer/sgd.hpp"
#include "nwm/train/trainer.hpp"
#include "tools.hpp"

namespace {

using Machine = tools::Small<nwm::cpu::Scalar>;
using Trainer = nwm::Trainer<Machine>;
using nwm::data::Dataset;
using nwm::data::Extent;
using tools::blocks;
using tools::error_of;
using tools::has;
using tools::weights;

/// Three images of the machine's size with the class `c` at one pixel.
Dataset with_class(std::uint8_t c) {
  const Extent extent{3, 1, 5, 6};
  Dataset::Bytes masks(extent.images * extent.pixels());
  masks[40] = c;
  return {extent, Dataset::Bytes(extent.images * extent.values()), masks, "odd classes"};
}

/// Every use of a set that must refuse it, training or judging.
template <class Check>
void refused_everywhere(const Dataset& bad, const Check& check) {
  const Dataset good = blocks(8, 1);
  Trainer trainer({.batch = 2, .epochs = 1, .threads = 1});
  const auto before = weights(trainer.current());
  check(error_of([&] { trainer.fit(bad, good); }));
  check(error_of([&] { trainer.fit(good, bad); }));
  check(error_of([&] { nwm::evaluate(trainer.best(), bad, 1); }));
  const std::vector<std::size_t> batch{0, 1};
  check(error_of([&] { trainer.step(bad, batch, 1); }));
  BOOST_TEST((weights(trainer.current()) == before));
  BOOST_TEST(trainer.state().step == 0u);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_class_outside_the_range) {
  BOOST_TEST(with_class(2).classes() == 3u);
  for (const int c : {3, 4, 255})
    refused_everywhere(with_class(static_cast<std::uint8_t>(c)), [&](const nwm::Error& e) {
      BOOST_TEST(e.where() == "odd classes");
      BOOST_TEST(e.field() == "class");
      BOOST_TEST(e.expected() == "below 3");
      BOOST_TEST(e.found() == std::to_string(c));
    });
}

BOOST_AUTO_TEST_CASE(images_of_the_wrong_size) {
  refused_everywhere(blocks(4, 1, 6, 5), [](const nwm::Error& e) {
    BOOST_TEST(e.field() == "image size");
    BOOST_TEST(e.expected() == "(4, 1, 5, 6)");
    BOOST_TEST(e.found() == "(4, 1, 6, 5)");
  });
  refused_everywhere(blocks(4, 1, 5, 7),
                     [](const nwm::Error& e) { BOOST_TEST(e.found() == "(4, 1, 5, 7)"); });
  const Extent colour{2, 3, 5, 6};
  const Dataset set(colour, Dataset::Bytes(colour.images * colour.values()),
                    Dataset::Bytes(colour.images * colour.pixels()), "colour");
  refused_everywhere(set, [](const nwm::Error& e) {
    BOOST_TEST(e.where() == "colour");
    BOOST_TEST(e.found() == "(2, 3, 5, 6)");
  });
}

BOOST_AUTO_TEST_CASE(a_number_that_is_not_finite) {
  const Extent extent{4, 2, 3, 3};
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                          -std::numeric_limits<float>::infinity()}) {
    Dataset::Floats pictures(extent.images * extent.values(), 0.5f);
    pictures[2 * extent.values() + 7] = bad;
    const auto e = error_of([&] { Dataset(extent, pictures, Dataset::Bytes(4 * 9), "measured"); });
    BOOST_TEST(e.where() == "measured");
    BOOST_TEST(e.field() == "pictures[2]");
    BOOST_TEST(e.expected() == "finite values");
    BOOST_TEST(has(e.found(), "at position 7"), e.found());
  }
}

BOOST_AUTO_TEST_CASE(storage_of_another_length) {
  const Extent extent{4, 2, 3, 3};
  const auto pictures = error_of([&] { Dataset(extent, Dataset::Bytes(71), Dataset::Bytes(36)); });
  BOOST_TEST(pictures.field() == "pictures");
  BOOST_TEST(has(pictures.expected(), "72"));
  BOOST_TEST(has(pictures.expected(), "(4, 2, 3, 3)"));
  BOOST_TEST(pictures.found() == "71");
  const auto masks = error_of([&] { Dataset(extent, Dataset::Floats(72), Dataset::Bytes(37)); });
  BOOST_TEST(masks.field() == "masks");
  BOOST_TEST(masks.found() == "37");
}

// 2^64 values would wrap around to none, which is what is there.
BOOST_AUTO_TEST_CASE(sizes_that_wrap_around) {
  const std::size_t many = std::size_t{1} << 62;
  const auto e = error_of([&] { Dataset({many, 1, 2, 2}, Dataset::Bytes(), Dataset::Bytes(), "huge"); });
  BOOST_TEST(e.where() == "huge");
  BOOST_TEST(e.field() == "extent");
  BOOST_TEST(e.found() == std::to_string(many) + " x 1 x 2 x 2");
  const auto targets = error_of([&] {
    Dataset({4, 1, 1, 1}, Dataset::Bytes(4), nwm::data::Targets::numbers(many, {}), "many outputs");
  });
  BOOST_TEST(targets.field() == "extent");
  // Sequences and their positions, too.
  const Extent steps{.images = many, .height = 1, .width = 1, .steps = 4};
  BOOST_TEST(error_of([&] { Dataset(steps, Dataset::Bytes(), Dataset::Bytes()); }).field() == "extent");
  const Extent positions{.images = many, .height = 1, .width = 0, .positions = 4};
  BOOST_TEST(error_of([&] { Dataset(positions, Dataset::Bytes(), Dataset::Bytes()); }).field() == "extent");
  const auto sums = [&] {
    nwm::data::numbers_steps(nwm::data::vectors(many, 4, 0), Dataset::Bytes(), 1, {});
  };
  BOOST_TEST(error_of(sums).field() == "targets");
  BOOST_TEST(error_of([&] { nwm::Buffer<float>{many}; }).where() == "Buffer");
  BOOST_TEST(error_of([&] { nwm::Buffer<float>{many + 16}; }).where() == "Buffer");
  BOOST_TEST(error_of([&] { nwm::Array<float>({many, 4}); }).where() == "Array");
}

#if defined(__SANITIZE_ADDRESS__)
constexpr bool allocator_ends_the_program = true;  // where too much is asked for
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool allocator_ends_the_program = true;
#else
constexpr bool allocator_ends_the_program = false;
#endif
#elif defined(__SANITIZE_THREAD__)
constexpr bool allocator_ends_the_program = true;
#else
constexpr bool allocator_ends_the_program = false;
#endif

// Not the bad_alloc or length_error of what they are kept in.
BOOST_AUTO_TEST_CASE(more_than_there_is_memory_for) {
  const std::size_t much = std::size_t{1} << 50;  // more bytes than any process may have
  for (const std::size_t count : {much, std::size_t{1'000'000'000'000'000'000}}) {
    if (allocator_ends_the_program) break;
    BOOST_TEST(error_of([&] { nwm::Buffer<float>{count}; }).where() == "Buffer");
    BOOST_TEST(error_of([&] { nwm::Array<float>({count}); }).where() == "Array");
    BOOST_TEST(error_of([&] { nwm::data::copy_task(count, {}, 0); }).where() == "copy task");
    BOOST_TEST(error_of([&] { nwm::data::adding_task(count, 100, 0); }).where() == "adding task");
    BOOST_TEST(error_of([&] { nwm::data::polygons(Extent{0, 3, 32, 32}, {.images = count}); }).where() ==
               "polygons");
  }
  const nwm::data::CopyTask endless{.delay = std::numeric_limits<std::size_t>::max() - 5};
  BOOST_TEST(error_of([&] { nwm::data::copy_task(1, endless, 0); }).field() == "delay");
}

BOOST_AUTO_TEST_CASE(too_little_data) {
  const Dataset some = blocks(5, 1), none = some.first(0);
  Trainer trainer({.batch = 6, .epochs = 1, .threads = 1});
  const auto few = error_of([&] { trainer.fit(some, some); });
  BOOST_TEST(few.field() == "images");
  BOOST_TEST(few.expected() == "at least one batch of 6");
  BOOST_TEST(few.found() == "5");
  BOOST_TEST(error_of([&] { trainer.fit(none, some); }).found() == "0");
  Trainer small({.batch = 2, .epochs = 1, .threads = 1});
  const auto validation = error_of([&] { small.fit(some, none); });
  BOOST_TEST(validation.expected() == "at least 1");
  BOOST_TEST(error_of([&] { nwm::evaluate(small.best(), none, 1); }).expected() == "at least 1");
  BOOST_TEST(error_of([&] { small.step(some, {}, 1); }).found() == "0");
  const std::vector<std::size_t> beyond{1, 5};
  const auto index = error_of([&] { small.step(some, beyond, 1); });
  BOOST_TEST(index.expected() == "below 5");
  BOOST_TEST(index.found() == "5");
}

BOOST_AUTO_TEST_CASE(a_target_that_does_not_fit) {
  const Machine machine;
  const auto space = std::make_unique<Machine::Workspace>();
  std::vector<float> image(Machine::image_size, 0.5f), gradient(Machine::parameter_count);
  const auto add = [&](const std::vector<std::uint8_t>& target) {
    machine.add_gradient(std::span<const float, Machine::image_size>(image.data(), image.size()), target,
                         1.0f, std::span<float, Machine::parameter_count>(gradient.data(), gradient.size()),
                         *space);
  };
  std::vector<std::uint8_t> target(Machine::sites);
  target[11] = 3;
  const auto outside = error_of([&] { add(target); });
  BOOST_TEST(outside.field() == "class of pixel 11");
  BOOST_TEST(outside.expected() == "below 3");
  BOOST_TEST(outside.found() == "3");
  target.pop_back();
  BOOST_TEST(error_of([&] { add(target); }).found() == "29");
  BOOST_TEST((gradient == std::vector<float>(gradient.size())));
}

BOOST_AUTO_TEST_CASE(options_no_training_can_have) {
  const double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
  const auto refused = [](const std::string& field, const nwm::TrainerOptions& options) {
    const auto e = error_of([&] { Trainer trainer(options); });
    BOOST_TEST(e.where() == "TrainerOptions");
    BOOST_TEST(e.field() == field);
  };
  for (const double rate : {0.0, -1e-3, nan, inf}) refused("learning_rate", {.learning_rate = rate});
  refused("batch", {.batch = 0});
  for (const std::size_t shards : {std::size_t{0}, std::size_t{65537}, std::size_t{1} << 60})
    refused("shards", {.shards = shards});
  nwm::evaluate(Trainer({.shards = 65536}).best(), blocks(2, 1));  // only those with images take memory
  for (const double clip : {-1.0, nan}) refused("clip_norm", {.clip_norm = clip});
  for (const double gain : {-1.0, nan}) refused("improvement", {.improvement = gain});
  refused("patience", {.patience = 0});
}

BOOST_AUTO_TEST_CASE(options_no_optimizer_can_have) {
  const double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
  const auto refused = [](const std::string& field, const auto& optimizer) {
    using O = std::decay_t<decltype(optimizer)>;
    const auto e = error_of(
        [&] { nwm::Trainer<Machine, nwm::loss::CrossEntropy, O> trainer({}, Machine(), {}, optimizer); });
    BOOST_TEST((e.where() == "Adam" || e.where() == "AdamW" || e.where() == "Sgd"));
    BOOST_TEST(e.field() == field);
  };
  using namespace nwm::optimizer;
  for (const double beta : {1.0, 1.5, -0.1, nan}) {
    refused("beta1", Adam{.beta1 = beta});
    refused("beta2", AdamW{.beta2 = beta});
    refused("momentum", Sgd{.momentum = beta});
  }
  for (const double epsilon : {0.0, -1e-8, nan, inf}) refused("epsilon", Adam{.epsilon = epsilon});
  for (const double decay : {-0.1, nan, inf}) {
    refused("weight_decay", Adam{.weight_decay = decay});
    refused("weight_decay", AdamW{.weight_decay = decay});
    refused("weight_decay", Sgd{.weight_decay = decay});
  }
  refused("momentum", Sgd{.nesterov = true});
}

BOOST_AUTO_TEST_CASE(a_schedule_that_answers_no_rate) {
  const auto set = tools::blocks(8, 1);
  for (const double answer :
       {std::numeric_limits<double>::quiet_NaN(), -1.0, std::numeric_limits<double>::infinity()}) {
    // Before the first step, wherever it begins.
    for (const double from : {0.0, 0.5, 0.96}) {
      const auto e = error_of([&] {
        Trainer(
            {.batch = 4, .schedule = [=](double done) { return done < from ? 1 : answer; }, .threads = 1});
      });
      BOOST_TEST(e.where() == "TrainerOptions");
      BOOST_TEST(e.field() == (from == 0     ? "schedule(0)"
                               : from == 0.5 ? "schedule(0.5)"
                                             : "schedule(0.96875)"));
    }
    // Between the places that are looked at: at the step it is asked for.
    const auto third = [=](double done) { return std::abs(done - 1.0 / 3) < 0.001 ? answer : 1.0; };
    Trainer trainer({.batch = 4, .epochs = 3, .schedule = third, .threads = 1});
    std::vector<float> before;
    const auto e = error_of([&] {
      trainer.fit(set, set, [&](const nwm::Progress&) { before = tools::weights(trainer.current()); });
    });
    BOOST_TEST(e.field() == "schedule");
    BOOST_TEST(e.where() == "epoch 2, step 1");
    BOOST_TEST((tools::weights(trainer.current()) == before));
  }
  Trainer trainer({.batch = 4, .threads = 1});
  const std::vector<std::size_t> batch{0, 1};
  BOOST_TEST(error_of([&] { trainer.step(set, batch, 0); }).field() == "steps of an epoch");
}

BOOST_AUTO_TEST_CASE(a_callback_may_answer_with_anything_like_a_bool) {
  const auto set = tools::blocks(8, 1);
  Trainer trainer({.batch = 4, .epochs = 9, .threads = 1});
  volatile std::sig_atomic_t go_on = 0;
  trainer.fit(set, set, [&](const nwm::Progress&) -> volatile std::sig_atomic_t& { return go_on; });
  BOOST_TEST(trainer.state().step == 1u);
  bool no = false;
  trainer.fit(set, set, [&](const nwm::Progress&) -> const bool& { return no; });
  BOOST_TEST(trainer.state().step == 2u);
  std::atomic<bool> never{false};
  trainer.fit(set, set, [&](const nwm::Progress&) -> std::atomic<bool>& { return never; });
  BOOST_TEST(trainer.state().epoch == 1u);
}
