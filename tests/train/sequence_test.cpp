// Sequence machines in training: the same bits for any threads and any stop, the same numbers under any
// memory policy; weights and predictions through files; data from .npy; and what does not fit.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE train_sequence

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "nwm/cell/co_rnn.hpp"
#include "nwm/cell/driven_wave.hpp"
#include "nwm/cell/lin_oss.hpp"
#include "nwm/cell/wave_rnn.hpp"
#include "nwm/checkpointing/policies.hpp"
#include "nwm/data/npy_sequences.hpp"
#include "nwm/data/tasks.hpp"
#include "nwm/io/npy.hpp"
#include "nwm/loss/image_cross_entropy.hpp"
#include "nwm/loss/mean_squares.hpp"
#include "nwm/model/scan_states.hpp"
#include "nwm/model/sequence_machine.hpp"
#include "nwm/model/wave_machine.hpp"
#include "nwm/model/weights.hpp"
#include "nwm/readout/last.hpp"
#include "nwm/train/carry_on.hpp"
#include "nwm/train/predict.hpp"
#include "nwm/train/saved_training.hpp"
#include "nwm/train/trainer.hpp"

namespace {

using nwm::SequenceShape;
using nwm::readout::AtEnd;
using nwm::readout::EveryStep;

constexpr nwm::data::CopyTask task{.delay = 12};
template <class Checkpointing>
using RingWith = nwm::SequenceMachine<
    SequenceShape{
        .inputs = 10, .steps = task.steps(), .width = 20, .oscillators = 3, .outputs = 9, .lanes = 4},
    nwm::cell::WaveRnn<>, EveryStep, nwm::head::Hidden<>, nwm::cpu::Simd<>, float, Checkpointing>;
using Ring = RingWith<nwm::checkpointing::StoreAll>;

using Units =
    nwm::SequenceMachine<SequenceShape{.inputs = 2, .steps = 20, .oscillators = 24, .outputs = 1, .lanes = 4},
                         nwm::cell::CoRnn>;

/// A state whose start is the model's, beside one that rests, and a map of trained numbers.
struct Leaky {
  static constexpr std::string_view name = "leaky";
  enum Field : std::size_t { u, h, gain, x };
  static constexpr std::array fields{nwm::cell::driven(u, "u"), nwm::cell::resting_state(h, "h"),
                                     nwm::cell::trained_channels(gain, "cell.gain", 0.5, 0.9),
                                     nwm::cell::random_state(x, "x", -1, 1)};
  static constexpr nwm::cell::FieldList recorded{h, x};
  static constexpr nwm::cell::Coupling coupling{
      .name = "cell.W", .from = {u, x}, .bias = true, .reach = nwm::cell::Reach::dense};
  template <class Site>
  static constexpr void update(const Leaky&, const Site& now, Site& next) {
    using V = typename Site::Value;
    next[h] = V(0.7) * now[h] + nwm::math::tanh(now.coupled());
    next[x] = now[gain] * now[x] + V(0.3) * now[h];
  }
};
template <class Cell, std::size_t steps, class Positions, class Checkpointing = nwm::checkpointing::StoreAll>
using Piece =
    nwm::SequenceMachine<SequenceShape{
                             .inputs = 2, .steps = steps, .oscillators = 6, .outputs = 3, .lanes = 4},
                         Cell, Positions, nwm::head::Hidden<>, nwm::cpu::Simd<>, double, Checkpointing>;
using LinOssCells = std::tuple<nwm::cell::LinOss<>, nwm::cell::LinOss<nwm::cell::Scheme::implicit>>;
template <std::size_t steps>
using Frames = nwm::WaveMachine<nwm::Shape{.height = 5,
                                           .width = 7,
                                           .image_channels = 2,
                                           .oscillators = 2,
                                           .steps = steps,
                                           .classes = 3,
                                           .encoder_width = 3},
                                nwm::readout::Last, nwm::head::Hidden<4>, nwm::cell::DrivenWave,
                                nwm::cpu::Simd<>, double>;

/// `count` random inputs for `Whole`, and the same cut in the middle for `Half`.
template <class Whole, class Half>
struct Cut {
  nwm::data::Dataset whole, first, second;
  explicit Cut(std::size_t count)
      : whole(set<Whole>(count, 0, 1)), first(set<Half>(count, 0, 2)), second(set<Half>(count, 1, 2)) {}

 private:
  template <class Machine>
  static nwm::data::Dataset set(std::size_t count, std::size_t piece, std::size_t pieces) {
    nwm::Random random(7);
    std::vector<float> some;
    for (std::size_t i = 0; i < count * Whole::image_size; ++i) {
      const auto v = static_cast<float>(random.uniform());
      if (i % Whole::image_size * pieces / Whole::image_size == piece || pieces == 1) some.push_back(v);
    }
    auto extent = nwm::input_extent<Machine>(count);
    extent.positions = 1;
    return nwm::data::label_each(extent, some, nwm::data::Targets::Bytes(count, 1));
  }
};
/// `Whole` with random weights, and `Half` with the same, but for what a readout has for each step.
template <class Whole, class Half>
std::pair<Whole, Half> alike() {
  Whole whole({.seed = 3});
  nwm::Random random(4);
  for (double& v : whole.parameters()) v += random.uniform(-0.2, 0.2);
  Half half;
  for (std::size_t i = 0; i < Whole::layout.count; ++i) {
    const nwm::Slice &from = Whole::layout.slices[i], &to = Half::layout.slices[i];
    BOOST_TEST(from.name.view() == to.name.view());
    if (from.size == to.size)
      std::ranges::copy(whole.parameters().subspan(from.offset, from.size),
                        half.parameters().begin() + static_cast<std::ptrdiff_t>(to.offset));
  }
  return {std::move(whole), std::move(half)};
}

/// Two pieces of T/2 steps leave what one run of T does, to the bit: series, scores and carried states.
template <class Whole, class Half>
void goes_on() {
  constexpr std::size_t count = 5;  // two passes, the second not full
  const Cut<Whole, Half> data(count);
  const auto [whole, half] = alike<Whole, Half>();
  nwm::Array<double> end, carried, recorded;
  const auto expected = nwm::record(whole, data.whole, end);
  BOOST_TEST(nwm::record(whole, data.whole).values == expected.values, boost::test_tools::per_element());
  BOOST_TEST((end.shape == std::vector<std::size_t>{count, Whole::carried, Whole::channels,
                                                    Whole::shape.height, Whole::shape.width}));
  const auto first = nwm::record(half, data.first, recorded),
             second = nwm::record(half, data.second, recorded);
  for (std::size_t i = 0; i < count; ++i)
    for (std::size_t k = 0; k < expected.each(); ++k)
      BOOST_TEST_REQUIRE(expected[i][k] == (k < first.each() ? first[i][k] : second[i][k - first.each()]));
  BOOST_TEST(recorded.values == end.values, boost::test_tools::per_element());

  const auto all = nwm::predict(whole, data.whole).scores;
  const auto before = nwm::predict(half, data.first, carried, 2).scores;
  const auto middle = carried;
  const auto after = nwm::predict(half, data.second, carried, 2).scores;
  BOOST_TEST(carried.values == end.values, boost::test_tools::per_element());
  for (std::size_t i = 0; i < count; ++i)
    for (std::size_t k = 0; k < after.each(); ++k)
      BOOST_TEST_REQUIRE(std::abs(after[i][k] - all[i][all.each() - after.each() + k]) < 1e-13);
  BOOST_TEST(before.values != after.values);
  // Without states the model starts as it does: the carried ones are forgotten.
  BOOST_TEST(nwm::predict(half, data.first).scores.values == before.values, boost::test_tools::per_element());

  // One state for all.
  nwm::Array<double> one({1, Half::carried, Half::channels, Half::shape.height, Half::shape.width});
  std::ranges::copy(middle[2], one.values.begin());
  nwm::Array<double> same({count, Half::carried, Half::channels, Half::shape.height, Half::shape.width});
  for (std::size_t i = 0; i < count; ++i) std::ranges::copy(middle[2], same[i].begin());
  BOOST_TEST(nwm::predict(half, data.second, one).scores.values ==
                 nwm::predict(half, data.second, same).scores.values,
             boost::test_tools::per_element());
  BOOST_TEST(one.values == same.values, boost::test_tools::per_element());
}

template <class Trainer, class Set>
std::vector<float> weights_after(Trainer& trainer, const Set& train, const Set& validation) {
  trainer.fit(train, validation);
  const auto all = trainer.current().parameters();
  return {all.begin(), all.end()};
}

const std::string& text_of(const nwm::Error& error) {
  static std::string text;
  return text = error.what();
}

}  // namespace

BOOST_AUTO_TEST_CASE(bits_do_not_depend_on_threads_nor_numbers_on_memory) {
  const auto train = nwm::data::copy_task(22, task, 1), validation = nwm::data::copy_task(5, task, 2);
  const nwm::TrainerOptions one{.batch = 11, .epochs = 2, .threads = 1, .shards = 4};
  nwm::TrainerOptions three = one;
  three.threads = 3;
  nwm::Trainer<Ring> a(one), b(three);
  nwm::Trainer<RingWith<nwm::checkpointing::Every<11>>> c(three);
  const auto expected = weights_after(a, train, validation);
  BOOST_TEST(weights_after(b, train, validation) == expected, boost::test_tools::per_element());
  // The head sums over the steps of a segment: another order.
  const auto spare = weights_after(c, train, validation);
  for (std::size_t i = 0; i < expected.size(); ++i) BOOST_TEST(std::abs(spare[i] - expected[i]) < 1e-5f);
}

BOOST_AUTO_TEST_CASE(a_stopped_training_goes_on_exactly) {
  using Loss = nwm::loss::MeanSquares;
  using Trainer = nwm::Trainer<Units, Loss>;
  const auto train = nwm::data::adding_task(24, 20, 1), validation = nwm::data::adding_task(8, 20, 2);
  const nwm::TrainerOptions options{.batch = 8, .epochs = 3};
  Trainer whole(options), first(options), second(options);
  const auto expected = weights_after(whole, train, validation);
  std::size_t steps = 0;
  first.fit(train, validation, [&](const auto&) { return ++steps < 5; });
  nwm::save_training(first, "sequence-training.safetensors");
  nwm::load_training(second, "sequence-training.safetensors");
  BOOST_TEST(weights_after(second, train, validation) == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_ring_that_shifts_keeps_what_it_heard_and_learns_to_say_it) {
  const auto train = nwm::data::copy_task(512, task, 1), validation = nwm::data::copy_task(64, task, 2);
  nwm::Trainer<Ring> trainer({.learning_rate = 5e-3, .batch = 16, .epochs = 6, .clip_norm = 1});
  trainer.fit(train, validation);
  const double guess = 10.0 / static_cast<double>(task.steps()) * std::log(8.0);
  const double loss = nwm::evaluate(trainer.best(), validation).loss;
  BOOST_TEST(loss < 0.5 * guess);
}

BOOST_AUTO_TEST_CASE(weights_and_predictions_go_through_files) {
  const auto set = nwm::data::copy_task(5, task, 3);
  Ring machine({.seed = 4});
  nwm::save(machine, "ring.safetensors");
  Ring other({.seed = 5});
  nwm::load(other, "ring.safetensors");
  const auto [scores, labels] = nwm::predict(machine, set);
  BOOST_TEST(nwm::predict(other, set).scores.values == scores.values, boost::test_tools::per_element());
  BOOST_TEST((scores.shape == std::vector<std::size_t>{5, task.steps(), 9}));
  BOOST_TEST((labels.shape == std::vector<std::size_t>{5, task.steps()}));
  // By hand, from the recorded waves and the readout's weights.
  const auto series = nwm::record(machine, set);
  BOOST_TEST((series.shape == std::vector<std::size_t>{5, task.steps(), 3, 1, 20}));
  const auto all = machine.parameters();
  const auto& weight = Ring::layout.slices[Ring::layout.count - 2];
  const auto& bias = Ring::layout.slices[Ring::layout.count - 1];
  for (const std::size_t i : {0u, 4u})
    for (const std::size_t t : {0u, 13u})
      for (std::size_t k = 0; k < 9; ++k) {
        double expected = static_cast<double>(all[bias.offset + k]);
        for (std::size_t j = 0; j < 60; ++j)
          expected += static_cast<double>(all[weight.offset + k * 60 + j]) *
                      static_cast<double>(series[i][t * 60 + j]);
        BOOST_TEST(static_cast<double>(scores[i][t * 9 + k]) == expected, boost::test_tools::tolerance(1e-4));
      }
}

BOOST_AUTO_TEST_CASE(sequences_come_from_npy) {
  nwm::Array<float> x({3, 20, 2});
  std::iota(x.values.begin(), x.values.end(), 0.0f);
  nwm::Array<float> sums({3, 1}, 0.5f);
  nwm::io::write_npy("x.npy", x);
  nwm::io::write_npy("sums.npy", sums);
  const auto set = nwm::data::load_sequences("x.npy", "sums.npy");
  nwm::require_fit<Units>(set, nwm::loss::MeanSquares{});
  std::vector<float> second(40);
  set.picture(1, std::span(second));
  BOOST_TEST(second.front() == 40.0f);
  BOOST_TEST(set.numbers(2)[0] == 0.5f);

  nwm::Array<std::uint8_t> labels({3, 20}, 1);
  nwm::io::write_npy("labels.npy", labels);
  BOOST_TEST(nwm::data::load_sequences("x.npy", "labels.npy").mask(2).size() == 20u);
  nwm::Array<std::uint8_t> few({2}, 1);
  nwm::io::write_npy("few.npy", few);
  BOOST_CHECK_EXCEPTION(nwm::data::load_sequences("x.npy", "few.npy"), nwm::Error, [](const auto& e) {
    return text_of(e).find("few.npy: shape: expected labels (N), (N, T)") == 0;
  });
  nwm::Array<float> flat({3, 20});
  nwm::io::write_npy("flat.npy", flat);
  BOOST_CHECK_EXCEPTION(nwm::data::load_sequences("flat.npy", "few.npy"), nwm::Error, [](const auto& e) {
    return text_of(e).find("(N, T, n) vectors") != std::string::npos;
  });
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_is_told) {
  const auto adding = nwm::data::adding_task(4, 19, 1);  // a step too few
  BOOST_CHECK_EXCEPTION(
      nwm::require_fit<Units>(adding, nwm::loss::MeanSquares{}), nwm::Error, [](const auto& e) {
        return text_of(e).find("expected (4, 20, 2), found (4, 19, 2)") != std::string::npos;
      });
  // Labels a sequence, for a machine that scores every step.
  const auto set = nwm::data::label_each(nwm::data::vectors(2, task.steps(), 10),
                                         std::vector<float>(2 * task.steps() * 10), {1, 2});
  BOOST_CHECK_THROW(nwm::require_fit<Ring>(set, nwm::loss::CrossEntropy{}), nwm::Error);
}

BOOST_AUTO_TEST_CASE(a_run_in_pieces_is_the_run) {
  using nwm::readout::EveryStep;
  goes_on<Piece<nwm::cell::CoRnn, 12, AtEnd>, Piece<nwm::cell::CoRnn, 6, AtEnd>>();
  goes_on<Piece<Leaky, 12, EveryStep>, Piece<Leaky, 6, EveryStep, nwm::checkpointing::Every<3>>>();
  goes_on<Frames<8>, Frames<4>>();
}

BOOST_AUTO_TEST_CASE(states_that_do_not_fit_are_told) {
  using Machine = Piece<nwm::cell::CoRnn, 6, AtEnd>;
  const auto set = Cut<Machine, Piece<nwm::cell::CoRnn, 3, AtEnd>>(3).whole;
  nwm::Array<double> states({2, 2, 6, 1, 1}, 0.5);
  const auto fails = [&](const char* text) {
    BOOST_CHECK_EXCEPTION(nwm::predict(Machine(), set, states), nwm::Error, [&](const auto& e) {
      BOOST_TEST_MESSAGE(e.what());
      return text_of(e).find(text) != std::string::npos;
    });
  };
  fails("carried states: shape: expected (3, 2, 6, 1, 1) or (1, 2, 6, 1, 1), found (2, 2, 6, 1, 1)");
  states = nwm::Array<double>({3, 2, 6, 1, 1}, 0.5);
  states[1][4] = std::nan("");
  fails("carried states: value 4 of image 1: expected a finite number");
  BOOST_TEST(states[2][0] == 0.5);  // as it was
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_scan_over_time_gives_the_states_of_a_lin_oss, Cell, LinOssCells) {
  using Machine = Piece<Cell, 200, AtEnd>;
  using Half = Piece<Cell, 100, AtEnd>;
  const Cut<Machine, Half> data(3);
  const auto [machine, half] = alike<Machine, Half>();
  nwm::Array<double> end, middle;
  const auto expected = nwm::record(machine, data.whole, end);
  (void)nwm::record(half, data.first, middle);
  std::vector<double> inputs(Machine::image_size), rest(Half::image_size);
  data.whole.picture(2, std::span(inputs));
  data.second.picture(2, std::span(rest));
  for (const std::size_t threads : {1u, 2u}) {
    const auto states = nwm::scan_states(machine, std::span<const double>(inputs), {}, threads);
    BOOST_TEST((states.shape == std::vector<std::size_t>{200, 2, 6}));
    const auto half_way =
        nwm::scan_states(half, std::span<const double>(rest), std::as_const(middle)[2], threads);
    for (std::size_t k = 0; k < expected.each(); ++k) {
      BOOST_TEST_REQUIRE(std::abs(states.values[k] - expected[2][k]) < 1e-12);
      if (k >= half_way.values.size())
        BOOST_TEST_REQUIRE(std::abs(half_way.values[k - half_way.values.size()] - expected[2][k]) < 1e-12);
    }
  }
  BOOST_CHECK_THROW(nwm::scan_states(machine, std::span<const double>(inputs).first(3)), nwm::Error);
  BOOST_CHECK_THROW(
      nwm::scan_states(machine, std::span<const double>(inputs), std::span<const double>(inputs).first(3)),
      nwm::Error);
}
