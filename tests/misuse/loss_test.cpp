// Losses that are not what a call takes them for, options they cannot have, and sets in which nothing counts.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE misuse_loss

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "../train/tools.hpp"
#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/loss/image_cross_entropy.hpp"
#include "nwm/loss/mean_squares.hpp"
#include "nwm/train/predict.hpp"
#include "nwm/train/trainer.hpp"
#include "tools.hpp"

namespace {

using Machine = tools::Small<nwm::cpu::Scalar>;
using Weighted = nwm::loss::WeightedCrossEntropy<3>;
using nwm::data::Dataset;
using nwm::data::Targets;
using tools::blocks;
using tools::error_of;
using tools::has;

const double no_number = std::numeric_limits<double>::quiet_NaN();

/// Four pictures of the machine's size with targets of that kind.
Dataset of(Targets targets) {
  const nwm::data::Extent extent{4, 1, 5, 6};
  return {extent, Dataset::Bytes(extent.images * extent.values()), std::move(targets), "made"};
}
Dataset nothing_counts() { return of(Dataset::Bytes(4 * 30, 255)); }

/// Cross-entropy that says it needs one plane, and sets two.
struct SetsMore : nwm::loss::CrossEntropy {
  static constexpr std::string_view name = "sets_more";
  template <std::size_t outputs, class Real>
  void encode(std::span<const Target> target, Real* to, std::size_t stride) const {
    nwm::loss::CrossEntropy::encode<outputs>(target, to, stride);
    for (std::size_t p = 0; p < target.size(); ++p) to[stride + p] = Real(1);
  }
};
/// Weighted cross-entropy's kernel on the one plane of cross-entropy.
struct ReadsMore : nwm::loss::CrossEntropy {
  static constexpr std::string_view name = "reads_more";
  template <std::size_t outputs, class Real>
  auto kernel(double factor, const Real* target, std::size_t stride, Real* scores,
              std::size_t between) const {
    return nwm::loss::CrossEntropyKernel<outputs, true, Real>{factor, stride, between, target, scores};
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_trainer_evaluates_by_its_own_loss) {
  const Weighted loss{.weights = {0.1, 1, 2}};
  const auto set = blocks(6, 1);
  nwm::Trainer<Machine, Weighted> trainer({.batch = 2, .threads = 2}, Machine({.seed = 4}), loss);
  const double own = trainer.evaluate(set).loss, plain = nwm::evaluate(trainer.best(), set).loss;
  BOOST_TEST(own == nwm::evaluate(trainer.best(), set, loss).loss);
  BOOST_TEST(own == nwm::evaluate(trainer.best(), set, 1, loss).loss);
  BOOST_TEST(own == nwm::evaluate(trainer.best(), set, loss, 1).loss);
  BOOST_TEST(std::abs(own - plain) > 1e-3);
  BOOST_TEST(trainer.state().images == 0u);

  nwm::Trainer<Machine, nwm::loss::MeanSquares> numbers({.threads = 1});
  BOOST_TEST(numbers.evaluate(of(Targets::numbers(3, Targets::Floats(4 * 90, 1)))).loss > 0);
}

BOOST_AUTO_TEST_CASE(sets_that_do_not_fit_reach_no_executor) {
  nwm::Trainer<Machine> trainer({.batch = 2, .threads = 1});
  const nwm::data::Extent small{2, 1, 3, 3};
  const Dataset other(small, Dataset::Bytes(18), Dataset::Bytes(18), "small"),
      labels = of(Targets::labels(Dataset::Bytes(4)));
  auto& executor = trainer.executor();
  const auto evaluating = [&](const Dataset& set) {
    return error_of([&] { executor.evaluate(trainer.best(), set); }).field();
  };
  BOOST_TEST(evaluating(other) == "image size");
  BOOST_TEST(evaluating(labels) == "target");
  BOOST_TEST(evaluating(blocks(2, 1).first(0)) == "images");
  BOOST_TEST(error_of([&] { executor.predict(trainer.best(), other, [](std::size_t, auto) {}); }).field() ==
             "image size");
  std::vector<float> gradient(Machine::parameter_count);
  const std::vector<std::size_t> two{0, 1}, beyond{0, 9};
  const auto training = [&](const Dataset& set, const std::vector<std::size_t>& batch) {
    return error_of([&] {
             executor.gradient(trainer.current(), set, batch,
                               std::span<float, Machine::parameter_count>(gradient.data(), gradient.size()));
           })
        .field();
  };
  BOOST_TEST(training(other, two) == "image size");
  BOOST_TEST(training(labels, two) == "target");
  BOOST_TEST(training(blocks(2, 1), beyond) == "image of a batch");
  BOOST_TEST(training(blocks(2, 1), {}) == "images of a batch");
}

BOOST_AUTO_TEST_CASE(options_no_loss_can_have) {
  const auto set = blocks(4, 1);
  const auto refused = [&]<class L>(const std::string& field, const L& loss) {
    BOOST_TEST(error_of([&] { nwm::Trainer<Machine, L>({}, Machine(), loss); }).field() == field);
    BOOST_TEST(error_of([&] { nwm::evaluate(Machine(), set, loss); }).field() == field);
  };
  for (const int index : {256, 300, -2}) {
    refused("ignore_index", nwm::loss::CrossEntropy{.ignore_index = index});
    refused("ignore_index", Weighted{.ignore_index = index});
  }
  for (const double weight : {no_number, -1.0, 1e39, 1e-46})
    refused("weights[1]", Weighted{.weights = {1, weight, 1}});
  // A machine of doubles holds these.
  using Double = tools::Small<nwm::cpu::Scalar, double>;
  nwm::Trainer<Double, Weighted>({}, Double(), Weighted{.weights = {1, 1e39, 1e-46}});
}

BOOST_AUTO_TEST_CASE(options_that_the_machines_type_cannot_hold) {
  const auto refused = [&]<class O>(const std::string& field, const O& optimizer) {
    const auto e =
        error_of([&] { nwm::Trainer<Machine, nwm::loss::CrossEntropy, O>({}, Machine(), {}, optimizer); });
    BOOST_TEST(e.field() == field);
    BOOST_TEST(has(e.expected(), "the model's type"), e.what());
  };
  refused("epsilon", nwm::optimizer::Adam{.epsilon = 1e-60});
  refused("weight_decay", nwm::optimizer::AdamW{.weight_decay = 1e300});
  const auto trainer = [](const nwm::TrainerOptions& o) {
    return error_of([&] { nwm::Trainer<Machine>{o}; }).field();
  };
  for (const double rate : {1e39, 1e-60}) BOOST_TEST(trainer({.learning_rate = rate}) == "learning_rate");
  BOOST_TEST(trainer({.clip_norm = 1e-60}) == "clip_norm");
  BOOST_TEST(trainer({.improvement = std::numeric_limits<double>::infinity()}) == "improvement");
}

BOOST_AUTO_TEST_CASE(schedules_that_make_no_sense) {
  namespace schedule = nwm::schedule;
  const auto refused = [](const char* where, const char* field, const auto& make) {
    const auto e = error_of(make);
    BOOST_TEST(e.where() == where);
    BOOST_TEST(e.field() == field);
  };
  refused("schedule::step", "times", [] { schedule::step(0.1, -3); });
  for (const double gamma : {-0.1, no_number})
    refused("schedule::step", "gamma", [=] { schedule::step(gamma, 2); });
  for (const double last : {-1.0, no_number})
    refused("schedule::cosine", "last", [=] { schedule::cosine(last); });
  for (const double warmup : {-0.1, 1.1, no_number})
    refused("schedule::cosine", "warmup", [=] { schedule::cosine(0, warmup); });
}

BOOST_AUTO_TEST_CASE(a_set_in_which_nothing_counts) {
  const nwm::loss::CrossEntropy loss{.ignore_index = 255};
  nwm::Trainer<Machine> trainer({.batch = 2, .epochs = 1, .threads = 1}, Machine(), loss);
  const auto told = [](const nwm::Error& e) {
    BOOST_TEST(e.field() == "targets");
    BOOST_TEST(e.expected() == "something that counts");
  };
  told(error_of([&] { trainer.fit(blocks(4, 1), nothing_counts()); }));
  BOOST_TEST(trainer.state().step == 0u);
  told(error_of([&] { trainer.evaluate(nothing_counts()); }));
  told(error_of([&] { nwm::evaluate(Machine(), nothing_counts(), loss); }));
}

BOOST_AUTO_TEST_CASE(a_loss_that_uses_more_planes_than_it_says) {
  const auto told = [&]<class L>(const L& loss, const std::string& found) {
    nwm::Trainer<Machine, L> trainer({.batch = 2, .epochs = 1, .threads = 1}, Machine(), loss);
    const auto e = error_of([&] { trainer.fit(blocks(4, 1), blocks(2, 2)); });
    BOOST_TEST(has(e.where(), "planes<3> of the loss " + std::string(L::name)), e.what());
    BOOST_TEST(has(e.found(), found), e.what());
    BOOST_TEST(trainer.optimizer().steps() == 0u);
  };
  told(SetsMore{}, "sets more");
  told(ReadsMore{}, "reads more");
}

BOOST_AUTO_TEST_CASE(a_cell_whose_numbers_were_changed) {
  Machine machine;
  machine.cell.dt = -1;
  BOOST_TEST(error_of([&] { nwm::Trainer<Machine>({}, machine); }).field() == "dt");
  nwm::Trainer<Machine> trainer({.threads = 1});
  BOOST_TEST(error_of([&] { trainer.start_from(machine); }).field() == "dt");
  BOOST_TEST(trainer.current().cell.dt == 0.1);
  BOOST_TEST(error_of([&] { nwm::evaluate(machine, blocks(2, 1)); }).field() == "dt");
  BOOST_TEST(error_of([&] { nwm::predict(machine, blocks(2, 1)); }).field() == "dt");
  BOOST_TEST(error_of([&] { nwm::record(machine, blocks(2, 1)); }).field() == "dt");
}
