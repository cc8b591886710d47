// Models on a backend that runs later, records, and whose memory the host cannot read (queued.hpp): the same
// bits as on the one that runs at once.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE device_queued

#include "queued.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <limits>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "nwm/backend/device/host.hpp"
#include "nwm/model/cnn.hpp"
#include "nwm/readout/fft.hpp"
#include "nwm/train/saved_training.hpp"
#include "training.hpp"

namespace {

using Now = nwm::device::Host<nwm::device::Sequential, 4>;
using Later = nwm::device::Operations<tools::Queued, 4>;
using CapturedGraph = Later::CapturedGraph;

constexpr nwm::Shape shape{.height = 5,
                           .width = 6,
                           .image_channels = 1,
                           .oscillators = 2,
                           .steps = 4,
                           .classes = 3,
                           .encoder_width = 3};
template <class B, class Checkpointing = nwm::checkpointing::StoreAll, class Readout = nwm::readout::Linear>
using Waves =
    nwm::WaveMachine<shape, Readout, nwm::head::Hidden<6>, nwm::cell::Wave, B, double, Checkpointing>;
template <class B>
using Cnn = nwm::Cnn<shape, 2, nwm::head::Hidden<6>, B, double>;

/// Five steps of a whole pass and one of two images: each is asked for once, recorded once, and replayed.
template <class One, class Other>
void agree() {
  const std::size_t before = CapturedGraph::replays();
  BOOST_TEST((tools::trained<One>(5) == tools::trained<Other>(5)));
  BOOST_TEST(CapturedGraph::replays() == before + 10);  // 9 of 10 gradients, 1 of 2 passes of scores
}

using Tiny = Waves<Later>;

/// A step on the six images of `set`.
void step(nwm::Trainer<Tiny>& trainer, const nwm::data::Dataset& set) {
  std::vector<std::size_t> all(set.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  trainer.step(set, all, 100);
}

}  // namespace

BOOST_AUTO_TEST_CASE(everything) { agree<Waves<Later>, Waves<Now>>(); }
BOOST_AUTO_TEST_CASE(checkpoints) {
  agree<Waves<Later, nwm::checkpointing::Every<2>, nwm::readout::Fft>,
        Waves<Now, nwm::checkpointing::Every<2>, nwm::readout::Fft>>();
}
BOOST_AUTO_TEST_CASE(backwards) {
  agree<Waves<Later, nwm::checkpointing::Reversible<2>>, Waves<Now, nwm::checkpointing::Reversible<2>>>();
}
BOOST_AUTO_TEST_CASE(folded) {
  using nwm::readout::LinearMap, nwm::readout::Fold, nwm::checkpointing::Every;
  using Folded = LinearMap<0, Fold::always>;
  static_assert(Waves<Later, Every<2>, Folded>::folds_readout);
  agree<Waves<Later, Every<2>, Folded>, Waves<Now, Every<2>, Folded>>();
}
BOOST_AUTO_TEST_CASE(cnn) { agree<Cnn<Later>, Cnn<Now>>(); }

BOOST_AUTO_TEST_CASE(whole_trainings_with_what_is_made_ready_ahead_are_equal) {
  const auto run = []<class Machine>(const Machine*) {
    const auto set = tools::blocks(26, 1), others = tools::blocks(5, 2);
    nwm::Trainer<Machine> trainer({.learning_rate = 1e-2, .batch = 6, .epochs = 3});
    std::vector<double> losses;
    trainer.fit(set, others, [&](const nwm::Progress& p) {
      losses.push_back(p.loss);
      if (p.epoch_end) losses.push_back(p.validation.loss);
    });
    losses.insert(losses.end(), trainer.best().parameters().begin(), trainer.best().parameters().end());
    return losses;
  };
  BOOST_TEST((run(static_cast<Waves<Later>*>(nullptr)) == run(static_cast<Waves<Now>*>(nullptr))));
}

BOOST_AUTO_TEST_CASE(a_recording_is_made_anew_when_a_number_of_the_cell_changes) {
  const auto set = tools::blocks(6, 1);
  const auto run = [&]<class Machine>(const Machine*) {
    nwm::Trainer<Machine> trainer({.learning_rate = 1e-2, .batch = 6});
    std::vector<std::size_t> all(6);
    std::iota(all.begin(), all.end(), std::size_t{0});
    std::vector<double> losses;
    for (int i = 0; i < 6; ++i) {
      if (i == 3) trainer.current().cell.dt *= 0.5;
      trainer.step(set, all, 6);
      losses.push_back(trainer.last_loss());
    }
    return losses;
  };
  const auto later = run(static_cast<Waves<Later>*>(nullptr));
  BOOST_TEST((later == run(static_cast<Waves<Now>*>(nullptr))));
  BOOST_TEST(later[2] != later[3]);
}

BOOST_AUTO_TEST_CASE(an_unstable_step_is_told_also_by_a_recording) {
  const auto set = tools::blocks(6, 1);
  nwm::Trainer<Tiny> trainer({.learning_rate = 1e-2, .batch = 6});
  for (int i = 0; i < 3; ++i) step(trainer, set);
  for (const nwm::Slice& slice : Tiny::layout.slices)
    if (slice.name.view().starts_with("classifier.alpha_encoder") && slice.name.view().ends_with("bias"))
      for (double& v : trainer.current().parameters().subspan(slice.offset, slice.size)) v = 1e9;
  BOOST_CHECK_EXCEPTION(step(trainer, set), nwm::Unstable, [](const nwm::Unstable& e) {
    return std::string(e.what()).find("epoch 1, step 4, wave step") != std::string::npos;
  });
}

BOOST_AUTO_TEST_CASE(too_little_memory_is_told_before_training_starts) {
  const std::size_t needed =
      Tiny::Workspace::bytes() + nwm::MeasuredPasses<Tiny, nwm::loss::CrossEntropy>::bytes();
  BOOST_TEST(needed > Tiny::Workspace::bytes());
  Later::room_left() = needed - 1;
  BOOST_CHECK_EXCEPTION(nwm::Trainer<Tiny>({.batch = 4}), nwm::Error, [](const nwm::Error& e) {
    const std::string text = e.what();
    return text.find("device-queued") != std::string::npos && text.find("a pass of 4 images") != text.npos &&
           text.find(nwm::shown_bytes(needed)) != text.npos &&
           text.find("try checkpointing::Every<2>") != text.npos;
  });
  Later::room_left() = needed;
  nwm::Trainer<Tiny> fits({.batch = 4});
  Later::room_left() = std::numeric_limits<std::size_t>::max();
}

namespace {

/// What a machine says it needs is what it takes, but for the rest of each array's last page.
template <class Readout>
void bytes_are_those_of_its_arrays() {
  using Big = nwm::WaveMachine<
      nwm::Shape{.height = 32, .width = 32, .image_channels = 1, .oscillators = 2, .steps = 20, .classes = 3},
      Readout, nwm::head::Hidden<32>, nwm::cell::Wave, Later>;
  nwm::device::Operations<tools::Queued, 4>::sum<float>(0, nwm::kernel::Read<float>{nullptr});  // its scratch
  const std::size_t before = tools::Pages::held();
  const typename Big::Workspace space;
  const std::size_t found = tools::Pages::held() - before;
  BOOST_TEST(found >= Big::Workspace::bytes());
  BOOST_TEST(found < Big::Workspace::bytes() + 24 * 4096);
}

}  // namespace

BOOST_AUTO_TEST_CASE(bytes_are_those_of_the_arrays) {
  bytes_are_those_of_its_arrays<nwm::readout::Linear>();
  bytes_are_those_of_its_arrays<nwm::readout::LinearMap<0, nwm::readout::Fold::always>>();
}
