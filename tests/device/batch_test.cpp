// Several images a pass on the device backend: training and predictions as on cpu::Scalar, image by image;
// the same bits on every run and every host system.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE device_batch

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <tuple>
#include <type_traits>

#include "nwm/backend/device/host.hpp"
#include "nwm/model/cnn.hpp"
#include "nwm/readout/fft.hpp"
#include "training.hpp"

namespace {

using nwm::cpu::Scalar;
using Batch = nwm::device::Host<nwm::device::Sequential, 4>;
#if defined(_OPENMP)
using Threads = nwm::device::Host<nwm::device::OpenMp, 4>;
#else
using Threads = Batch;
#endif

constexpr nwm::Shape shape{.height = 5,
                           .width = 6,
                           .image_channels = 1,
                           .oscillators = 2,
                           .steps = 4,
                           .classes = 3,
                           .encoder_width = 3};
template <class B, class Real>
using Cnn = nwm::Cnn<shape, 2, nwm::head::Hidden<6>, B, Real>;

template <class B, class Real>
using Folded = nwm::WaveMachine<shape, nwm::readout::LinearMap<0, nwm::readout::Fold::always>,
                                nwm::head::Hidden<6>, nwm::cell::Wave, B, Real>;
static_assert(Folded<Batch, double>::folds_readout);

template <class Real>
constexpr double bound = sizeof(Real) == 4 ? 1e-3 : 1e-8;

template <template <class, class> class Model, class Real>
void agree() {
  static_assert(
      std::is_same_v<nwm::ExecutorOf<Model<Batch, Real>>, nwm::MicroBatchExecutor<Model<Batch, Real>>>);
  const auto wanted = tools::trained<Model<Scalar, Real>>(), found = tools::trained<Model<Batch, Real>>();
  for (std::size_t i = 0; i < 3; ++i) {
    BOOST_TEST(std::abs(found.losses[i] - wanted.losses[i]) < bound<Real> * wanted.losses[i]);
    BOOST_TEST(std::abs(found.norms[i] - wanted.norms[i]) < bound<Real> * wanted.norms[i]);
  }
  BOOST_TEST(tools::relative(found.moved, wanted.moved) < bound<Real>);
  BOOST_TEST(tools::relative(found.scores, wanted.scores) < bound<Real>);
  for (const auto& other : {tools::trained<Model<Batch, Real>>(), tools::trained<Model<Threads, Real>>()}) {
    BOOST_TEST((other == found));
  }
}

/// How far a training in `Precision` goes from one in float32.
template <class Precision>
double way_off() {
  using Other = tools::Small<nwm::device::Host<nwm::device::Sequential, 4, Precision>>;
  return tools::relative(tools::trained<Other>().moved, tools::trained<tools::Small<Batch>>().moved);
}

}  // namespace

BOOST_AUTO_TEST_CASE(precisions_cost_what_they_say) {
  using namespace nwm::device::precision;
  BOOST_TEST(Tf32::rounded(1 + 0x1p-10F) == 1 + 0x1p-10F);
  BOOST_TEST(Tf32::rounded(1 + 0x1p-12F) == 1);
  BOOST_TEST(Bf16::rounded(1 + 0x1p-7F) == 1 + 0x1p-7F);
  BOOST_TEST(Bf16::rounded(1 + 0x1p-8F) == 1);  // to even
  BOOST_TEST(Bf16::rounded(-3.14159F) == -3.140625F);
  const double tf32 = way_off<Tf32>(), bf16 = way_off<Bf16>();
  BOOST_TEST(way_off<Full>() == 0);
  BOOST_TEST(tf32 > 1e-6);
  BOOST_TEST(tf32 < bf16);
  BOOST_TEST(bf16 < 0.3);  // Adam makes much of small gradients
}

BOOST_AUTO_TEST_CASE(two_sets_in_turn_at_one_address) {
  // What is staged belongs to the pictures, not to where they lie, nor to their numbers in the set.
  using Machine = tools::Small<Batch>;
  const std::vector<std::size_t> images{0, 1, 2};
  enum class Second { same_set, at_one_address, elsewhere };
  const auto trained_on = [&](Second second) {
    nwm::Trainer<Machine> trainer({.batch = 3, .epochs = 1});
    auto set = std::make_unique<nwm::data::Dataset>(tools::blocks(3, 1)),
         other = std::make_unique<nwm::data::Dataset>(tools::blocks(3, 2));
    trainer.step(*set, images, 4);
    if (second == Second::at_one_address) *set = *other;
    trainer.step(second == Second::elsewhere ? *other : *set, images, 4);
    return tools::weights(trainer.current());
  };
  BOOST_TEST((trained_on(Second::at_one_address) == trained_on(Second::elsewhere)));
  BOOST_TEST((trained_on(Second::same_set) != trained_on(Second::elsewhere)));
}

BOOST_AUTO_TEST_CASE(wave_machine_double) { agree<tools::Small, double>(); }
BOOST_AUTO_TEST_CASE(wave_machine_float) { agree<tools::Small, float>(); }
BOOST_AUTO_TEST_CASE(folded_double) { agree<Folded, double>(); }
BOOST_AUTO_TEST_CASE(folded_float) { agree<Folded, float>(); }
BOOST_AUTO_TEST_CASE(cnn) { agree<Cnn, double>(); }
