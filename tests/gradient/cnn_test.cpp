// The CNN: every parameter against differences, on both backends, and its scores against plain loops.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE gradient_cnn

#include "nwm/model/cnn.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "machine.hpp"
#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/backend/cpu/simd.hpp"

namespace {

using nwm::cpu::Scalar;
using nwm::cpu::Simd;
using Backends = std::tuple<Scalar, Simd<>>;

/// Odd sizes; (10/2 − 1)·3 = 12 features.
template <std::size_t layers, class B, class Head = nwm::head::Hidden<5>>
using Cnn = nwm::Cnn<nwm::Shape{.height = 7,
                                .width = 9,
                                .image_channels = 2,
                                .oscillators = 3,
                                .steps = 10,
                                .classes = 3,
                                .encoder_width = 4},
                     layers, Head, B, double>;

template <class M>
void every_slice_has_its_gradient() {
  tools::Problem<M> problem(5, {.seed = 3});
  const auto report = tools::check_slices(problem, problem.gradient(), 8, tools::parts_of<M>());
  for (const std::string& fault : report.faults) BOOST_TEST(false, fault);
  BOOST_TEST(report.ok());
  BOOST_TEST_MESSAGE(M::layers << " layers, " << M::Backend::name << ": " << report.worst.error);
}

std::span<const double> slice(std::span<const double> all, const nwm::Slice& s) {
  return all.subspan(s.offset, s.size);
}

/// A convolution with zero padding, weight (out, in, size, size), then a ReLU when `relu`.
std::vector<double> convolve(const std::vector<double>& in, std::span<const double> weight,
                             std::span<const double> bias, std::size_t height, std::size_t width,
                             std::size_t size, bool relu) {
  const auto h = static_cast<std::ptrdiff_t>(height), w = static_cast<std::ptrdiff_t>(width);
  const auto half = static_cast<std::ptrdiff_t>(size / 2);
  const std::size_t n = height * width, channels = in.size() / n;
  std::vector<double> out;
  for (std::size_t o = 0; o < bias.size(); ++o)
    for (std::ptrdiff_t y = 0; y < h; ++y)
      for (std::ptrdiff_t x = 0; x < w; ++x) {
        double sum = bias[o];
        for (std::size_t i = 0; i < channels; ++i)
          for (std::ptrdiff_t dy = -half; dy <= half; ++dy)
            for (std::ptrdiff_t dx = -half; dx <= half; ++dx) {
              const std::ptrdiff_t row = y + dy, column = x + dx;
              if (row < 0 || row >= h || column < 0 || column >= w) continue;
              const auto tap = static_cast<std::size_t>((dy + half) * (2 * half + 1) + dx + half);
              sum += weight[(o * channels + i) * size * size + tap] *
                     in[i * n + static_cast<std::size_t>(row * w + column)];
            }
        out.push_back(relu ? std::max(sum, 0.0) : sum);
      }
  return out;
}

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(every_parameter, B, Backends) {
  every_slice_has_its_gradient<Cnn<1, B>>();
  every_slice_has_its_gradient<Cnn<2, B>>();
  every_slice_has_its_gradient<Cnn<5, B, nwm::head::Hidden<4, 6>>>();
}

// conv3 relu … conv3 relu, a 1×1 convolution without activation, then the head's 1×1 layers with ReLU
// between.
BOOST_AUTO_TEST_CASE_TEMPLATE(scores_are_those_of_plain_loops, B, Backends) {
  using M = Cnn<3, B>;
  tools::Problem<M> problem(5, {.seed = 3});
  const std::span<const double> p = std::as_const(problem.machine).parameters();
  std::vector<double> x(problem.image().begin(), problem.image().end());
  const auto& slices = M::layout.slices;
  BOOST_TEST(slices.size() == 2u * (3 + 1 + 2));
  for (std::size_t s = 0; s < slices.size(); s += 2) {
    const bool last = s + 2 == slices.size(), widening = s == 6;
    x = convolve(x, slice(p, slices[s]), slice(p, slices[s + 1]), 7, 9, s < 6 ? 3 : 1, !last && !widening);
    if (widening) BOOST_TEST(x.size() == 12u * 63u);
  }
  const std::vector<double> scores = problem.scores();
  BOOST_TEST(scores.size() == x.size());
  double largest = 0, error = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    largest = std::max(largest, std::abs(x[i]));
    error = std::max(error, std::abs(x[i] - scores[i]));
  }
  BOOST_TEST(error < 1e-13 * largest);
  BOOST_TEST(largest > 0.01);
}

BOOST_AUTO_TEST_CASE(names_and_count_are_those_of_the_study) {
  using Sixteen = nwm::Cnn<nwm::Shape{.height = 64, .width = 64, .image_channels = 3, .classes = 6}, 16>;
  BOOST_TEST(Sixteen::parameter_count == 191982u);
  BOOST_TEST(Sixteen::features == 98u);
  const auto& slices = Sixteen::layout.slices;
  BOOST_TEST((slices.front().name.view() == "encoder.0.weight"));
  BOOST_TEST((slices[32].name.view() == "encoder.32.weight"));
  BOOST_TEST((slices.back().name.view() == "readout.6.bias"));
}
