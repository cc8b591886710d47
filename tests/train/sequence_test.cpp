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
#include <vector>

#include "nwm/cell/co_rnn.hpp"
#include "nwm/cell/wave_rnn.hpp"
#include "nwm/checkpointing/policies.hpp"
#include "nwm/data/npy_sequences.hpp"
#include "nwm/data/tasks.hpp"
#include "nwm/io/npy.hpp"
#include "nwm/loss/image_cross_entropy.hpp"
#include "nwm/loss/mean_squares.hpp"
#include "nwm/model/sequence_machine.hpp"
#include "nwm/model/weights.hpp"
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
