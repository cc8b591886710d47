// Metrics measured by the backend: each image's are those of loss.measure on the host, for every loss; all
// passes are asked for before the first is waited for; what goes wrong is told as the host tells it.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE device_metrics

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "../gradient/unet_tools.hpp"
#include "../train/tools.hpp"
#include "isolated.hpp"
#include "nwm/backend/device/host.hpp"
#include "nwm/cell/co_rnn.hpp"
#include "nwm/data/sequences.hpp"
#include "nwm/loss/image_cross_entropy.hpp"
#include "nwm/loss/mean_squares.hpp"
#include "nwm/loss/sampled_cross_entropy.hpp"
#include "nwm/model/cnn.hpp"
#include "nwm/model/sequence_machine.hpp"
#include "nwm/train/trainer.hpp"
#include "queued.hpp"

namespace {

namespace loss = nwm::loss;
using nwm::data::Dataset;
using nwm::data::Targets;

constexpr std::size_t images = 4;
using Now = nwm::device::Host<nwm::device::Sequential, images>;
using Later = nwm::device::Operations<tools::Queued, images>;
using Backends = std::tuple<Now, Later>;

constexpr nwm::Shape shape{.height = 5,
                           .width = 7,
                           .image_channels = 1,
                           .oscillators = 2,
                           .steps = 4,
                           .classes = 3,
                           .encoder_width = 3};
template <class B, class Real = float>
using Waves = nwm::WaveMachine<shape, nwm::readout::Linear, nwm::head::Hidden<6>, nwm::cell::Wave, B, Real>;
template <class B, class Real = float>
using Cnn = nwm::Cnn<shape, 2, nwm::head::Hidden<6>, B, Real>;

/// The same loss with a `measure` of its own, which hides the parts: measured on the host.
template <class L>
struct Hidden : L {
  template <class Real>
  typename L::Metrics measure(std::span<const Real> scores, std::span<const typename L::Target> target,
                              std::size_t outputs) const {
    return L(*this).measure(scores, target, outputs);
  }
};

/// Weights far enough from the initial ones that scores differ.
template <class M>
M shaken() {
  M model;
  nwm::Random random(3);
  for (auto& v : model.parameters()) v += static_cast<typename M::Real>(random.uniform(-0.5, 0.5));
  return model;
}

/// A mask a picture, some of 255: one wholly, one with background alone beside it.
Dataset masks(std::size_t count, bool left_out = false) {
  nwm::Random random(count);
  const nwm::data::Extent extent{count, 1, shape.height, shape.width};
  Targets::Floats pictures(count * extent.values());
  Targets::Bytes classes(count * extent.pixels());
  for (float& v : pictures) v = static_cast<float>(random.uniform());
  for (std::size_t i = 0; i < classes.size(); ++i) {
    const std::size_t image = i / extent.pixels();
    classes[i] = static_cast<std::uint8_t>(image % 5 == 3 ? 0 : random.below(3));
    if (left_out && (image == 2 || random.below(4) == 0)) classes[i] = 255;
  }
  return {extent, std::move(pictures), std::move(classes), "masks"};
}
Dataset with_targets(std::size_t count, Targets targets) {
  nwm::Random random(count);
  const nwm::data::Extent extent{count, 1, shape.height, shape.width};
  Targets::Floats pictures(count * extent.values());
  for (float& v : pictures) v = static_cast<float>(random.uniform());
  return {extent, std::move(pictures), std::move(targets), "pictures"};
}
Dataset labelled(std::size_t count) {
  Targets::Bytes labels(count);
  for (std::size_t i = 0; i < count; ++i) labels[i] = static_cast<std::uint8_t>(i % 3);
  return with_targets(count, Targets::labels(std::move(labels)));
}
Dataset numbered(std::size_t count) {
  nwm::Random random(count + 1);
  Targets::Floats numbers(count * 3 * shape.sites());
  for (float& v : numbers) v = static_cast<float>(random.uniform(-1, 1));
  return with_targets(count, Targets::numbers(3, std::move(numbers)));
}

/// Whether two numbers are equal, or both none.
bool equal(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }
bool near_to(double a, double b, double bound) {
  return equal(a, b) || std::abs(a - b) <= bound * std::abs(b);
}

bool agree(const nwm::SegmentationMetrics& a, const nwm::SegmentationMetrics& b, double bound) {
  return equal(a.acc, b.acc) && equal(a.iou, b.iou) && equal(a.acc_foreground, b.acc_foreground) &&
         equal(a.iou_foreground, b.iou_foreground) && near_to(a.loss, b.loss, bound) &&
         near_to(a.loss_foreground, b.loss_foreground, bound);
}
bool agree(const nwm::LabelMetrics& a, const nwm::LabelMetrics& b, double bound) {
  return equal(a.acc, b.acc) && near_to(a.loss, b.loss, bound);
}
bool agree(const nwm::RegressionMetrics& a, const nwm::RegressionMetrics& b, double bound) {
  return near_to(a.loss, b.loss, bound) && near_to(a.mean_target_square, b.mean_target_square, bound);
}

/// Measured there: twice the same bits; here: image by image within the rounding of a sum in another order.
template <class M, class L>
void check(const M& model, const Dataset& set, const L& given) {
  static_assert(nwm::MeasuredThere<M, L> && !nwm::MeasuredThere<M, Hidden<L>>);
  using Metrics = typename L::Metrics;
  nwm::ExecutorOf<M, L> executor(1, 1, given);
  std::vector<Metrics> wanted(set.size()), found(set.size()), again(set.size());
  executor.predict(model, set, [&](std::size_t i, std::span<const typename M::Real> scores) {
    wanted[i] = given.measure(scores, given.target(set, i), M::outputs);
  });
  BOOST_TEST_REQUIRE(executor.measure(model, set, std::span(found)));
  BOOST_TEST_REQUIRE(executor.measure(model, set, std::span(again)));
  BOOST_TEST(std::memcmp(found.data(), again.data(), set.size() * sizeof(Metrics)) == 0);
  const double bound = 4 * static_cast<double>(M::score_size) * std::numeric_limits<double>::epsilon();
  for (std::size_t i = 0; i < set.size(); ++i)
    BOOST_TEST(agree(found[i], wanted[i], bound),
               "image " << i << ": " << text(found[i]) << ", not " << text(wanted[i]));
  // A Trainer's and nwm::evaluate's way there.
  const Metrics all = nwm::evaluate(model, set, 1, given);
  BOOST_TEST(agree(all, average(std::span<const Metrics>(found)), 0));
  BOOST_TEST(agree(all, nwm::evaluate(model, set, 1, Hidden<L>{given}), bound));
}

/// Fewer images than a pass, just one, and a last one that is not full.
template <class F>
void for_sizes(const F& f) {
  for (const std::size_t count : {std::size_t{1}, std::size_t{4}, std::size_t{11}}) f(count);
}

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(classes_of_pixels, B, Backends) {
  const auto waves = shaken<Waves<B>>();
  const auto cnn = shaken<Cnn<B, double>>();
  for_sizes([&](std::size_t count) {
    check(waves, masks(count), loss::CrossEntropy{});
    check(cnn, masks(count), loss::CrossEntropy{});
    check(waves, masks(count), loss::SampledCrossEntropy{.share = 0.3});
    check(waves, masks(count), loss::WeightedCrossEntropy<3>{.weights = {0.25, 3, 1.75}});
    check(waves, masks(count), loss::WeightedCrossEntropy<3>{.weights = {1, 0, 0.1}});
    check(waves, masks(count, true), loss::CrossEntropy{.ignore_index = 255});
    check(cnn, masks(count, true),
          loss::WeightedCrossEntropy<3>{.weights = {0.25, 3, 1.75}, .ignore_index = 255});
  });
}

BOOST_AUTO_TEST_CASE_TEMPLATE(labels_and_numbers, B, Backends) {
  const auto waves = shaken<Waves<B>>();
  const auto cnn = shaken<Cnn<B, double>>();
  for_sizes([&](std::size_t count) {
    check(waves, labelled(count), loss::ImageCrossEntropy{});
    check(cnn, labelled(count), loss::ImageCrossEntropy{});
    check(waves, numbered(count), loss::MeanSquares{});
    check(cnn, numbered(count), loss::MeanSquares{});
  });
}

BOOST_AUTO_TEST_CASE(sequences_side_by_side) {  // on a host they are spread over threads
  using B = Later;
  using nwm::SequenceShape;
  constexpr SequenceShape sizes{.inputs = 2, .steps = 6, .oscillators = 5, .outputs = 3, .lanes = 4};
  using Steps =
      nwm::SequenceMachine<sizes, nwm::cell::CoRnn, nwm::readout::EveryStep, nwm::head::Hidden<>, B, double>;
  using End = nwm::SequenceMachine<sizes, nwm::cell::CoRnn, nwm::readout::AtEnd, nwm::head::Hidden<>, B>;
  const std::size_t count = 11;
  nwm::Random random(5);
  Targets::Floats inputs(count * sizes.steps * sizes.inputs);
  Targets::Bytes each(count), every(count * sizes.steps);
  for (float& v : inputs) v = static_cast<float>(random.uniform());
  for (auto& c : each) c = static_cast<std::uint8_t>(random.below(3));
  for (auto& c : every) c = static_cast<std::uint8_t>(random.below(3));
  const auto extent = nwm::data::vectors(count, sizes.steps, sizes.inputs);
  check(shaken<Steps>(), nwm::data::label_steps(extent, inputs, every), loss::CrossEntropy{});
  check(shaken<End>(), nwm::data::label_each(extent, inputs, each), loss::ImageCrossEntropy{});
  Targets::Floats numbers(count * sizes.steps * 3);
  for (float& v : numbers) v = static_cast<float>(random.uniform(-1, 1));
  check(shaken<Steps>(), nwm::data::numbers_steps(extent, inputs, 3, numbers), loss::MeanSquares{});
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_unet, B, Backends) {
  using Net = unet_test::Net<1, B, double>;
  for (const std::size_t count : {std::size_t{2}, std::size_t{11}})
    check(unet_test::shaken<Net>(), unet_test::random_set(count), loss::CrossEntropy{});
}

BOOST_AUTO_TEST_CASE(later_is_as_at_once) {
  const auto set = masks(30);
  const auto now = nwm::evaluate(shaken<Waves<Now>>(), set),
             later = nwm::evaluate(shaken<Waves<Later>>(), set);
  BOOST_TEST(std::memcmp(&now, &later, sizeof now) == 0);
}

// As on a GPU, where all threads of a block run at once: no number read that another one writes in that
// phase.
BOOST_AUTO_TEST_CASE(no_race) {
  using Isolated = nwm::device::Operations<tools::Isolated, images>;
  const auto set = masks(11);
  const auto now = nwm::evaluate(shaken<Waves<Now>>(), set),
             isolated = nwm::evaluate(shaken<Waves<Isolated>>(), set);
  BOOST_TEST(std::memcmp(&now, &isolated, sizeof now) == 0);
}

BOOST_AUTO_TEST_CASE(however_many_passes_one_wait) {
  const auto model = shaken<Waves<Later>>();
  nwm::ExecutorOf<Waves<Later>> executor(1, 1);
  struct Counted {
    std::size_t waits, downloads, marks;
    bool operator==(const Counted&) const = default;
  };
  const auto counted = [&](std::size_t passes) {
    const auto set = masks(passes * images);
    executor.evaluate(model, set);  // makes room
    const Counted before{tools::Queue::waits(), Later::downloads(), Later::Mark::waits()};
    executor.evaluate(model, set);
    return Counted{tools::Queue::waits() - before.waits, Later::downloads() - before.downloads,
                   Later::Mark::waits() - before.marks};
  };
  const Counted few = counted(2), many = counted(12);
  BOOST_TEST(few.waits == 1);
  BOOST_TEST(few.downloads == 1);
  BOOST_TEST(few.marks == 0);
  BOOST_TEST(many.waits == 1);
  BOOST_TEST(many.downloads == 1);
  BOOST_TEST(many.marks == 10);  // for staged pictures to be taken: one pass is always ahead

  // What the host measures waits at every pass.
  const std::size_t before = tools::Queue::waits();
  nwm::evaluate(model, masks(12 * images), 1, Hidden<loss::CrossEntropy>{});
  BOOST_TEST(tools::Queue::waits() - before >= 12);
}

BOOST_AUTO_TEST_CASE(memory_is_what_it_says) {
  using Model = Waves<Later>;
  using Measured = nwm::MeasuredPasses<Model, loss::CrossEntropy>;
  Later::sum<float>(0, nwm::kernel::Read<float>{nullptr});  // its scratch
  const auto model = shaken<Model>();
  const auto set = masks(4000);
  const std::size_t before = tools::Pages::held();
  nwm::ExecutorOf<Model> executor(1, 1);
  executor.evaluate(model, set);
  const std::size_t found = tools::Pages::held() - before,
                    said = Model::Workspace::bytes() + Measured::bytes(set.size());
  BOOST_TEST(found >= said);
  BOOST_TEST(found < said + 40 * 4096);  // the rest of each array's last page
  BOOST_TEST(Measured::bytes(set.size()) > 40 * 4096);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_score_that_is_not_finite_is_told_as_by_the_host, B, Backends) {
  const auto model = shaken<Cnn<B>>();
  const auto extent = nwm::data::Extent{11, 1, shape.height, shape.width};
  Targets::Floats pictures(extent.images * extent.values(), 0.5F);
  std::fill_n(pictures.begin() + 6 * 35, 35, 3e38F);
  std::fill_n(pictures.begin() + 9 * 35, 35, 3e38F);
  Targets::Bytes classes(extent.images * extent.pixels(), 1);
  classes[0] = 2;
  const Dataset set(extent, pictures, classes);
  const auto told = [&](const auto& given) {
    try {
      nwm::evaluate(model, set, 1, given);
    } catch (const nwm::Unstable& e) {
      return std::string(e.what());
    }
    return std::string("nothing");
  };
  const std::string wanted = told(Hidden<loss::CrossEntropy>{});
  BOOST_TEST(wanted.find("image 6") != std::string::npos);
  BOOST_TEST(told(loss::CrossEntropy{}) == wanted);
  // So is one at a pixel that counts nothing.
  BOOST_TEST(told(loss::CrossEntropy{.ignore_index = 1}) == wanted);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(an_unstable_step_is_told_as_by_the_host, B, Backends) {
  auto model = shaken<Waves<B>>();
  const auto damp = [&](float strength) {
    for (const nwm::Slice& slice : Waves<B>::layout.slices)
      if (slice.name.view().starts_with("classifier.alpha_encoder") && slice.name.view().ends_with("bias"))
        for (float& v : model.parameters().subspan(slice.offset, slice.size)) v = strength;
  };
  const auto told = [&](const auto& given) {
    try {
      nwm::evaluate(model, masks(11), 1, given);
    } catch (const nwm::Unstable& e) {
      return std::string(e.what());
    }
    return std::string("nothing");
  };
  for (const float strength : {1e9F, 3e3F}) {  // scores are finite after the second
    damp(strength);
    const std::string wanted = told(Hidden<loss::CrossEntropy>{});
    BOOST_TEST(wanted.find("wave step") != std::string::npos);
    BOOST_TEST(told(loss::CrossEntropy{}) == wanted);
  }
}

BOOST_AUTO_TEST_CASE(a_training_is_judged_by_what_the_backend_measures) {
  const auto train = masks(8), validation = masks(11);
  const auto run = [&]<class M>(const M*) {
    nwm::Trainer<M> trainer({.learning_rate = 1e-2, .batch = 4, .epochs = 3}, shaken<M>());
    std::vector<double> losses;
    trainer.fit(train, validation, [&](const nwm::Progress& p) {
      if (!p.epoch_end) return;
      // The weights measured are those of the epoch's end.
      const auto host = nwm::evaluate(trainer.current(), validation, 1, Hidden<loss::CrossEntropy>{});
      BOOST_TEST(agree(p.validation, host, 1e-12));
      losses.push_back(p.validation.loss);
    });
    return losses;
  };
  BOOST_TEST((run(static_cast<Waves<Later>*>(nullptr)) == run(static_cast<Waves<Now>*>(nullptr))));
}
