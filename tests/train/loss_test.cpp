// Losses beside their definitions: values and slopes against differences, what counts nothing, what does not
// fit.
#define BOOST_TEST_MODULE loss
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <span>
#include <string>
#include <vector>

#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/backend/cpu/simd.hpp"
#include "nwm/check/check_gradient.hpp"
#include "nwm/loss/apply.hpp"
#include "nwm/loss/cross_entropy.hpp"
#include "nwm/loss/image_cross_entropy.hpp"
#include "nwm/loss/mean_squares.hpp"
#include "nwm/loss/sampled_cross_entropy.hpp"
#include "nwm/random.hpp"
#include "nwm/train/targets.hpp"

namespace {

using nwm::data::Dataset;
using nwm::data::Targets;
namespace loss = nwm::loss;
constexpr std::size_t outputs = 5, sites = 35;

template <class L>
std::vector<typename L::Target> random_target(std::uint64_t seed) {
  nwm::Random random(seed);
  std::vector<typename L::Target> target(L::target_size(outputs, sites));
  for (auto& t : target) {
    if constexpr (std::is_same_v<typename L::Target, float>) t = static_cast<float>(random.uniform(-1, 1));
    else t = static_cast<std::uint8_t>(random.below(outputs));
  }
  return target;
}

/// The loss of scores; they become its slope times `scale`.
template <class B, class L>
double applied(const L& l, std::vector<double>& scores, const std::vector<typename L::Target>& target,
               double scale) {
  using Target = loss::EncodedTarget<L, outputs, 1, sites>;
  std::vector<double> encoded(Target::size);
  Target::set_all(l, std::span<const typename L::Target>(target), std::span<double>(encoded));
  loss::PoolMemory<B, double, outputs, 1> memory;
  double value = 0;
  loss::apply<B, outputs, 1, sites>(l, scores.data(), static_cast<const double*>(encoded.data()), scale,
                                    &value, memory);
  return value;
}

template <class B, class L>
void slope_is_that_of_the_value(const L& l, std::vector<typename L::Target> target) {
  nwm::Random random(3);
  std::vector<double> x(outputs * sites), slope;
  for (double& v : x) v = random.uniform(-2, 2);
  slope = x;
  applied<B>(l, slope, target, 1);
  const auto value = [&] {
    std::vector<double> copy = x;
    return applied<B>(l, copy, target, 1);
  };
  const auto report = nwm::check_gradient(std::span(x), slope, value, {.tolerance = 1e-7});
  for (const auto& fault : report.faults) BOOST_TEST(false, fault);
  BOOST_TEST(report.worst.compared > 100u);
  // The measure and the value agree: mean over what counts. A sample is measured over all pixels.
  const double weight = l.weight(std::span<const typename L::Target>(target));
  if constexpr (!std::is_same_v<L, loss::SampledCrossEntropy>)
    BOOST_TEST(
        value() / weight ==
            l.measure(std::span<const double>(x), std::span<const typename L::Target>(target), outputs).loss,
        boost::test_tools::tolerance(1e-12));
  // A slope that is wrong must be found.
  slope[7] += 1e-3 * std::abs(slope[7]) + 1e-4;
  BOOST_TEST(!nwm::check_gradient(std::span(x), slope, value, {.tolerance = 1e-7}).ok());
}

Dataset set_of(Targets targets) { return {{2, 1, 5, 7}, Dataset::Bytes(70), std::move(targets), "set"}; }
nwm::Error refused(const auto& call) {
  try {
    call();
  } catch (const nwm::Error& e) {
    return e;
  }
  BOOST_FAIL("nothing was thrown");
  return {"", "", "", ""};
}

using Backends = std::tuple<nwm::cpu::Scalar, nwm::cpu::Simd<>>;

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(slopes_against_differences, B, Backends) {
  slope_is_that_of_the_value<B>(loss::CrossEntropy{}, random_target<loss::CrossEntropy>(1));
  slope_is_that_of_the_value<B>(loss::ImageCrossEntropy{}, {3});
  slope_is_that_of_the_value<B>(loss::MeanSquares{}, random_target<loss::MeanSquares>(2));
  auto target = random_target<loss::CrossEntropy>(3);
  for (const std::size_t p : {0u, 9u, 34u}) target[p] = 255;
  slope_is_that_of_the_value<B>(loss::CrossEntropy{.ignore_index = 255}, target);
  slope_is_that_of_the_value<B>(
      loss::WeightedCrossEntropy<outputs>{.weights = {0.2, 1, 1.5, 0.7, 2}, .ignore_index = 255}, target);
  slope_is_that_of_the_value<B>(loss::SampledCrossEntropy{.share = 0.5},
                                random_target<loss::SampledCrossEntropy>(1));
}

BOOST_AUTO_TEST_CASE(a_sample_of_the_ground) {
  using loss::SampledCrossEntropy;
  constexpr std::size_t many = 20000;
  std::vector<std::uint8_t> target(many, 3);
  for (std::size_t p = 0; p < many; p += 10) target[p] = 1;
  const std::span<const std::uint8_t> mask(target);
  const auto encoded = [&](const SampledCrossEntropy& l, std::span<const std::uint8_t> t) {
    std::vector<double> planes(2 * many);
    l.encode<outputs>(t, planes.data(), many);
    return planes;
  };
  const SampledCrossEntropy l{.share = 0.1, .ground = 3};
  const auto planes = encoded(l, mask);
  std::size_t shapes = 0, ground = 0;
  double weight = 0;
  for (std::size_t p = 0; p < many; ++p) {
    weight += planes[many + p];
    if (planes[p] < 0) {
      BOOST_TEST((target[p] == 3 && planes[many + p] == 0));
      continue;
    }
    BOOST_TEST(planes[p] == target[p]);
    BOOST_TEST(planes[many + p] == (target[p] == 3 ? 10.0 : 1.0), boost::test_tools::tolerance(1e-12));
    ++(target[p] == 3 ? ground : shapes);
  }
  BOOST_TEST(shapes == many / 10);
  BOOST_TEST(std::abs(static_cast<double>(ground) - 1800) < 5 * std::sqrt(1800 * 0.9));  // five deviations
  BOOST_TEST(l.weight(mask) == weight, boost::test_tools::tolerance(1e-12));
  // The same pixels whenever that mask comes; others of another seed or mask.
  BOOST_TEST(encoded(l, mask) == planes);
  BOOST_TEST(encoded({.share = 0.1, .ground = 3, .seed = 1}, mask) != planes);
  auto other = target;
  other[7] = 1;
  const auto of_other = encoded(l, other);
  std::size_t both = 0;
  for (std::size_t p = 0; p < many; ++p) both += target[p] == 3 && planes[p] >= 0 && of_other[p] >= 0;
  BOOST_TEST(both < ground / 2);
  // All of it is plain cross-entropy.
  const auto all = encoded({.share = 1, .ground = 3}, mask);
  for (std::size_t p = 0; p < many; ++p) BOOST_TEST((all[p] == target[p] && all[many + p] == 1));

  const auto set = set_of(Targets::Bytes(70, 1));
  for (const double share : {0.0, -1.0, 1.5, std::nan("")})
    BOOST_TEST(refused([&] { SampledCrossEntropy{.share = share}.check(set, outputs); }).field() == "share");
  BOOST_TEST(refused([&] { l.check(set_of(Targets::Bytes(70, 9)), outputs); }).found() == "9");
  l.check(set, outputs);
}

BOOST_AUTO_TEST_CASE(what_is_left_out_counts_nothing) {
  auto target = random_target<loss::CrossEntropy>(1);
  std::vector<double> scores(outputs * sites, 0.5), same = scores;
  scores[3] = 9;
  target[3] = 255;
  const loss::CrossEntropy l{.ignore_index = 255};
  const double all = applied<nwm::cpu::Simd<>>(l, scores, target, 1);
  BOOST_TEST(all == static_cast<double>(sites - 1) * std::log(5.0), boost::test_tools::tolerance(1e-12));
  for (std::size_t k = 0; k < outputs; ++k) BOOST_TEST(scores[k * sites + 3] == 0);
  BOOST_TEST(l.weight(std::span<const std::uint8_t>(target)) == sites - 1);
  const auto m = l.measure(std::span<const double>(same), std::span<const std::uint8_t>(target), outputs);
  BOOST_TEST(m.loss == std::log(5.0), boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(a_batch_in_which_nothing_counts) {
  const auto set = set_of(Targets::Bytes(70, 255));
  const std::vector<std::size_t> batch{0, 1};
  const auto e = refused([&] {
    nwm::detail::mean_factor(loss::CrossEntropy{.ignore_index = 255}, set,
                             std::span<const std::size_t>(batch));
  });
  BOOST_TEST(e.field() == "targets of a batch");
}

BOOST_AUTO_TEST_CASE(targets_of_another_kind) {
  const auto masks = set_of(Targets::Bytes(70, 1)), labels = set_of(Targets::labels({1, 2})),
             fields = set_of(Targets::numbers(3, std::vector<float>(210)));
  const auto kind = [&](const auto& l, const Dataset& set) {
    const auto e = refused([&] { l.check(set, outputs); });
    BOOST_TEST(e.field() == "target");
    return e.expected() + " / " + e.found();
  };
  BOOST_TEST(kind(loss::CrossEntropy{}, labels) == "a class a pixel / a label an image");
  BOOST_TEST(kind(loss::ImageCrossEntropy{}, fields) == "a label an image / numbers a pixel");
  BOOST_TEST(kind(loss::MeanSquares{}, masks) == "numbers a pixel / a class a pixel");
  const auto e = refused([&] { loss::MeanSquares{}.check(fields, outputs); });
  BOOST_TEST(e.field() == "numbers a pixel of the target");
  BOOST_TEST((e.expected() == "5" && e.found() == "3"));
  loss::CrossEntropy{}.check(masks, 2);
  loss::ImageCrossEntropy{}.check(labels, 3);
  loss::MeanSquares{}.check(fields, 3);
}

BOOST_AUTO_TEST_CASE(classes_and_weights_that_are_not_there) {
  const auto set = set_of(Targets::Bytes(70, 255));
  BOOST_TEST(refused([&] { loss::CrossEntropy{}.check(set, outputs); }).found() == "255");
  loss::CrossEntropy{.ignore_index = 255}.check(set, outputs);
  loss::WeightedCrossEntropy<2> negative{.weights = {1, -1}, .ignore_index = 255};
  BOOST_TEST(refused([&] { negative.check(set, 2); }).field() == "weights[1]");
  BOOST_TEST(refused([&] { set_of(Targets::labels({1})); }).field() == "targets");
  BOOST_TEST(refused([&] { set_of(Targets::numbers(1, std::vector<float>(70, std::nanf("")))); }).field() ==
             "targets[0]");
}
