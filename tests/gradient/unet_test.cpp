// The U-Net and the layers it is made of: layers against plain loops and their gradients against differences,
// running statistics, threads, checkpoints. The whole net's gradient: unet_parameters_test.cpp.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE gradient_unet

#include "nwm/model/unet.hpp"

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <numeric>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/backend/cpu/simd.hpp"
#include "nwm/check/check_gradient.hpp"
#include "nwm/train/evaluate.hpp"
#include "nwm/train/saved_training.hpp"
#include "nwm/train/trainer.hpp"
#include "tools.hpp"
#include "unet_tools.hpp"

namespace {

using namespace unet_test;
using Backends = std::tuple<Scalar, Simd<>>;
using tools::dot;
using tools::random_vector;

/// Scores of a whole set as one batch.
template <class M>
std::vector<typename M::Real> forward(M& machine, const nwm::data::Dataset& set, bool training) {
  nwm::LayerExecutor executor{1, 1, std::vector<std::exception_ptr>(set.size())};
  typename M::Batch batch(set.size(), 1);
  for (std::size_t i = 0; i < set.size(); ++i) set.picture(i, batch.image(i));
  machine.forward(executor, batch, set.size(), training);
  std::vector<typename M::Real> result;
  for (std::size_t i = 0; i < set.size(); ++i)
    result.insert(result.end(), batch.score(i).begin(), batch.score(i).end());
  return result;
}

template <class M>
std::span<const typename M::Real> buffer(const M& machine, const std::string& name) {
  for (const nwm::Slice& s : M::buffer_layout.slices)
    if (s.name.view() == name) return std::span(machine.buffers()).subspan(s.offset, s.size);
  throw nwm::Error("test", name, "a buffer", "none");
}

/// A executor of one.
nwm::LayerExecutor executor(std::size_t images) { return {1, 1, std::vector<std::exception_ptr>(images)}; }

}  // namespace

BOOST_AUTO_TEST_CASE(the_loss_is_the_mean_over_pixels_and_images) {
  using M = Net<1, Scalar, double>;
  const auto set = random_set(3);
  M machine = shaken<M>();
  double loss = 0;
  gradient(machine, set, 1, 1, &loss);
  const std::vector<double> s = forward(machine, set, true);
  double expected = 0;
  for (std::size_t i = 0; i < 3; ++i)
    expected +=
        nwm::measure<double>(std::span(s).subspan(i * M::score_size, M::score_size), set.mask(i), 3).loss;
  BOOST_TEST(std::abs(loss - expected / 3) < 1e-12);
}

BOOST_AUTO_TEST_CASE(threads_do_not_change_a_bit) {
  using M = Net<2>;
  const auto set = random_set(6);
  M one = shaken<M>(), two = one;
  double loss_one = 0, loss_two = 0;
  const auto a = gradient(one, set, 1, 4, &loss_one), b = gradient(two, set, 2, 4, &loss_two);
  BOOST_TEST(loss_one == loss_two);
  BOOST_TEST((a == b));
  BOOST_TEST(std::ranges::equal(one.buffers(), two.buffers()));
  BOOST_TEST(!std::ranges::equal(one.buffers(), M().buffers()));

  // Over whole epochs, with evaluation between.
  const auto train = [&](std::size_t threads) {
    nwm::Trainer<M> trainer({.batch = 3, .epochs = 2, .seed = 1, .threads = threads, .shards = 4},
                            shaken<M>());
    trainer.fit(set, set.first(2));
    return trainer.current();
  };
  const M slow = train(1), quick = train(2);
  BOOST_TEST(std::ranges::equal(slow.parameters(), quick.parameters()));
  BOOST_TEST(std::ranges::equal(slow.buffers(), quick.buffers()));
  BOOST_TEST(!std::ranges::equal(slow.parameters(), shaken<M>().parameters()));
  const nwm::SegmentationMetrics m1 = nwm::evaluate(slow, set, 1), m2 = nwm::evaluate(slow, set, 2);
  BOOST_TEST(m1.loss == m2.loss);
}

// Its square is infinite as a float: the variance is, and what is normalised by it 0, with a loss that is a
// number.
BOOST_AUTO_TEST_CASE(an_infinite_running_statistic_is_told_and_not_kept_as_best) {
  using M = Net<2>;
  const auto set = random_set(6);
  nwm::data::Dataset::Floats pictures(set.size() * M::image_size, 0.5f);
  nwm::data::Dataset::Bytes masks;
  for (std::size_t i = 0; i < set.size(); ++i)
    masks.insert(masks.end(), set.mask(i).begin(), set.mask(i).end());
  pictures[7] = 1e20f;
  const nwm::data::Dataset odd(set.extent(), pictures, masks);
  nwm::Trainer<M> trainer({.batch = 3, .epochs = 2, .threads = 1}, shaken<M>());
  std::string field;
  try {
    trainer.fit(odd, set);
  } catch (const nwm::Unstable& e) {
    field = e.field();
    BOOST_TEST(e.where().starts_with("epoch 1"), e.what());
  }
  BOOST_TEST(field.ends_with(".running_var"), field);
  BOOST_TEST(std::ranges::equal(trainer.best().buffers(), shaken<M>().buffers()));
}

BOOST_AUTO_TEST_CASE(shards_change_no_more_than_rounding) {
  using M = Net<1, Scalar, double>;
  const auto set = random_set(5);
  M a = shaken<M>(), b = a;
  BOOST_TEST(difference(gradient(a, set, 1, 1), gradient(b, set, 1, 3)) < 1e-13);
}

// The first convolution written out: its outputs' mean and unbiased variance over batch and sites are what
// the running statistics move towards, a tenth of the way each time.
BOOST_AUTO_TEST_CASE(running_statistics_are_those_of_the_batch) {
  using M = Net<2, Simd<>, double>;
  const auto set = random_set(3);
  M machine = shaken<M>();
  const auto weight = std::as_const(machine).parameters().first(2 * 2 * 9);  // inc.double_conv.0.weight
  std::array<std::vector<double>, 2> out;
  std::vector<double> image(2 * shape.sites());
  for (std::size_t i = 0; i < 3; ++i) {
    set.picture(i, std::span<double>(image));
    for (std::size_t o = 0; o < 2; ++o)
      for (std::ptrdiff_t y = 0; y < 32; ++y)
        for (std::ptrdiff_t x = 0; x < 16; ++x) {
          double sum = 0;
          for (std::size_t c = 0; c < 2; ++c)
            for (std::ptrdiff_t k = 0; k < 9; ++k) {
              const std::ptrdiff_t row = y + k / 3 - 1, column = x + k % 3 - 1;
              if (row < 0 || row >= 32 || column < 0 || column >= 16) continue;
              sum += weight[(o * 2 + c) * 9 + static_cast<std::size_t>(k)] *
                     image[c * 512 + static_cast<std::size_t>(row * 16 + column)];
            }
          out[o].push_back(sum);
        }
  }
  for (const int passes : {1, 2}) {
    forward(machine, set, true);
    const double kept = std::pow(0.9, passes);
    for (std::size_t o = 0; o < 2; ++o) {
      const auto n = static_cast<double>(out[o].size());
      const double mean = std::accumulate(out[o].begin(), out[o].end(), 0.0) / n;
      double squares = 0;
      for (const double v : out[o]) squares += (v - mean) * (v - mean);
      BOOST_TEST(std::abs(buffer(machine, "inc.double_conv.1.running_mean")[o] - (1 - kept) * mean) < 1e-12);
      BOOST_TEST(std::abs(buffer(machine, "inc.double_conv.1.running_var")[o] -
                          (kept + (1 - kept) * squares / (n - 1))) < 1e-12);
    }
  }
}

BOOST_AUTO_TEST_CASE(evaluation_takes_the_running_statistics) {
  using M = Net<1, Scalar, double>;
  const auto set = random_set(4);
  M machine = shaken<M>();
  const auto trained = forward(machine, set, true);
  const std::vector<double> moved(machine.buffers().begin(), machine.buffers().end());
  const auto evaluated = forward(machine, set, false);
  BOOST_TEST(std::ranges::equal(moved, machine.buffers()));  // only read
  BOOST_TEST(difference(trained, evaluated) > 0.1);
  BOOST_TEST(difference(scores(machine, set), evaluated) == 0);

  // Each image by itself: the batch has no influence.
  const auto alone = scores(machine, set.first(1));
  for (std::size_t i = 0; i < M::score_size; ++i) BOOST_TEST_REQUIRE(alone[i] == evaluated[i]);

  // After many passes over one batch the running mean is the batch's and the variance the batch's unbiased
  // one; made biased again, evaluation gives what training gives.
  for (int pass = 0; pass < 400; ++pass) forward(machine, set, true);
  for (const nwm::Slice& s : M::buffer_layout.slices) {
    const std::string name(s.name.view());
    if (!name.ends_with("running_var")) continue;
    const std::size_t level = name.starts_with("inc")    ? 0
                              : name.starts_with("down") ? static_cast<std::size_t>(name[4] - '0')
                                                         : 4 - static_cast<std::size_t>(name[2] - '0');
    const auto n = static_cast<double>(4 * (shape.sites() >> 2 * level));
    for (double& v : machine.buffers().subspan(s.offset, s.size)) v *= (n - 1) / n;
  }
  BOOST_TEST(difference(forward(machine, set, false), trained) < 1e-9);
}

BOOST_AUTO_TEST_CASE(checkpoints_carry_the_running_statistics) {
  using M = Net<2>;
  const auto set = random_set(3);
  M machine = shaken<M>();
  forward(machine, set, true);
  const char* path = "unet_test.safetensors";
  nwm::save(machine, path);
  M loaded({.seed = 99});
  nwm::load(loaded, path);
  BOOST_TEST(std::ranges::equal(machine.parameters(), loaded.parameters()));
  BOOST_TEST(std::ranges::equal(machine.buffers(), loaded.buffers()));
  BOOST_TEST((scores(machine, set) == scores(loaded, set)));
  BOOST_TEST(buffer(loaded, "up4.conv.double_conv.4.running_var")[0] != 1);

  // Its weights do not depend on sizes that it does not use: files of a shape with others are its own, and so
  // is one that says them.
  nwm::UNet<[] {
    nwm::Shape other = shape;
    other.steps = 7, other.oscillators = 5, other.encoder_width = 3;
    return other;
  }(),
            2>
      same({.seed = 5});
  nwm::load(same, path);
  BOOST_TEST(std::ranges::equal(machine.parameters(), same.parameters()));
  nwm::io::Safetensors talkative = nwm::io::read_safetensors(path);
  BOOST_TEST(!talkative.metadata.contains("nwm.shape.steps"));
  talkative.metadata["nwm.shape.steps"] = "100";
  nwm::io::write_safetensors(path, talkative);
  nwm::load(same, path);
  talkative.metadata.erase("nwm.shape.steps");
  nwm::io::write_safetensors(path, talkative);

  // What PyTorch looks for.
  nwm::io::Safetensors file = nwm::io::read_safetensors(path);
  BOOST_TEST(file.tensors.size() == M::layout.slices.size() + M::buffer_layout.slices.size() * 3 / 2);
  BOOST_TEST(file.at("down2.maxpool_conv.1.double_conv.4.num_batches_tracked").shape.empty());

  // Of its own layers alone.
  nwm::io::Safetensors foreign = file;
  foreign.add("down9.double_conv.4.num_batches_tracked", {}, std::vector<std::int64_t>{0});
  nwm::io::write_safetensors(path, foreign);
  BOOST_CHECK_EXCEPTION(nwm::load(same, path), nwm::Error, [](const nwm::Error& e) {
    return e.field() == "tensor 'down9.double_conv.4.num_batches_tracked'";
  });

  // Without one of them nothing is loaded.
  file.tensors.erase("down1.maxpool_conv.1.double_conv.1.running_mean");
  nwm::io::write_safetensors(path, file);
  M untouched({.seed = 4});
  const M before = untouched;
  BOOST_CHECK_EXCEPTION(nwm::load(untouched, path), nwm::Error, [](const nwm::Error& e) {
    return std::string(e.what()).find("down1.maxpool_conv.1.double_conv.1.running_mean") != std::string::npos;
  });
  BOOST_TEST(std::ranges::equal(untouched.parameters(), before.parameters()));
  BOOST_TEST(std::ranges::equal(untouched.buffers(), before.buffers()));
}

// ---- layers
// ------------------------------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE_TEMPLATE(batch_norm_is_the_textbooks, B, Backends) {
  constexpr std::size_t channels = 2, sites = 13, images = 3, size = channels * sites;
  using Norm = nwm::layer::BatchNorm<channels, sites, B, double>;
  std::vector<double> x = random_vector(images * size + 2 * channels, 1, -1, 2);  // then γ, β
  double *gamma = x.data() + images * size, *beta = gamma + channels;
  const std::vector<double> weight = random_vector(images * size, 2);
  std::vector<double> y(images * size);
  std::array<double, 2 * channels> running{};
  typename Norm::State state(images);
  nwm::LayerExecutor one = executor(images);
  const auto run = [&] {
    Norm::forward(one, images, gamma, running.data(), running.data(), x.data(), y.data(), state);
    return dot(y, weight);
  };
  run();
  for (std::size_t c = 0; c < channels; ++c) {
    double sum = 0, variance = 0;
    for (std::size_t i = 0; i < images; ++i)
      for (std::size_t p = 0; p < sites; ++p) sum += x[i * size + c * sites + p] / (images * sites);
    for (std::size_t i = 0; i < images; ++i)
      for (std::size_t p = 0; p < sites; ++p)
        variance += std::pow(x[i * size + c * sites + p] - sum, 2) / (images * sites);
    for (std::size_t i = 0; i < images; ++i)
      for (std::size_t p = 0; p < sites; ++p) {
        const std::size_t at = i * size + c * sites + p;
        const double expected =
            std::max(0.0, gamma[c] * (x[at] - sum) / std::sqrt(variance + 1e-5) + beta[c]);
        BOOST_TEST(std::abs(y[at] - expected) < 1e-13);
      }
  }

  std::vector<double> gradient = weight;  // becomes that of x; those of γ and β are added to
  gradient.insert(gradient.end(), 2 * channels, 3.0);
  Norm::backward(one, images, x.data(), y.data(), state, gradient.data(), gradient.data() + images * size);
  for (std::size_t c = 0; c < 2 * channels; ++c) gradient[images * size + c] -= 3;
  const std::vector<nwm::GradientPart> parts{
      {.name = "x", .offset = 0, .size = images * size},
      {.name = "gamma", .offset = images * size, .size = channels},
      {.name = "beta", .offset = images * size + channels, .size = channels}};
  const auto report = nwm::check_gradient(std::span(x), gradient, run, parts);
  for (const std::string& fault : report.faults) BOOST_TEST(false, fault);
  BOOST_TEST(report.ok());
}

/// Parameters, then the two parts of the input of three images, as a U-Net's joined skip gives them.
BOOST_AUTO_TEST_CASE_TEMPLATE(double_convolution_has_its_gradient, B, Backends) {
  using Pair = nwm::layer::DoubleConvolution<nwm::Grid<5, 7, nwm::Zero>, 2, 4, 3, B, double>;
  constexpr std::size_t images = 3, part = 2 * 35, inputs = images * 2 * part;
  std::vector<double> x = random_vector(Pair::parameters + inputs, 1, -0.6, 0.8);
  const std::vector<double> weight = random_vector(images * Pair::size, 2);
  std::vector<double> running(Pair::statistics, 1);
  typename Pair::State state(images);
  std::vector<nwm::Buffer<double>> scratch(1, nwm::Buffer<double>(Pair::scratch));
  nwm::LayerExecutor one = executor(images);
  const auto input = [&](std::size_t i) {
    const double* from = x.data() + Pair::parameters + i * 2 * part;
    return std::array<const double*, 2>{from, from + part};
  };
  const auto value = [&] {
    Pair::forward(one, images, x.data(), running.data(), running.data(), input, state, scratch);
    return dot(std::vector<double>(state.y2.data(), state.y2.data() + weight.size()), weight);
  };
  value();
  std::vector<double> gradient(x.size(), 2);  // parameters' is added to, the input's set
  std::vector<double> given = weight, inner(weight.size());
  Pair::backward(
      one, images, x.data(), input, state, given.data(), inner.data(),
      [&](std::size_t i) {
        double* to = gradient.data() + Pair::parameters + i * 2 * part;
        return std::array<double*, 2>{to, to + part};
      },
      [&](std::size_t) { return gradient.data(); }, scratch);
  for (double& g : std::span(gradient).first(Pair::parameters)) g -= 2;
  const std::vector<nwm::GradientPart> parts{{.name = "parameters", .offset = 0, .size = Pair::parameters},
                                             {.name = "input", .offset = Pair::parameters, .size = inputs}};
  const auto report = nwm::check_gradient(std::span(x), gradient, value, parts);
  for (const std::string& fault : report.faults) BOOST_TEST(false, fault);
  BOOST_TEST(report.ok());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(max_pooling, B, Backends) {
  using Pool = nwm::layer::MaxPool<2, nwm::Grid<4, 6>>;
  std::vector<double> in = random_vector(48, 3), out(12), back = random_vector(12, 4);
  Pool::template forward<B>(in.data(), out.data());
  std::vector<double> gradient(48, 0.5), expected(48, 0.5);
  Pool::template backward<B>(in.data(), back.data(), gradient.data());
  for (std::size_t c = 0; c < 2; ++c)
    for (std::size_t y = 0; y < 2; ++y)
      for (std::size_t x = 0; x < 3; ++x) {
        std::vector<std::size_t> places;
        for (std::size_t k = 0; k < 4; ++k) places.push_back((c * 4 + 2 * y + k / 2) * 6 + 2 * x + k % 2);
        const auto most = *std::ranges::max_element(places, {}, [&](std::size_t p) { return in[p]; });
        BOOST_TEST(out[(c * 2 + y) * 3 + x] == in[most]);
        expected[most] += back[(c * 2 + y) * 3 + x];
      }
  BOOST_TEST(gradient == expected, boost::test_tools::per_element());

  // Of equal ones the first, row by row, gets it all.
  using Small = nwm::layer::MaxPool<1, nwm::Grid<2, 2>>;
  for (const auto& [values, first] : std::vector<std::pair<std::array<double, 4>, std::size_t>>{
           {{1, 1, 1, 1}, 0}, {{0, 2, 2, 2}, 1}, {{0, 1, 2, 2}, 2}, {{-1, -2, -1, -0.5}, 3}}) {
    const std::array<double, 1> one{3};
    std::array<double, 4> to{};
    Small::template backward<B>(values.data(), one.data(), to.data());
    for (std::size_t i = 0; i < 4; ++i) BOOST_TEST(to[i] == (i == first ? 3 : 0));
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(transposed_convolution, B, Backends) {
  constexpr std::size_t height = 3, width = 5, sites = height * width, in = 4, out = 2;
  using Rise = nwm::layer::TransposedConvolution<in, out, nwm::Grid<height, width>>;
  static_assert(Rise::parameters == in * out * 4 + out);
  std::vector<double> x = random_vector(Rise::parameters + in * sites, 1);
  const std::vector<double> weight = random_vector(out * 4 * sites, 2);
  std::vector<double> result(weight.size()), spread(Rise::scratch);
  const double* image = x.data() + Rise::parameters;
  const auto value = [&] {
    Rise::template forward<B>(x.data(), image, result.data(), spread.data());
    return dot(result, weight);
  };
  value();
  // Every site of the input scattered into its 2×2 sites of the output.
  std::vector<double> expected(result.size());
  for (std::size_t o = 0; o < out; ++o)
    for (std::size_t p = 0; p < 4 * sites; ++p) expected[o * 4 * sites + p] = x[in * out * 4 + o];
  for (std::size_t c = 0; c < in; ++c)
    for (std::size_t o = 0; o < out; ++o)
      for (std::size_t p = 0; p < sites; ++p)
        for (std::size_t k = 0; k < 4; ++k)
          expected[(o * 2 * height + 2 * (p / width) + k / 2) * 2 * width + 2 * (p % width) + k % 2] +=
              x[(c * out + o) * 4 + k] * image[c * sites + p];
  BOOST_TEST(difference(result, expected) < 1e-14);

  std::vector<double> gradient(x.size(), 4);  // parameters' is added to, the image's set
  Rise::template backward<B>(x.data(), image, weight.data(), gradient.data() + Rise::parameters,
                             gradient.data(), spread.data());
  for (std::size_t i = 0; i < Rise::parameters; ++i) gradient[i] -= 4;
  const std::vector<nwm::GradientPart> parts{
      {.name = "weight", .offset = 0, .size = Rise::weights},
      {.name = "bias", .offset = Rise::weights, .size = out},
      {.name = "image", .offset = Rise::parameters, .size = in * sites}};
  const auto report = nwm::check_gradient(std::span(x), gradient, value, parts);
  for (const std::string& fault : report.faults) BOOST_TEST(false, fault);
  BOOST_TEST(report.ok());
}
