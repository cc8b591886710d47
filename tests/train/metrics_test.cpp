// Metrics on images small enough to count by hand, and learning-rate schedules.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE train_metrics

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "nwm/error.hpp"
#include "nwm/loss/authors_metrics.hpp"
#include "nwm/loss/segmentation_metrics.hpp"
#include "nwm/train/schedule.hpp"

namespace {

using nwm::SegmentationMetrics;
namespace tt = boost::test_tools;

/// Scores with `margin` for the class given at each pixel and 0 for the others.
std::vector<double> predicting(const std::vector<std::size_t>& classes, std::size_t count, double margin) {
  std::vector<double> s(classes.size() * count);
  for (std::size_t p = 0; p < classes.size(); ++p) s[classes[p] * classes.size() + p] = margin;
  return s;
}

SegmentationMetrics measured(const std::vector<double>& scores, const std::vector<std::uint8_t>& target,
                             std::size_t classes) {
  return nwm::measure<double>(scores, target, classes);
}

}  // namespace

BOOST_AUTO_TEST_CASE(counted_by_hand) {
  // Five pixels, three classes; right at 0, 1, 3. Foreground: 1, 2, 3; right at 1, 3.
  const std::vector<std::uint8_t> target{0, 1, 2, 2, 0};
  const std::vector<double> scores = predicting({0, 1, 1, 2, 2}, 3, 2.0);
  const SegmentationMetrics m = measured(scores, target, 3);
  BOOST_TEST(m.acc == 3.0 / 5);
  BOOST_TEST(m.iou == 0.6 / 1.4, tt::tolerance(1e-15));
  BOOST_TEST(m.acc_foreground == 2.0 / 3);
  BOOST_TEST(m.iou_foreground == (2.0 / 3) / (2 - 2.0 / 3), tt::tolerance(1e-15));
  const double all = std::log(std::exp(2.0) + 2), right = all - 2, wrong = all;
  BOOST_TEST(m.loss == (3 * right + 2 * wrong) / 5, tt::tolerance(1e-14));
  BOOST_TEST(m.loss_foreground == (2 * right + wrong) / 3, tt::tolerance(1e-14));
}

BOOST_AUTO_TEST_CASE(iou_is_that_of_one_hot_maps) {
  // Intersection over union of the one-hot maps of all classes together: right pixels stand in both, a wrong
  // one adds two to the union.
  const std::vector<std::uint8_t> target{0, 1, 2, 2, 0, 1, 1};
  const std::vector<std::size_t> guess{0, 1, 1, 2, 2, 1, 0};
  double intersection = 0, either = 0;
  for (std::size_t k = 0; k < 3; ++k)
    for (std::size_t p = 0; p < target.size(); ++p) {
      const bool a = target[p] == k, b = guess[p] == k;
      intersection += a && b;
      either += a || b;
    }
  BOOST_TEST(measured(predicting(guess, 3, 1.0), target, 3).iou == intersection / either,
             tt::tolerance(1e-14));
}

BOOST_AUTO_TEST_CASE(all_right_and_all_wrong) {
  const std::vector<std::uint8_t> target{0, 1, 1, 0};
  const SegmentationMetrics right = measured(predicting({0, 1, 1, 0}, 2, 1000), target, 2);
  BOOST_TEST(right.acc == 1);
  BOOST_TEST(right.iou == 1);
  BOOST_TEST(right.loss == 0);
  BOOST_TEST(right.iou_foreground == 1);
  const SegmentationMetrics wrong = measured(predicting({1, 0, 0, 1}, 2, 1000), target, 2);
  BOOST_TEST(wrong.acc == 0);
  BOOST_TEST(wrong.iou == 0);
  BOOST_TEST(wrong.loss == 1000);  // scores that would overflow an exponential
  BOOST_TEST(wrong.loss_foreground == 1000);
}

BOOST_AUTO_TEST_CASE(of_equal_scores_the_lower_class_wins) {
  const std::vector<std::uint8_t> target{0, 1};
  const SegmentationMetrics m = measured(std::vector<double>(4, 0.5), target, 2);
  BOOST_TEST(m.acc == 0.5);
  BOOST_TEST(m.acc_foreground == 0);
  BOOST_TEST(m.loss == std::log(2.0), tt::tolerance(1e-15));
}

BOOST_AUTO_TEST_CASE(single_precision_scores) {
  const std::vector<float> scores{1, 0, 0, 1};
  const std::vector<std::uint8_t> target{0, 1};
  const SegmentationMetrics m = nwm::measure<float>(scores, target, 2);
  BOOST_TEST(m.acc == 1);
  BOOST_TEST(m.loss == std::log(1 + std::exp(-1.0)), tt::tolerance(1e-7));
}

BOOST_AUTO_TEST_CASE(an_image_without_foreground_is_left_out_of_the_foreground_figures) {
  const std::vector<std::uint8_t> empty{0, 0}, half{0, 1};
  const SegmentationMetrics none = measured(predicting({0, 1}, 2, 1), empty, 2);
  BOOST_TEST(none.acc == 0.5);
  BOOST_TEST(std::isnan(none.acc_foreground));
  BOOST_TEST(std::isnan(none.iou_foreground));
  BOOST_TEST(std::isnan(none.loss_foreground));
  const SegmentationMetrics some = measured(predicting({0, 1}, 2, 1), half, 2);

  const std::vector<SegmentationMetrics> images{none, some, none};
  const SegmentationMetrics mean = nwm::average(images);
  BOOST_TEST(mean.acc == (0.5 + 1 + 0.5) / 3, tt::tolerance(1e-15));
  BOOST_TEST(mean.iou == (2 * none.iou + 1) / 3, tt::tolerance(1e-15));
  BOOST_TEST(mean.loss == (2 * none.loss + some.loss) / 3, tt::tolerance(1e-15));
  BOOST_TEST(mean.acc_foreground == 1);
  BOOST_TEST(mean.iou_foreground == 1);
  BOOST_TEST(mean.loss_foreground == some.loss_foreground);

  const std::vector<SegmentationMetrics> background{none, none};
  BOOST_TEST(std::isnan(nwm::average(background).iou_foreground));
  BOOST_TEST(nwm::average(background).acc == 0.5);
}

BOOST_AUTO_TEST_CASE(images_count_alike_whatever_their_foreground) {
  const std::vector<std::uint8_t> one{0, 0, 0, 1}, three{0, 1, 1, 1};
  const SegmentationMetrics a = measured(predicting({0, 0, 0, 1}, 2, 1), one, 2),
                            b = measured(predicting({0, 0, 0, 0}, 2, 1), three, 2);
  const std::vector<SegmentationMetrics> images{a, b};
  BOOST_TEST(nwm::average(images).acc_foreground == 0.5);  // 1/4 had pixels been pooled
}

BOOST_AUTO_TEST_CASE(a_foreground_loss_over_groups) {
  // Three images of 1, 3 and 2 foreground pixels with losses 2, 1 and 5, and one without foreground.
  std::vector<SegmentationMetrics> images(4);
  images[0].loss_foreground = 2, images[1].loss_foreground = 1, images[2].loss_foreground = 5;
  images[3].loss_foreground = std::nan("");
  const std::vector<std::size_t> foreground{1, 3, 2, 0};
  const auto loss = [&](std::size_t group) {
    return nwm::grouped_foreground_loss(images, foreground, group);
  };
  BOOST_TEST(loss(1) == (2.0 + 1 + 5) / 3, tt::tolerance(1e-15));
  // (2 + 3)/4 of two images; 5 of two, one of them empty.
  BOOST_TEST(loss(2) == (2 * 1.25 + 2 * 5) / 4, tt::tolerance(1e-15));
  // (2 + 3 + 10)/6 of three; the last one alone has no foreground.
  BOOST_TEST(loss(3) == 2.5, tt::tolerance(1e-15));
  BOOST_TEST(loss(4) == 2.5, tt::tolerance(1e-15));
  BOOST_TEST(loss(1000) == 2.5, tt::tolerance(1e-15));
  BOOST_TEST(
      std::isnan(nwm::grouped_foreground_loss(std::span(images).last(1), std::span(foreground).last(1), 1)));
  BOOST_CHECK_THROW(loss(0), nwm::Error);
  BOOST_CHECK_THROW(nwm::grouped_foreground_loss(images, std::span(foreground).first(3), 1), nwm::Error);
}

BOOST_AUTO_TEST_CASE(an_iou_of_class_numbers_as_bits) {
  // AND: 0, 1, 2 & 3 = 2, 0; OR: 0, 1, 3, 1 | 2 = 3, and 5 for a pixel missed.
  const std::vector<std::uint8_t> target{0, 1, 3, 2, 5};
  const auto iou = [&](const std::vector<std::size_t>& said) {
    return nwm::class_bits_iou<double>(predicting(said, 6, 1), target, 6);
  };
  BOOST_TEST(iou({0, 1, 2, 1, 0}) == 3.0 / 12, tt::tolerance(1e-15));
  BOOST_TEST(iou({0, 1, 3, 2, 5}) == 1);
  BOOST_TEST(iou({0, 0, 0, 0, 0}) == 0);  // where one-hot maps have 1/9
  BOOST_TEST(iou({4, 1, 3, 2, 5}) == 11.0 / 15, tt::tolerance(1e-15));
  const std::vector<std::uint8_t> nothing{0, 0};
  BOOST_TEST(std::isnan(nwm::class_bits_iou<double>(predicting({0, 0}, 2, 1), nothing, 2)));
}

BOOST_AUTO_TEST_CASE(schedules) {
  const auto constant = nwm::schedule::constant();
  BOOST_TEST(constant(0) == 1);
  BOOST_TEST(constant(0.99) == 1);
  const auto cosine = nwm::schedule::cosine(0.1);
  BOOST_TEST(cosine(0) == 1, tt::tolerance(1e-15));
  BOOST_TEST(cosine(0.5) == 0.55, tt::tolerance(1e-15));
  BOOST_TEST(cosine(1) == 0.1, tt::tolerance(1e-15));
  const auto warm = nwm::schedule::cosine(0, 0.2);
  BOOST_TEST(warm(0) == 0);
  BOOST_TEST(warm(0.1) == 0.5, tt::tolerance(1e-15));
  BOOST_TEST(warm(0.2) == 1, tt::tolerance(1e-15));
  BOOST_TEST(warm(0.6) == 0.5, tt::tolerance(1e-15));
  const auto step = nwm::schedule::step(0.1, 2);  // thirds
  BOOST_TEST(step(0) == 1);
  BOOST_TEST(step(0.3) == 1);
  BOOST_TEST(step(0.34) == 0.1);
  BOOST_TEST(step(0.7) == 0.01, tt::tolerance(1e-15));
  BOOST_TEST(step(0.999) == 0.01, tt::tolerance(1e-15));
}
