// Scores, labels and series in one line, for every model and number of images a pass; and as .npy.
#define BOOST_TEST_MODULE predict
#include "nwm/train/predict.hpp"

#include <boost/test/unit_test.hpp>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "nwm/backend/cpu/simd.hpp"
#include "nwm/checkpointing/policies.hpp"
#include "nwm/io/npy.hpp"
#include "nwm/loss/image_cross_entropy.hpp"
#include "nwm/loss/mean_squares.hpp"
#include "nwm/model/cnn.hpp"
#include "nwm/model/unet.hpp"
#include "nwm/model/wave_machine.hpp"
#include "nwm/random.hpp"
#include "nwm/readout/fft.hpp"
#if __has_include(<thrust/for_each.h>)
#include "nwm/backend/device/host.hpp"
#endif

namespace {

constexpr nwm::Shape shape{.height = 16,
                           .width = 16,
                           .image_channels = 2,
                           .oscillators = 2,
                           .steps = 6,
                           .classes = 3,
                           .encoder_width = 3};
using Machine = nwm::WaveMachine<shape, nwm::readout::Linear, nwm::head::Hidden<6>>;
using Cnn = nwm::Cnn<shape, 2, nwm::head::Hidden<6>>;
using UNet = nwm::UNet<shape, 2>;

#if __has_include(<thrust/for_each.h>)
using Two = nwm::device::Host<nwm::device::Sequential, 2>;
#endif

/// Five pictures with labels: a target that no loss for masks would take.
nwm::data::Dataset pictures() {
  nwm::Random random(5);
  std::vector<float> values(5 * Machine::image_size);
  for (float& v : values) v = static_cast<float>(random.uniform());
  return {{5, 2, 16, 16}, values, nwm::data::Targets::labels({0, 1, 2, 1, 0}), "pictures"};
}

using Models = std::tuple<Machine, Cnn, UNet>;
/// With states of all steps in one segment, of every second step, and with a readout that learns nothing.
using Readers =
    std::tuple<Machine,
               nwm::WaveMachine<shape, nwm::readout::Linear, nwm::head::Hidden<6>, nwm::cell::Wave,
                                nwm::DefaultBackend, float, nwm::checkpointing::Every<2>>,
               nwm::WaveMachine<shape, nwm::readout::Fft, nwm::head::Hidden<6>>
#if __has_include(<thrust/for_each.h>)
               ,
               nwm::WaveMachine<shape, nwm::readout::Linear, nwm::head::Hidden<6>, nwm::cell::Wave,
                                nwm::device::Host<nwm::device::Sequential, 1>>
#endif
               >;

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(scores_and_labels, M, Models) {
  const auto set = pictures();
  // Not every random machine tells pixels apart: the first that does.
  M model;
  nwm::Predictions<float> all;
  const auto told_apart = [&] {
    return std::ranges::count(all.labels.values, all.labels.values[0]) < 5 * 256;
  };
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    model = M(typename M::Options{.seed = seed});
    nwm::Random random(seed);
    for (const nwm::Slice& slice : M::layout.slices)
      if (slice.name.view().ends_with("bias"))
        for (float& v : model.parameters().subspan(slice.offset, slice.size))
          v += static_cast<float>(random.uniform(-1, 1));
    all = nwm::predict(model, set, 2);
    if (told_apart()) break;
  }
  BOOST_TEST(told_apart());
  BOOST_TEST((all.scores.shape == std::vector<std::size_t>{5, 3, 16, 16}));
  BOOST_TEST((all.labels.shape == std::vector<std::size_t>{5, 16, 16}));
  for (std::size_t i = 0; i < 5; ++i) {
    std::vector<float> one(M::image_size);
    set.picture(i, std::span(one));
    const auto alone = nwm::predict(model, one);
    BOOST_TEST((std::ranges::equal(alone.scores[0], all.scores[i])));
    BOOST_TEST((std::ranges::equal(alone.labels[0], all.labels[i])));
    for (std::size_t p = 0; p < M::sites; ++p) {
      const auto score = [&](std::size_t k) { return all.scores[i][k * M::sites + p]; };
      const std::size_t label = all.labels[i][p];
      for (std::size_t k = 0; k < 3; ++k) BOOST_TEST_REQUIRE(score(label) >= score(k));
    }
  }
  BOOST_CHECK_THROW(nwm::predict(model, std::vector<float>(7)), nwm::Error);
}

BOOST_AUTO_TEST_CASE(labels_of_the_kind_of_target_that_the_loss_has) {
  // Biases of the head that no class wins by much: pixels differ in their class.
  Machine machine({.seed = 3});
  nwm::Random random(3);
  for (float& v : machine.parameters()) v += static_cast<float>(random.uniform(-0.3, 0.3));
  const auto set = pictures();
  const auto pixels = nwm::predict(machine, set);
  const auto images = nwm::predict(machine, set, 1, nwm::loss::ImageCrossEntropy{});
  const auto numbers = nwm::predict(machine, set, 1, nwm::loss::MeanSquares{});
  BOOST_TEST((pixels.scores.values == images.scores.values && pixels.scores.values == numbers.scores.values));
  BOOST_TEST((images.labels.shape == std::vector<std::size_t>{5}));
  BOOST_TEST((numbers.labels.shape.empty() && numbers.labels.values.empty()));
  for (std::size_t i = 0; i < 5; ++i) {
    // The label is the one that the metrics of the loss take for right.
    const std::vector<std::uint8_t> said{images.labels.values[i]};
    BOOST_TEST(
        nwm::loss::ImageCrossEntropy::measure(pixels.scores[i], std::span<const std::uint8_t>(said), 3).acc ==
        1);
    std::vector<float> one(Machine::image_size);
    set.picture(i, std::span(one));
    const auto alone = nwm::predict(machine, one, nwm::loss::ImageCrossEntropy{});
    BOOST_TEST((alone.labels.values == said));
  }
  // A single number a pixel is no class.
  using Field = nwm::WaveMachine<nwm::Shape{.height = 4, .width = 4, .steps = 4, .outputs = 1},
                                 nwm::readout::Linear, nwm::head::Hidden<6>>;
  const auto field = nwm::predict(Field(), std::vector<float>(16));
  BOOST_TEST((field.scores.shape == std::vector<std::size_t>{1, 1, 4, 4}));
  BOOST_TEST(field.labels.values.empty());
}

#if __has_include(<thrust/for_each.h>)
using ModelsOfTwo = std::tuple<Machine::with<Two>, Cnn::with<Two>, UNet::with<Two>>;

BOOST_AUTO_TEST_CASE_TEMPLATE(two_images_a_pass, M, ModelsOfTwo) {
  using Alone = typename M::template with<nwm::cpu::Simd<>>;
  static_assert(M::images == 2 && Alone::images == 1);
  const auto set = pictures();  // five: the last pass has one
  M model(typename M::Options{.seed = 2});
  const Alone alone(typename Alone::Options{.seed = 2});
  const auto all = nwm::predict(model, set), expected = nwm::predict(alone, set);
  BOOST_TEST((all.scores.shape == expected.scores.shape && all.labels.shape == expected.labels.shape));
  for (std::size_t i = 0; i < all.scores.values.size(); ++i)
    BOOST_TEST_REQUIRE(std::abs(all.scores.values[i] - expected.scores.values[i]) < 1e-4f);
  // The pictures differ, so that no image stands for another.
  for (std::size_t i = 1; i < 5; ++i) BOOST_TEST(!std::ranges::equal(all.scores[i], all.scores[i - 1]));
  std::vector<float> one(M::image_size);
  set.picture(4, std::span(one));
  BOOST_TEST((std::ranges::equal(nwm::predict(model, one).scores[0], all.scores[4])));
  if constexpr (requires { M::series_size; }) {
    const auto series = nwm::record(model, set), wanted = nwm::record(alone, set);
    BOOST_TEST((series.shape == wanted.shape));
    for (std::size_t i = 0; i < series.values.size(); ++i)
      BOOST_TEST_REQUIRE(std::abs(series.values[i] - wanted.values[i]) < 1e-4f);
    for (std::size_t i = 1; i < 5; ++i) BOOST_TEST(!std::ranges::equal(series[i], series[i - 1]));
    BOOST_TEST((std::ranges::equal(nwm::record(model, one)[0], series[4])));
  }
}
#endif

BOOST_AUTO_TEST_CASE(series_are_those_of_the_machine) {
  const Machine machine({.seed = 3});
  const auto set = pictures();
  const auto all = nwm::record(machine, set);
  BOOST_TEST((all.shape == std::vector<std::size_t>{5, 6, 2, 16, 16}));
  const auto space = std::make_unique<Machine::Workspace>();
  std::vector<float> one(Machine::image_size), series(Machine::series_size);
  set.picture(4, std::span(one));
  machine.record(std::span<const float, Machine::image_size>(one.data(), one.size()),
                 std::span<float, Machine::series_size>(series.data(), series.size()), *space);
  BOOST_TEST((std::ranges::equal(all[4], series)));
  BOOST_TEST((std::ranges::equal(nwm::record(machine, one).values, series)));
}

// What is read from a machine's own waves is what it says; of waves that are cut off it says something else.
BOOST_AUTO_TEST_CASE_TEMPLATE(scores_of_a_series, M, Readers) {
  const M machine({.seed = 3});
  const auto set = pictures();
  const auto waves = nwm::record(machine, set);
  const auto expected = nwm::predict(machine, set).scores;
  const auto space = std::make_unique<typename M::Workspace>();  // in which nothing ran
  std::vector<float> series(M::images * M::series_size), scores(M::score_size);
  const auto read = [&] {
    machine.read(std::span<const float, M::images * M::series_size>(series.data(), series.size()),
                 std::span<float, M::score_size>(scores.data(), scores.size()), *space);
  };
  std::ranges::copy(waves[4], series.begin());
  read();
  BOOST_TEST((std::ranges::equal(expected[4], scores)));
  std::fill(series.begin() + static_cast<std::ptrdiff_t>(3 * M::columns), series.end(), 0.0f);
  read();
  BOOST_TEST((!std::ranges::equal(expected[4], scores)));
}

BOOST_AUTO_TEST_CASE(an_array_as_npy) {
  nwm::Array<float> array({2, 3});
  for (std::size_t i = 0; i < 6; ++i) array.values[i] = static_cast<float>(i);
  nwm::io::write_npy("array.npy", array);
  std::ifstream file("array.npy", std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  BOOST_TEST(bytes.starts_with(std::string("\x93NUMPY\x01\x00", 8)));
  const std::size_t header =
      10 + static_cast<unsigned char>(bytes[8]) + 256u * static_cast<unsigned char>(bytes[9]);
  BOOST_TEST(header % 64 == 0u);
  BOOST_TEST(bytes.substr(10, header - 10)
                 .starts_with("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"));
  BOOST_TEST(bytes[header - 1] == '\n');
  BOOST_TEST(bytes.size() == header + 6 * sizeof(float));
  BOOST_TEST(std::memcmp(bytes.data() + header, array.values.data(), 6 * sizeof(float)) == 0);
}
