// Every model, loss, optimiser and executor of the library by its concept: what fails here does not compile.
#define BOOST_TEST_MODULE contract
#include <boost/test/unit_test.hpp>
#include <tuple>
#include <type_traits>

#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/backend/cpu/simd.hpp"
#include "nwm/cell/gru.hpp"
#include "nwm/cell/lstm.hpp"
#include "nwm/cell/rnn.hpp"
#include "nwm/loss/image_cross_entropy.hpp"
#include "nwm/loss/mean_squares.hpp"
#include "nwm/loss/sampled_cross_entropy.hpp"
#include "nwm/model/cnn.hpp"
#include "nwm/model/unet.hpp"
#include "nwm/model/wave_machine.hpp"
#include "nwm/optimizer/sgd.hpp"
#include "nwm/readout/fft.hpp"
#include "nwm/readout/last.hpp"
#include "nwm/readout/max_time.hpp"
#include "nwm/readout/mean_time.hpp"
#include "nwm/train/trainer.hpp"
#if __has_include(<thrust/for_each.h>)
#include "nwm/backend/device/host.hpp"
#endif

namespace {

constexpr nwm::Shape shape{
    .height = 16, .width = 16, .oscillators = 2, .steps = 6, .classes = 3, .encoder_width = 2};
using nwm::cell::Wave, nwm::readout::Linear, nwm::cpu::Simd, nwm::cpu::Scalar;
template <class R, class C = Wave, class B = Simd<>, class Real = float,
          class K = nwm::checkpointing::StoreAll>
using Machine = nwm::WaveMachine<shape, R, nwm::head::Narrow, C, B, Real, K>;

template <class M>
constexpr bool models =
    nwm::Model<M> && nwm::PerImageModel<M> && nwm::Executor<nwm::ExecutorOf<M>, M, nwm::loss::CrossEntropy>;
static_assert(models<Machine<Linear>> && models<Machine<Linear, Wave, Scalar, double>>);
static_assert(models<Machine<nwm::readout::Fft>> && models<Machine<nwm::readout::Last>>);
static_assert(models<Machine<nwm::readout::MeanTime>> && models<Machine<nwm::readout::MaxTime>>);
static_assert(models<Machine<Linear, nwm::cell::Lstm>> && models<Machine<Linear, nwm::cell::Gru>>);
static_assert(models<Machine<Linear, nwm::cell::Rnn>>);
static_assert(models<Machine<Linear, Wave, Simd<>, float, nwm::checkpointing::Every<3>>>);
static_assert(models<Machine<Linear, Wave, Simd<>, float, nwm::checkpointing::Reversible<3>>>);
static_assert(models<nwm::Cnn<shape, 2>>);

// One number a pixel: what a regression may have.
constexpr nwm::Shape field{.height = 16, .width = 16, .oscillators = 2, .steps = 6, .outputs = 1};
using Field = nwm::WaveMachine<field, Linear, nwm::head::Narrow>;
static_assert(nwm::Model<Field> && Field::outputs == 1 && nwm::loss::LossFor<nwm::loss::MeanSquares, 1>);

using UNet = nwm::UNet<shape, 2>;
static_assert(nwm::Model<UNet> && nwm::LayerSynchronousModel<UNet>);
static_assert(nwm::Executor<nwm::ExecutorOf<UNet>, UNet, nwm::loss::CrossEntropy>);
static_assert(std::is_same_v<nwm::ExecutorOf<UNet>, nwm::LayerSynchronousExecutor<UNet>>);

#if __has_include(<thrust/for_each.h>)
using Two = nwm::device::Host<nwm::device::Sequential, 2>;
static_assert(nwm::Model<Machine<Linear, Wave, Two>> && nwm::MicroBatchModel<Machine<Linear, Wave, Two>>);
static_assert(nwm::MicroBatchModel<nwm::Cnn<shape, 2, nwm::head::Narrow, Two>>);
static_assert(nwm::LayerSynchronousModel<nwm::UNet<shape, 2, Two>>);
static_assert(std::is_same_v<nwm::ExecutorOf<nwm::UNet<shape, 2, Two>>,
                             nwm::OnePassExecutor<nwm::UNet<shape, 2, Two>>>);
#endif

static_assert(nwm::loss::LossFor<nwm::loss::CrossEntropy, 3> &&
              !nwm::loss::LossFor<nwm::loss::CrossEntropy, 1>);
static_assert(nwm::loss::LossFor<nwm::loss::WeightedCrossEntropy<3>, 3>);
static_assert(!nwm::loss::LossFor<nwm::loss::WeightedCrossEntropy<3>, 4>);
static_assert(nwm::loss::LossFor<nwm::loss::SampledCrossEntropy, 3>);
static_assert(nwm::loss::LossFor<nwm::loss::ImageCrossEntropy, 3>);
static_assert(nwm::loss::LossFor<nwm::loss::MeanSquares, 1>);
static_assert(nwm::optimizer::Optimizer<nwm::optimizer::Adam> &&
              nwm::optimizer::Optimizer<nwm::optimizer::AdamW>);
static_assert(nwm::optimizer::Optimizer<nwm::optimizer::Sgd>);

// By which losses a model is trained.
using Three = Machine<Linear>;
static_assert(nwm::ModelFor<Three, nwm::loss::CrossEntropy> &&
              nwm::ModelFor<Three, nwm::loss::WeightedCrossEntropy<3>>);
static_assert(!nwm::ModelFor<Three, nwm::loss::WeightedCrossEntropy<5>>);
static_assert(nwm::ModelFor<Three, nwm::loss::ImageCrossEntropy> &&
              nwm::ModelFor<UNet, nwm::loss::ImageCrossEntropy>);
static_assert(nwm::ModelFor<Field, nwm::loss::MeanSquares> && !nwm::ModelFor<Field, nwm::loss::CrossEntropy>);

// What is no model is none.
struct Nothing {};
static_assert(!nwm::Model<Nothing> && !nwm::loss::Loss<Nothing> && !nwm::optimizer::Optimizer<Nothing>);

}  // namespace

template class nwm::Trainer<Field, nwm::loss::MeanSquares>;

BOOST_AUTO_TEST_CASE(counts_of_the_study) {
  // Tetrominoes, linear readout, T = 20: the authors' checkpoints (gru and rnn with the encoder they never
  // use).
  constexpr nwm::Shape study{.height = 64,
                             .width = 64,
                             .image_channels = 3,
                             .oscillators = 2,
                             .steps = 20,
                             .classes = 6,
                             .encoder_width = 16};
  BOOST_TEST((nwm::WaveMachine<study, Linear, nwm::head::Wide, nwm::cell::Lstm>::parameter_count) == 151046u);
  BOOST_TEST((nwm::WaveMachine<study, Linear, nwm::head::Wide, nwm::cell::Gru>::parameter_count) == 150972u);
  BOOST_TEST((nwm::WaveMachine<study, Linear, nwm::head::Wide, nwm::cell::Rnn>::parameter_count) == 150826u);
}
