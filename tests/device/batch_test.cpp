// Several images a pass on the device backend: training and predictions as on cpu::Scalar, image by image;
// the same bits on every run and every host system.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE device_batch

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <span>
#include <tuple>
#include <type_traits>
#include <vector>

#include "../train/tools.hpp"
#include "nwm/backend/device/host.hpp"
#include "nwm/model/cnn.hpp"
#include "nwm/readout/fft.hpp"
#include "nwm/train/trainer.hpp"

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

template <class Real>
constexpr double bound = sizeof(Real) == 4 ? 1e-3 : 1e-8;

/// ‖a − b‖ / ‖b‖.
template <class Real>
double distance(const std::vector<Real>& a, const std::vector<Real>& b) {
  double difference = 0, norm = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double d = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    difference += d * d;
    norm += static_cast<double>(b[i]) * static_cast<double>(b[i]);
  }
  return std::sqrt(difference / norm);
}

template <class Real>
struct Outcome {
  std::vector<Real> moved, scores;  // the way of the parameters, and the scores of 7 images
  std::vector<double> losses, norms;
};

/// Three steps of 6 images: a whole pass, and one with two images missing.
template <class Machine>
auto trained() {
  using Real = typename Machine::Real;
  static const auto set = tools::blocks(18, 1), others = tools::blocks(7, 2);
  nwm::Trainer<Machine> trainer({.learning_rate = 1e-2, .batch = 6, .threads = 1});
  Outcome<Real> o{tools::weights(trainer.current()), {}, {}, {}};
  std::vector<std::size_t> order(18);
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t step = 0; step < 3; ++step) {
    o.norms.push_back(trainer.step(set, std::span(order).subspan(6 * step, 6), 3));
    o.losses.push_back(trainer.last_loss());
  }
  const auto now = tools::weights(trainer.current());
  for (std::size_t i = 0; i < now.size(); ++i) o.moved[i] = now[i] - o.moved[i];
  o.scores.resize(others.size() * Machine::score_size);
  nwm::EngineOf<Machine>(1, 1).predict(
      trainer.current(), others, [&](std::size_t i, std::span<const Real> s) {
        std::ranges::copy(s, o.scores.begin() + static_cast<std::ptrdiff_t>(i * Machine::score_size));
      });
  return o;
}

template <template <class, class> class Model, class Real>
void agree() {
  static_assert(std::is_same_v<nwm::EngineOf<Model<Batch, Real>>, nwm::PerPass<Model<Batch, Real>>>);
  const auto wanted = trained<Model<Scalar, Real>>(), found = trained<Model<Batch, Real>>();
  for (std::size_t i = 0; i < 3; ++i) {
    BOOST_TEST(std::abs(found.losses[i] - wanted.losses[i]) < bound<Real> * wanted.losses[i]);
    BOOST_TEST(std::abs(found.norms[i] - wanted.norms[i]) < bound<Real> * wanted.norms[i]);
  }
  BOOST_TEST(distance(found.moved, wanted.moved) < bound<Real>);
  BOOST_TEST(distance(found.scores, wanted.scores) < bound<Real>);
  for (const auto& other : {trained<Model<Batch, Real>>(), trained<Model<Threads, Real>>()}) {
    BOOST_TEST((other.moved == found.moved));
    BOOST_TEST((other.scores == found.scores));
    BOOST_TEST((other.losses == found.losses));
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(wave_machine_double) { agree<tools::Small, double>(); }
BOOST_AUTO_TEST_CASE(wave_machine_float) { agree<tools::Small, float>(); }
BOOST_AUTO_TEST_CASE(cnn) { agree<Cnn, double>(); }
