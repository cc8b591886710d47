// Numbers that run away: training stops with the place and the quantity, and the best weights are still
// there.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE misuse_unstable

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "../train/tools.hpp"
#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/backend/cpu/simd.hpp"
#include "nwm/train/predict.hpp"
#include "nwm/train/saved_training.hpp"
#include "nwm/train/trainer.hpp"
#include "tools.hpp"

namespace {

using Machine = tools::Small<nwm::cpu::Scalar>;
using Trainer = nwm::Trainer<Machine>;
using nwm::Unstable;
using tools::error_of;
using tools::has;
using tools::weights;

bool finite(const std::vector<float>& v) {
  return std::ranges::all_of(v, [](float x) { return std::isfinite(x); });
}

/// The parameters whose name contains `part`.
std::span<float> named(Machine& machine, const std::string& part) {
  for (const nwm::Slice& slice : Machine::layout.slices)
    if (has(std::string(slice.name.view()), part))
      return std::span<float>(machine.parameters()).subspan(slice.offset, slice.size);
  BOOST_TEST_REQUIRE(false, part);
  return {};
}

const nwm::data::Dataset& data() {
  static const auto set = tools::blocks(8, 1);
  return set;
}

/// A cell whose waves run away where dt is large, and that says nothing of it.
struct Cubic {
  static constexpr std::string_view name = "cubic";
  double dt = 0.1;
  static constexpr auto numbers = nwm::cell::numbers("dt", &Cubic::dt);
  enum Field : std::size_t { u };
  static constexpr std::array fields{nwm::cell::encoded_state(u, "u", 2, nwm::Activation::tanh)};
  static constexpr std::size_t recorded = u;
  static constexpr nwm::cell::Coupling coupling{.name = "cell.K", .from = {u}};
  template <class Site>
  static constexpr void update(const Cubic& cell, const Site& now, Site& next) {
    using V = typename Site::Value;
    next[u] = now[u] + V(cell.dt) * (now.coupled() - now[u] * now[u] * now[u]);
  }
};
using Runaway =
    nwm::WaveMachine<Machine::shape, nwm::readout::Linear, nwm::head::Hidden<6>, Cubic, nwm::cpu::Scalar>;

}  // namespace

using Backends = std::tuple<nwm::cpu::Scalar, nwm::cpu::Simd<>>;
BOOST_AUTO_TEST_CASE_TEMPLATE(a_time_step_too_long, B, Backends) {
  using M = tools::Small<B>;
  const M machine({.cell = {.dt = 1000}});
  const auto space = std::make_unique<typename M::Workspace>();
  std::vector<float> image(M::image_size, 1.0f), scores(M::score_size), gradient(M::parameter_count);
  const std::vector<std::uint8_t> target(M::sites);
  const std::span<const float, M::image_size> picture(image.data(), image.size());
  const auto check = [](const Unstable& e) {
    BOOST_TEST(e.where() == "wave step");
    BOOST_TEST(has(e.field(), "dt = 1000"), e.what());
    BOOST_TEST(has(e.expected(), "dt^2 omega"), e.what());
  };
  check(error_of<Unstable>([&] {
    machine.scores(picture, std::span<float, M::score_size>(scores.data(), scores.size()), *space);
  }));
  check(error_of<Unstable>([&] {
    machine.add_gradient(picture, target, 1.0f,
                         std::span<float, M::parameter_count>(gradient.data(), gradient.size()), *space);
  }));
  BOOST_TEST((gradient == std::vector<float>(gradient.size())));
}

BOOST_AUTO_TEST_CASE(training_with_a_time_step_too_long) {
  for (const std::size_t threads : {1u, 2u}) {
    Trainer trainer({.batch = 4, .epochs = 1, .threads = threads}, Machine({.cell = {.dt = 1000}}));
    const auto before = weights(trainer.best());
    const auto e = error_of<Unstable>([&] { trainer.fit(data(), data()); });
    BOOST_TEST(e.where() == "epoch 1, step 1, wave step");
    BOOST_TEST(has(e.field(), "dt = 1000"), e.what());
    BOOST_TEST((weights(trainer.best()) == before));
    error_of<Unstable>([&] { nwm::evaluate(trainer.best(), data(), threads); });
  }
}

BOOST_AUTO_TEST_CASE(a_loss_that_is_not_finite) {
  Trainer trainer({.batch = 4, .epochs = 1, .threads = 1});
  std::ranges::fill(named(trainer.current(), "fc_readout.2.weight"), 3e38f);
  std::ranges::fill(named(trainer.current(), "fc_readout.0.bias"), 100.0f);
  const auto best = weights(trainer.best());
  const auto e = error_of<Unstable>([&] { trainer.fit(data(), data()); });
  BOOST_TEST(e.where() == "epoch 1, step 1");
  BOOST_TEST(e.field() == "loss");
  BOOST_TEST(e.expected() == "a finite number");
  BOOST_TEST((weights(trainer.best()) == best));
  BOOST_TEST(finite(best));
}

BOOST_AUTO_TEST_CASE(a_gradient_that_is_not_finite) {
  Trainer trainer({.batch = 4, .epochs = 1, .threads = 1});
  // Waves at rest: scores and loss are finite, but their slope with respect to the waves is beyond all
  // numbers.
  for (const char* part : {"hy_encoder.6.weight", "hy_encoder.6.bias"})
    std::ranges::fill(named(trainer.current(), part), 0.0f);
  std::ranges::fill(named(trainer.current(), "fc_readout.0.weight"), 1e30f);
  std::ranges::fill(named(trainer.current(), "fc_readout.0.bias"), 1.0f);
  const auto head = named(trainer.current(), "fc_readout.2.weight");
  for (std::size_t i = 0; i < head.size(); ++i) head[i] = i % 5 == 0 ? 1e12f : -1e12f;
  const auto e = error_of<Unstable>([&] { trainer.fit(data(), data()); });
  BOOST_TEST(e.where() == "epoch 1, step 1");
  BOOST_TEST(e.field() == "gradient norm");
}

BOOST_AUTO_TEST_CASE(training_that_runs_away_keeps_the_best_weights_and_the_last_file) {
  const tools::Folder folder("runaway");
  // Two epochs of two steps go well; then the rate jumps.
  const auto jump = [](double done) { return done < 0.5 ? 1.0 : 1e30; };
  Trainer trainer(
      {.learning_rate = 1e-3, .batch = 4, .epochs = 4, .schedule = jump, .improvement = 0, .threads = 1});
  std::vector<float> best;
  const auto e = error_of<Unstable>([&] {
    trainer.fit(data(), data(), [&](const nwm::Progress& p) {
      if (!p.epoch_end) return;
      if (p.improved) best = weights(trainer.current());
      nwm::save_training(trainer, folder / "x");
    });
  });
  BOOST_TEST(e.where().starts_with("epoch 3, step 2"), e.where());
  BOOST_TEST_REQUIRE(!best.empty());
  BOOST_TEST((weights(trainer.best()) == best));
  BOOST_TEST(finite(best));
  BOOST_TEST(std::isfinite(nwm::evaluate(trainer.best(), data(), 1).loss));

  // From the file training goes on where it was sound, with a schedule that behaves.
  Trainer again({.learning_rate = 1e-3, .batch = 4, .epochs = 4, .improvement = 0, .threads = 1});
  nwm::load_training(again, folder / "x", nwm::Resume::with_other_options);
  BOOST_TEST(again.state().epoch == 2u);
  again.fit(data(), data());
  BOOST_TEST(again.state().epoch == 4u);
  BOOST_TEST(finite(weights(again.current())));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_weight_that_is_not_a_number, B, Backends) {
  using M = tools::Small<B>;
  for (const char* part : {"omega_encoder.0.bias", "alpha_encoder.2.weight", "hy_encoder.0.weight",
                           "fc_readout.0.bias", "fc_readout.2.weight"}) {
    M machine;
    for (const nwm::Slice& slice : M::layout.slices)
      if (has(std::string(slice.name.view()), part))
        machine.parameters()[slice.offset] = std::numeric_limits<float>::quiet_NaN();
    // Behind the ReLUs of encoders and head: told by the time step's bound, or seen in the loss.
    bool told = false;
    try {
      told = std::isnan(nwm::evaluate(machine, data(), 1).loss);
    } catch (const Unstable&) {
      told = true;
    }
    BOOST_TEST(told, part);
  }
}

BOOST_AUTO_TEST_CASE(a_validation_that_is_not_finite) {
  // The only step of the epoch ruins the weights: validation finds it.
  Trainer trainer({.learning_rate = 1e30, .batch = 8, .epochs = 2, .threads = 1});
  const auto before = weights(trainer.best());
  const auto e = error_of<Unstable>([&] { trainer.fit(data(), data()); });
  BOOST_TEST(e.where().starts_with("epoch 1, validation"), e.where());
  BOOST_TEST((weights(trainer.best()) == before));
}

BOOST_AUTO_TEST_CASE(a_cell_of_ones_own_that_runs_away) {
  const Runaway machine({.cell = {.dt = 1e9}, .seed = 1});
  const std::string advice = "a finite number (a smaller dt than the cell's 1e+09 may be needed)";
  const auto check = [&](const std::string& field, const Unstable& e) {
    BOOST_TEST(e.where().starts_with("image "), e.what());
    BOOST_TEST(e.field().starts_with(field), e.what());
    BOOST_TEST(e.expected() == advice);
    BOOST_TEST((has(e.found(), "nan") || has(e.found(), "inf")), e.what());
    BOOST_TEST(!has(e.found(), "-nan"), e.what());
  };
  for (const std::size_t threads : {1u, 2u}) {
    check("score (", error_of<Unstable>([&] { nwm::predict(machine, data(), threads); }));
    check("score (", error_of<Unstable>([&] { nwm::evaluate(machine, data(), threads); }));
  }
  check("step ", error_of<Unstable>([&] { nwm::record(machine, data()); }));
  const std::vector<float> picture(Machine::image_size, 1.0f);
  check("score (", error_of<Unstable>([&] { nwm::predict(machine, picture); }));
  nwm::Trainer<Runaway> trainer({.batch = 4, .epochs = 1, .threads = 1}, machine);
  const auto e = error_of<Unstable>([&] { trainer.fit(data(), data()); });
  BOOST_TEST(e.where() == "epoch 1, step 1");
  BOOST_TEST(e.expected() == advice);
  BOOST_TEST(e.found() == "nan");
  // With a small one all is well.
  const Runaway calm({.cell = {.dt = 0.1}, .seed = 1});
  nwm::predict(calm, data()), nwm::record(calm, data());
}

BOOST_AUTO_TEST_CASE(numbers_as_errors_show_them) {
  const double none = std::numeric_limits<double>::quiet_NaN();
  BOOST_TEST(nwm::shown(-none) == "nan");
  BOOST_TEST(nwm::shown(none) == "nan");
  BOOST_TEST(nwm::shown_exactly(0.1) == "0.1");
  BOOST_TEST(nwm::shown_exactly(-1e300) == "-1e+300");
  BOOST_TEST(nwm::shown_exactly(0.1 + 0.2) == "0.30000000000000004");
  BOOST_TEST(nwm::shown_exactly(none) == "nan");
  BOOST_TEST(nwm::shown_exactly(std::numeric_limits<double>::infinity()) == "inf");
}

// The study's runs of 100 steps may stray; a run of few steps is told when its rounding errors fill it.
BOOST_AUTO_TEST_CASE(the_growth_a_run_may_have) {
  using nwm::model::growth_limit;
  BOOST_TEST(growth_limit<float>(100) == 2.0);
  BOOST_TEST(std::abs(growth_limit<float>(200) - 1.5583) < 1e-3);  // 3.4e38 in 200 steps
  BOOST_TEST(std::abs(growth_limit<float>(3) - 203.19) < 1e-2);    // 2^23 in 3
  BOOST_TEST(growth_limit<double>(100) == 2.0);
  for (const std::size_t steps : {1UL, 10UL, 100UL, 1000UL, 10000UL}) {
    BOOST_TEST(growth_limit<float>(steps) > 1.0);
    BOOST_TEST(growth_limit<float>(steps) <= growth_limit<float>(steps / 2 + 1) + 1e-9);
  }
}
