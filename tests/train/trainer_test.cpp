// The trainer: what it reports, when it stops, which weights it keeps, and what its options do.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE train_trainer

#include "nwm/train/trainer.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tools.hpp"

namespace {

using Machine = tools::Small<nwm::cpu::Scalar, double>;
using Trainer = nwm::Trainer<Machine>;
using nwm::Progress;
using tools::blocks;
using tools::weights;

const nwm::data::Dataset& train() {
  static const auto set = blocks(22, 1);
  return set;
}
const nwm::data::Dataset& validation() {
  static const auto set = blocks(6, 2);
  return set;
}

double norm(std::span<const double> v) {
  double sum = 0;
  for (const double x : v) sum += x * x;
  return std::sqrt(sum);
}

}  // namespace

BOOST_AUTO_TEST_CASE(progress_is_reported_after_each_step_and_epoch) {
  Trainer trainer({.learning_rate = 1e-2, .batch = 4, .epochs = 3, .threads = 1});
  std::vector<Progress> seen;
  trainer.fit(train(), validation(), [&](const Progress& p) { seen.push_back(p); });
  // 22 images make five batches of four; two are left out.
  BOOST_TEST_REQUIRE(seen.size() == 3u * (5 + 1));
  double loss = 0, seconds = 0;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    const Progress& p = seen[i];
    const std::size_t epoch = i / 6 + 1, step = std::min<std::size_t>(i % 6 + 1, 5);
    BOOST_TEST(p.epoch == epoch);
    BOOST_TEST(p.epochs == 3u);
    BOOST_TEST(p.step == step);
    BOOST_TEST(p.steps == 5u);
    BOOST_TEST(p.images == 4 * (5 * (epoch - 1) + step));
    BOOST_TEST(p.epoch_end == (i % 6 == 5));
    BOOST_TEST(p.seconds >= seconds);
    BOOST_TEST(p.remaining() >= 0);
    BOOST_TEST(p.gradient_norm > 0);
    BOOST_TEST((p.loss > 0 && p.loss < 3));
    seconds = p.seconds;
    if (p.epoch_end) {
      BOOST_TEST((p.validation.loss > 0 && p.validation.acc > 0));
      BOOST_TEST(p.loss == loss);  // the mean over the epoch, as after its last step
    }
    loss = p.loss;
  }
  BOOST_TEST(seen.back().remaining() == 0);
  BOOST_TEST(trainer.state().epoch == 3u);
}

BOOST_AUTO_TEST_CASE(it_learns) {
  Trainer trainer({.learning_rate = 2e-2, .batch = 4, .epochs = 60, .threads = 1},
                  Machine({.cell = {.dt = 0.5}}));
  const double before = nwm::evaluate(trainer.best(), validation(), 1).loss;
  trainer.fit(train(), validation());
  const nwm::SegmentationMetrics after = nwm::evaluate(trainer.best(), validation(), 1);
  BOOST_TEST(after.loss < 0.5 * before);
  BOOST_TEST(after.iou_foreground > 0.5, after.iou_foreground);
}

BOOST_AUTO_TEST_CASE(a_step_is_the_mean_gradient_through_adam) {
  constexpr double rate = 1e-2;
  for (const double clip : {0.0, 0.05, 100.0}) {
    Trainer trainer({.learning_rate = rate, .batch = 5, .epochs = 1, .clip_norm = clip, .threads = 1});
    Machine machine = trainer.current();
    auto space = std::make_unique<Machine::Workspace>();
    std::vector<double> gradient(Machine::parameter_count), image(Machine::image_size);
    const std::vector<std::size_t> batch{3, 17, 0, 9, 9};
    double loss = 0;
    for (const std::size_t i : batch) {
      train().picture(i, std::span(image));
      loss += machine.add_gradient(
          std::span<const double, Machine::image_size>(image.data(), image.size()), train().mask(i),
          1.0 / (5.0 * Machine::sites),
          std::span<double, Machine::parameter_count>(gradient.data(), gradient.size()), *space);
    }
    const double length = norm(gradient);
    const double scale = clip > 0 ? std::min(1.0, clip / length) : 1;
    nwm::optimizer::Stepper<Machine, nwm::optimizer::Adam> adam;
    adam.step(machine.parameters(), gradient, rate, scale);

    const double reported = trainer.step(train(), batch, 1);
    BOOST_TEST(reported == length, boost::test_tools::tolerance(1e-12));
    BOOST_TEST(trainer.last_loss() == loss / (5.0 * Machine::sites), boost::test_tools::tolerance(1e-12));
    BOOST_TEST(norm(trainer.optimizer().state(0)) == 0.1 * scale * length,
               boost::test_tools::tolerance(1e-4));
    const auto got = weights(trainer.current()), expected = weights(machine);
    double worst = 0;
    for (std::size_t i = 0; i < got.size(); ++i) worst = std::max(worst, std::abs(got[i] - expected[i]));
    BOOST_TEST(worst < (clip == 0.05 ? 1e-5 : 1e-9) * rate / 1e-3);
  }
}

BOOST_AUTO_TEST_CASE(every_epoch_sees_all_images_in_another_order) {
  // Steps too small to change a weight: the loss of a step tells its image.
  const auto losses = [](std::uint64_t seed) {
    std::vector<double> all;
    Trainer trainer({.learning_rate = 1e-300, .batch = 1, .epochs = 3, .seed = seed, .threads = 1});
    trainer.fit(train(), validation(), [&](const Progress& p) {
      if (!p.epoch_end) all.push_back(trainer.last_loss());
    });
    return all;
  };
  const auto all = losses(0);
  const std::size_t n = train().size();
  BOOST_TEST_REQUIRE(all.size() == 3 * n);
  std::vector<std::vector<double>> epochs;
  for (std::size_t e = 0; e < 3; ++e)
    epochs.emplace_back(all.begin() + static_cast<std::ptrdiff_t>(e * n),
                        all.begin() + static_cast<std::ptrdiff_t>((e + 1) * n));
  BOOST_TEST((epochs[0] != epochs[1] && epochs[1] != epochs[2] && epochs[0] != epochs[2]));
  BOOST_TEST((losses(0) == all));
  BOOST_TEST((losses(1) != all));
  for (auto& epoch : epochs) std::ranges::sort(epoch);
  BOOST_TEST((epochs[0] == epochs[1] && epochs[1] == epochs[2]));
}

BOOST_AUTO_TEST_CASE(it_stops_early_and_keeps_the_best_weights) {
  // Nothing counts as an improvement but the first epoch's infinite one.
  Trainer trainer(
      {.learning_rate = 1e-2, .batch = 11, .epochs = 50, .patience = 2, .improvement = 1e9, .threads = 1});
  std::vector<double> first, last;
  std::vector<bool> improved;
  BOOST_TEST((weights(trainer.best()) == weights(trainer.current())));
  trainer.fit(train(), validation(), [&](const Progress& p) {
    if (!p.epoch_end) return;
    improved.push_back(p.improved);
    last = weights(trainer.current());
    if (first.empty()) first = last;
  });
  BOOST_TEST(improved == (std::vector<bool>{true, false, false}), boost::test_tools::per_element());
  BOOST_TEST(trainer.state().epoch == 3u);
  BOOST_TEST(trainer.state().stale == 2u);
  BOOST_TEST((weights(trainer.best()) == first));
  BOOST_TEST((weights(trainer.current()) == last));
  BOOST_TEST((first != last));

  // Training too fast: the best is where validation was lowest, not where training ended.
  Trainer wild({.learning_rate = 0.6, .batch = 11, .epochs = 12, .improvement = 0, .threads = 1});
  double lowest = 1e300;
  std::vector<double> best;
  wild.fit(train(), validation(), [&](const Progress& p) {
    if (!p.epoch_end) return;
    BOOST_TEST(p.improved == (p.validation.loss < lowest));
    if (p.validation.loss < lowest) best = weights(wild.current());
    lowest = std::min(lowest, p.validation.loss);
  });
  BOOST_TEST((weights(wild.best()) == best));
  BOOST_TEST(nwm::evaluate(wild.best(), validation(), 1).loss == lowest);
  BOOST_TEST(wild.state().best_loss == lowest);
}

BOOST_AUTO_TEST_CASE(improvements_must_be_larger_than_asked) {
  const auto stale = [](double improvement) {
    Trainer trainer(
        {.learning_rate = 1e-300, .batch = 11, .epochs = 4, .improvement = improvement, .threads = 1});
    trainer.fit(train(), validation());
    return trainer.state().stale;
  };
  BOOST_TEST(stale(0) == 3u);  // the same loss again is no improvement
  BOOST_TEST(stale(1e-3) == 3u);
}

BOOST_AUTO_TEST_CASE(the_schedule_is_a_factor_on_the_rate) {
  const auto trained = [](double rate, const nwm::Schedule& schedule) {
    Trainer trainer({.learning_rate = rate, .batch = 11, .epochs = 4, .schedule = schedule, .threads = 1});
    trainer.fit(train(), validation());
    return weights(trainer.current());
  };
  const auto plain = trained(0x1p-8, {});
  BOOST_TEST((trained(0x1p-8, nwm::schedule::constant()) == plain));
  BOOST_TEST((trained(0x1p-7, [](double) { return 0.5; }) == plain));
  BOOST_TEST((trained(0x1p-8, nwm::schedule::cosine()) != plain));
  BOOST_TEST((trained(0x1p-8, [](double) { return 0.0; }) == weights(Machine{})));
  std::vector<double> asked;
  trained(0x1p-8, [&](double done) {
    asked.push_back(done);
    return 1.0;
  });
  // First at the places where it is looked at to be refused or not.
  BOOST_TEST_REQUIRE(asked.size() == nwm::schedule::places + 8u);
  for (std::size_t i = 0; i < 8; ++i)
    BOOST_TEST(asked[nwm::schedule::places + i] == static_cast<double>(i) / 8);
}

BOOST_AUTO_TEST_CASE(a_callback_that_returns_false_stops) {
  Trainer trainer({.learning_rate = 1e-3, .batch = 4, .epochs = 5, .threads = 1});
  int calls = 0;
  const auto stop_at = [&](int call) { return [&calls, call](const Progress&) { return ++calls < call; }; };
  trainer.fit(train(), validation(), stop_at(8));  // five steps, the epoch's end, two steps
  BOOST_TEST(calls == 8);
  BOOST_TEST(trainer.state().epoch == 1u);
  BOOST_TEST(trainer.state().step == 2u);
  calls = 0;
  trainer.fit(train(), validation(), stop_at(4));  // three steps and the end
  BOOST_TEST(calls == 4);
  BOOST_TEST(trainer.state().epoch == 2u);
  BOOST_TEST(trainer.state().step == 0u);
}

BOOST_AUTO_TEST_CASE(evaluation_is_the_average_over_images) {
  const Machine machine({.seed = 3});
  auto space = std::make_unique<Machine::Workspace>();
  std::vector<nwm::SegmentationMetrics> each;
  for (std::size_t i = 0; i < validation().size(); ++i) {
    std::vector<double> image(Machine::image_size), scores(Machine::score_size);
    validation().picture(i, std::span(image));
    machine.scores(std::span<const double, Machine::image_size>(image.data(), image.size()),
                   std::span<double, Machine::score_size>(scores.data(), scores.size()), *space);
    each.push_back(nwm::measure<double>(scores, validation().mask(i), Machine::shape.classes));
  }
  const nwm::SegmentationMetrics expected = nwm::average(each);
  for (const std::size_t threads : {1u, 2u, 3u, 0u}) {
    const nwm::SegmentationMetrics got = nwm::evaluate(machine, validation(), threads);
    BOOST_TEST(got.loss == expected.loss);
    BOOST_TEST(got.acc == expected.acc);
    BOOST_TEST(got.iou == expected.iou);
    BOOST_TEST(got.loss_foreground == expected.loss_foreground);
    BOOST_TEST(got.acc_foreground == expected.acc_foreground);
    BOOST_TEST(got.iou_foreground == expected.iou_foreground);
  }
}

namespace {
/// The parameters of that name.
std::vector<double> named(const Machine& machine, std::string_view name) {
  for (const nwm::Slice& slice : Machine::layout.slices)
    if (slice.name.view() == name) {
      const auto part = machine.parameters().subspan(slice.offset, slice.size);
      return {part.begin(), part.end()};
    }
  BOOST_FAIL("no parameter " << name);
  return {};
}
}  // namespace

BOOST_AUTO_TEST_CASE(encoders_start_where_the_options_say) {
  using nwm::cell::Wave;
  const Machine drawn({.seed = 3});
  const Machine set({.seed = 3,
                     .encoder_starts = {{.field = Wave::omega, .bias = {0.5, 1.5}},
                                        {.field = Wave::y, .bias = {-0.25}, .weight_scale = 0},
                                        {.field = Wave::alpha, .weight_scale = 2}}});
  BOOST_TEST(named(set, "classifier.omega_encoder.4.bias") == (std::vector{0.5, 1.5}));
  BOOST_TEST(named(set, "classifier.hy_encoder.6.bias") == (std::vector{-0.25, -0.25}));
  for (const double w : named(set, "classifier.hy_encoder.6.weight")) BOOST_TEST(w == 0);
  std::vector<double> twice = named(drawn, "classifier.alpha_encoder.4.weight");
  for (double& w : twice) w *= 2;
  BOOST_TEST(named(set, "classifier.alpha_encoder.4.weight") == twice);
  // All else has the bits that were drawn.
  const std::vector<std::string_view> changed{
      "classifier.omega_encoder.4.bias", "classifier.hy_encoder.6.bias", "classifier.hy_encoder.6.weight",
      "classifier.alpha_encoder.4.weight"};
  std::size_t compared = 0;
  for (const nwm::Slice& slice : Machine::layout.slices)
    if (std::ranges::find(changed, slice.name.view()) == changed.end()) {
      BOOST_TEST((named(set, slice.name.view()) == named(drawn, slice.name.view())), slice.name.view());
      ++compared;
    }
  BOOST_TEST(compared + changed.size() == Machine::layout.count);
  BOOST_TEST(compared > 10u);
  BOOST_TEST(nwm::layer::linear_spread(3, 0.5, 1.5) == (std::vector{0.5, 1.0, 1.5}));
  BOOST_TEST(nwm::layer::linear_spread(1, 0.5, 1.5) == (std::vector{0.5}));
}

BOOST_AUTO_TEST_CASE(a_start_that_does_not_fit_is_told) {
  using nwm::cell::Wave;
  const auto field_of = [](std::vector<nwm::layer::EncoderStart> starts) -> std::string {
    try {
      const Machine machine({.encoder_starts = std::move(starts)});
    } catch (const nwm::Error& error) {
      BOOST_TEST_MESSAGE(error.what());
      return error.field();
    }
    return "";
  };
  BOOST_TEST(field_of({{.field = Wave::omega, .bias = {1, 2, 3}}}) == "bias");
  BOOST_TEST(field_of({{.field = Wave::omega, .bias = {1, NAN}}}) == "bias");
  BOOST_TEST(field_of({{.field = Wave::omega, .weight_scale = -1}}) == "weight_scale");
  BOOST_TEST(field_of({{.field = Wave::omega, .weight_scale = INFINITY}}) == "weight_scale");
  BOOST_TEST(field_of({{.field = Wave::z, .bias = {1}}}) == "encoder_starts");
  BOOST_TEST(field_of({{.field = 9, .bias = {1}}}) == "encoder_starts");
  BOOST_TEST(field_of({{.field = Wave::y}, {.field = Wave::y}}) == "encoder_starts");
  BOOST_TEST(field_of({{.field = Wave::y}, {.field = Wave::omega}}).empty());
}
