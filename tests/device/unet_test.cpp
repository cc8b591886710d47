// A U-Net whose whole batch is one pass of the device backend: gradient, running statistics and evaluation as
// on cpu::Scalar, where a batch is many passes; the same bits on every host system.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE device_unet

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "../gradient/unet_tools.hpp"
#include "nwm/backend/device/host.hpp"
#include "queued.hpp"

namespace {

using namespace unet_test;
constexpr std::size_t images = 3;
using One = Net<1, Scalar, double>;
using Batch = Net<1, nwm::device::Host<nwm::device::Sequential, images>, double>;
#if defined(_OPENMP)
using Threads = Net<1, nwm::device::Host<nwm::device::OpenMp, images>, double>;
#else
using Threads = Batch;
#endif
static_assert(One::images == 1 && Batch::images == images);
static_assert(std::is_same_v<nwm::ExecutorOf<Batch>, nwm::OnePassExecutor<Batch>>);

/// After one gradient of three images: that gradient, the loss, the running statistics, and with them the
/// scores of seven images.
struct Outcome {
  std::vector<double> gradient, statistics, scores;
  double loss = 0;
};
template <class M>
Outcome outcome() {
  Outcome o;
  M machine = shaken<M>();
  o.gradient = gradient(machine, random_set(images), 2, 2, &o.loss);
  o.statistics.assign(machine.buffers().begin(), machine.buffers().end());
  o.scores = scores(machine, random_set(7, 8));
  return o;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_batch_in_one_pass_is_the_specification) {
  const Outcome wanted = outcome<One>(), found = outcome<Batch>();
  BOOST_TEST(std::abs(found.loss - wanted.loss) < 1e-12);
  BOOST_TEST(difference(found.gradient, wanted.gradient) < 1e-11);
  BOOST_TEST(difference(found.statistics, wanted.statistics) < 1e-12);
  BOOST_TEST(difference(found.scores, wanted.scores) < 1e-11);  // the last pass is one image of three
  BOOST_TEST(difference(wanted.gradient, std::vector<double>(wanted.gradient.size())) > 1e-2);
  BOOST_TEST(!std::ranges::equal(wanted.statistics, One().buffers()));
}

// Channels that fill no group of a kernel, in float, where stencils of eight channels and more are on tensor
// cores; and a batch that is many passes on the device, too, with threads and shards.
BOOST_AUTO_TEST_CASE(odd_widths_and_many_passes) {
  constexpr std::size_t batch = 5;
  const auto set = random_set(batch);
  const auto of = [&]<class M>(std::type_identity<M>) {
    M machine = shaken<M>();
    const auto slopes = gradient(machine, set, 2, 2);
    std::vector<double> all(slopes.begin(), slopes.end());
    all.insert(all.end(), machine.buffers().begin(), machine.buffers().end());
    return all;
  };
  const auto wanted = of(std::type_identity<Net<3, Scalar, double>>{});
  const auto in_float =
      of(std::type_identity<Net<3, nwm::device::Host<nwm::device::Sequential, batch>, float>>{});
  const auto one_by_one = of(std::type_identity<Net<3, nwm::device::Host<>, double>>{});
  BOOST_TEST(difference(one_by_one, wanted) < 1e-11);
  BOOST_TEST(difference(in_float, wanted) < 1e-4);
  BOOST_TEST(difference(in_float, wanted) > 1e-9);
}

BOOST_AUTO_TEST_CASE(host_systems_do_not_change_a_bit) {
  const Outcome wanted = outcome<Batch>();
  for (const Outcome& found : {outcome<Batch>(), outcome<Threads>()}) {
    BOOST_TEST(found.loss == wanted.loss);
    BOOST_TEST((found.gradient == wanted.gradient));
    BOOST_TEST((found.statistics == wanted.statistics));
    BOOST_TEST((found.scores == wanted.scores));
  }
}

BOOST_AUTO_TEST_CASE(every_parameter) { every_slice_has_its_gradient<Batch>(images); }

BOOST_AUTO_TEST_CASE(metrics_are_those_of_each_image) {
  const auto set = random_set(4);
  const nwm::SegmentationMetrics wanted = nwm::evaluate(shaken<One>(), set),
                                 found = nwm::evaluate(shaken<Batch>(), set);
  BOOST_TEST(std::abs(found.loss - wanted.loss) < 1e-11);
  BOOST_TEST(std::abs(found.iou_foreground - wanted.iou_foreground) < 1e-11);
}

BOOST_AUTO_TEST_CASE(training_takes_batches_of_a_pass) {
  const auto set = random_set(2 * images);
  nwm::Trainer<Batch> trainer({.batch = images, .epochs = 1}, shaken<Batch>());
  trainer.fit(set, set.first(4));
  BOOST_TEST(!std::ranges::equal(trainer.current().parameters(), shaken<Batch>().parameters()));

  const auto says_both = [](const nwm::Error& e) {
    const std::string text = e.what();
    return text.find("backend device: images of a batch: expected 3") != std::string::npos &&
           text.find("TrainerOptions::batch") != std::string::npos && text.ends_with("found 2");
  };
  nwm::Trainer<Batch> other({.batch = 2, .epochs = 1}, shaken<Batch>());
  BOOST_CHECK_EXCEPTION(other.fit(set, set.first(4)), nwm::Error, says_both);
  BOOST_TEST(std::ranges::equal(other.current().parameters(), shaken<Batch>().parameters()));
  BOOST_TEST(std::ranges::equal(other.current().buffers(), shaken<Batch>().buffers()));
}

BOOST_AUTO_TEST_CASE(later_is_as_at_once) {
  using Later = Net<1, nwm::device::Operations<tools::Queued, images>, double>;
  const auto set = random_set(2 * images);
  const auto trained = [&]<class M>(std::type_identity<M>) {
    nwm::Trainer<M> trainer({.batch = images, .epochs = 2}, shaken<M>());
    trainer.fit(set, set.first(4));
    std::vector<double> all{trainer.last_loss(), trainer.state().best_loss};
    const auto weights = std::as_const(trainer.current()).parameters();
    all.insert(all.end(), weights.begin(), weights.end());
    const auto statistics = std::as_const(trainer.current()).buffers();
    all.insert(all.end(), statistics.begin(), statistics.end());
    return all;
  };
  const std::size_t before = Later::Backend::CapturedGraph::replays();
  BOOST_TEST((trained(std::type_identity<Later>{}) == trained(std::type_identity<Batch>{})));
  BOOST_TEST(Later::Backend::CapturedGraph::replays() ==
             before + 3 + 3);  // of 4 gradients, of 4 passes of scores
}
