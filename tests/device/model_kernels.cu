// device_model_kernels: the kernels of models, readouts, layers and optimiser on a GPU against the same text
// on the host, and a second run against the first. Exit status 1 where one differs, 77 where there
// is no device.
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <vector>

#include "nwm/backend/device/cuda.cuh"
#include "nwm/backend/device/host.hpp"
#include "nwm/backend/device/lane.hpp"
#include "nwm/backend/device/rows.hpp"
#include "nwm/backend/kernels.hpp"
#include "nwm/cell/wave.hpp"
#include "nwm/checkpointing/reversible.hpp"
#include "nwm/layer/batch_norm.hpp"
#include "nwm/layer/head.hpp"
#include "nwm/layer/pooling.hpp"
#include "nwm/layer/transposed_convolution.hpp"
#include "nwm/loss/cross_entropy_kernel.hpp"
#include "nwm/loss/mean_squares.hpp"
#include "nwm/optimizer/adam.hpp"
#include "nwm/optimizer/sgd.hpp"
#include "nwm/random.hpp"
#include "nwm/readout/fft.hpp"
#include "nwm/readout/max_time.hpp"
#include "nwm/readout/mean_time.hpp"
#include "nwm/time/recurrence.hpp"
#include "present.cuh"

namespace {

using namespace nwm;
using Real = float;
using Wave = cell::Wave;
constexpr std::size_t columns = 1000, planes = 8;

/// Planes of `columns` numbers in memory that host and device both see, and some doubles. Positive, so that
/// roots exist, but for plane 7, which is for a ReLU: of three numbers one is 0 and one negative.
class Planes {
 public:
  Planes() {
    NWM_CUDA(cudaMallocManaged(&data_, planes * columns * sizeof(Real)));
    NWM_CUDA(cudaMallocManaged(&doubles_, columns * sizeof(double)));
  }
  Planes(const Planes&) = delete;
  Planes& operator=(const Planes&) = delete;
  ~Planes() {
    cudaFree(data_);
    cudaFree(doubles_);
  }
  Real* operator[](std::size_t plane) { return data_ + plane * columns; }
  double* doubles() { return doubles_; }
  void refill() {
    Random random(1);
    for (std::size_t i = 0; i < planes * columns; ++i) data_[i] = static_cast<Real>(random.uniform(0, 1));
    for (std::size_t i = 0; i < columns; i += 3) (*this)[7][i] = 0;
    for (std::size_t i = 1; i < columns; i += 3) (*this)[7][i] *= -1;
    for (std::size_t i = 0; i < columns; ++i) doubles_[i] = random.uniform(0, 1);
  }
  std::vector<Real> values() const { return {data_, data_ + planes * columns}; }

 private:
  Real* data_ = nullptr;
  double* doubles_ = nullptr;
};

/// Stores what a kernel of a sum returns.
template <class Kernel>
struct Kept {
  Kernel kernel;
  Real* to;
  template <class Lane>
  constexpr void operator()(Lane lane) const {
    lane.store(to, kernel(lane));
  }
};
template <class Kernel>
Kept(Kernel, Real*) -> Kept<Kernel>;

/// Runs on the host, then twice on the device, from the same numbers.
template <class Kernel>
bool agree(const char* what, Planes& memory, const Kernel& kernel, std::size_t count = columns) {
  const auto device_run = [&] {
    memory.refill();
    device::Cuda<1>::map<Real>(count, kernel);
    NWM_CUDA(cudaDeviceSynchronize());
    return memory.values();
  };
  memory.refill();
  const std::vector<Real> before = memory.values();
  for (std::size_t i = 0; i < count; ++i) kernel(device::Lane<Real>{i});
  const std::vector<Real> wanted = memory.values(), first = device_run(), second = device_run();
  double worst = 0;
  for (std::size_t i = 0; i < first.size(); ++i) {
    const double d = std::abs(static_cast<double>(first[i]) - static_cast<double>(wanted[i]));
    if (!(d <= worst)) worst = d;
  }
  const bool bits = std::memcmp(first.data(), second.data(), first.size() * sizeof(Real)) == 0;
  const bool fine = worst <= 1e-4 && bits && wanted != before;
  std::printf("%s %.2e %s\n", what, worst, fine ? "ok" : "FAIL");
  return fine;
}

/// Four channels of 250 numbers, in two passes where sums are put together.
template <class Check>
void check_normalisation(Planes& m, const Check& check) {
  using namespace layer::detail;
  constexpr std::size_t channels = 4, n = columns / channels;
  const PassSums first{2, 2 * channels, m.doubles()}, second{2, 2 * channels, m.doubles() + channels};
  const InverseDeviation<Real> to{1e-5, m[0], m.doubles() + 100, m[1]};
  check("squared deviation", Kept{SquaredDeviation<n, Real>{m[0], m[1]}, m[2]});
  check("mask by relu", Kept{MaskByRelu<Real>{m[7], m[1]}, m[2]});
  check("slope", Kept{NormSlope<n, Real>{m[0], m[1], m[2]}, m[3]});
  check("batch's mean", BatchMean<Real>{first, 500, 0.1, m[0], m[1]}, channels);
  check("batch's deviation", BatchDeviation<Real>{first, 500, 0.1, to, m[2]}, channels);
  check("running deviation", RunningDeviation<Real>{m[2], m[3], to, m[4]}, channels);
  check("normalise", Normalise<n, Real>{m[0], m[1], m[2], m[3], m[4]});
  check("normalise's adjoint", UndoNormalise<n, Real>{m[0], m[1], m[2], m[3], m[4], m[5]});
  check("normalise's sums", NormGradient<Real>{first, second, 500, m.doubles() + 100, m[0], m[1], m[2], m[3]},
        channels);
}

bool all_agree() {
  Planes m;
  bool fine = true;
  const auto check = [&](const char* what, const auto& kernel, std::size_t count = columns) {
    fine = agree(what, m, kernel, count) && fine;
  };
  const std::array<const Real*, 4> site{m[0], m[1], m[2], m[3]};
  const Wave cell{};
  check("step", model::detail::StageForward<cell::Stage<Wave, 0>, Wave, Real>{
                    cell, columns, m[4], site, {m[5], m[6]}});
  check("step's adjoint", model::detail::StageBackward<cell::Stage<Wave, 0>, Wave, Real>{
                              cell, columns, m[7], {m[0], m[0], m[0], m[0]}, m[6], m[1]});
  check("y before", model::detail::CoupledBefore<Wave, Real>{cell, site, {m[5]}});
  check("step backwards", model::detail::Inverse<Wave, Real>{cell, columns, m[4], site, {m[5], m[6]}});
  check("mean", readout::detail::AddSteps<4, columns, Real>{false, m[0], m[5]});
  check("maximum", readout::detail::Follow<4, columns, Real>{4, m[0], m[5]});
  check("maximum's adjoint", readout::detail::ToMaximum<4, columns, Real>{0, m[4], m[0]});
  check("modulus", readout::detail::Modulus<Real>{columns / 4, columns / 4, columns / 2, m[0], m[1], m[2]},
        columns / 2);
  check("modulus's adjoint",
        readout::detail::ModulusAdjoint<Real>{columns / 4, columns / 4, columns / 2, m[0], m[1], m[2]},
        columns / 2);
  check("cross-entropy", Kept{loss::CrossEntropyKernel<3, false, Real>{0.5, 0, columns, m[4], m[0]}, m[5]});
  check("weighted cross-entropy",
        Kept{loss::CrossEntropyKernel<3, true, Real>{0.5, columns, columns, m[4], m[0]}, m[6]});
  check("squares", Kept{loss::SquaresKernel<2, Real>{0.5, columns, columns, m[4], m[0]}, m[7]});
  check("relu's adjoint", kernel::ActivationAdjoint<Activation::relu, Real>{m[7], m[1]});
  check("tanh's adjoint", kernel::ActivationAdjoint<Activation::tanh, Real>{m[0], m[1]});
  check("sum", kernel::Accumulate<Real>{m[0], m[1]});
  check("scale", kernel::Scale<Real>{0.25, m[0], m[1]});
  check("biases", device::AddBiases<Activation::relu, Real>{100, columns, m[7], m[0]}, 300);
  check_normalisation(m, check);
  check("pool", layer::detail::Pool<20, Real>{m[0], m[4]});
  check("pool's adjoint", layer::detail::PoolAdjoint<20, Real>{m[0], m[1], m[2]}, 250);
  check("doubled grid", layer::detail::Interleave<125, 25, Real>{m[0], m[4], m[2]});
  check("doubled grid's adjoint", layer::detail::Deinterleave<125, 25, Real>{m[0], m[2]});
  using optimizer::detail::Update;
  const auto adam = optimizer::Adam{}.rule(3, 1e-3);
  check("Adam", Update<Real, optimizer::detail::AdamRule, 2>{adam, 1, m[0], m[1], {m[2], m[3]}});
  const auto sgd = optimizer::Sgd{.momentum = 0.9, .nesterov = true}.rule(3, 1e-3);
  check("SGD", Update<Real, optimizer::detail::SgdRule, 1>{sgd, 1, m[0], m[1], {m[2]}});
  return fine;
}

/// Numbers of a head in one launch, in memory that host and device both see, and zeros to go on.
template <class Mlp, class Precision, std::size_t n>
class HeadNumbers {
  using B = device::Cuda<1, Precision>;

 public:
  static constexpr std::size_t in = Mlp::in, out = Mlp::out, results = 2 * out * n + in * n + Mlp::parameters;
  HeadNumbers() {
    NWM_CUDA(cudaMallocManaged(&data_, sizeof(Real) * size));
    NWM_CUDA(cudaMallocManaged(&sum_, sizeof(double)));
    Random random(3);
    for (std::size_t i = 0; i < size; ++i) data_[i] = 0;
    for (std::size_t i = 0; i < Mlp::parameters; ++i)
      weights()[i] = static_cast<Real>(random.uniform(-0.02, 0.02));
    // Sums of hidden layers so far from 0 that rounding turns no ReLU on or off: one would be seen.
    for (std::size_t l = 0; l + 1 < Mlp::layers; ++l) {
      Real* const biases = weights() + Mlp::offset(l) + Mlp::width(l) * Mlp::width(l + 1);
      for (std::size_t k = 0; k < Mlp::width(l + 1); ++k) biases[k] = k % 3 == 0 ? Real(-1.5) : Real(1.5);
    }
    for (std::size_t i = 0; i < in * n; ++i) x()[i] = static_cast<Real>(random.uniform(-1, 1));
    for (std::size_t i = 0; i < n; ++i) target()[i] = static_cast<Real>(i % (out + 1)) - 1;
  }
  HeadNumbers(const HeadNumbers&) = delete;
  HeadNumbers& operator=(const HeadNumbers&) = delete;
  ~HeadNumbers() {
    cudaFree(data_);
    cudaFree(sum_);
  }
  /// Scores, what is left of them, and the gradients, on backend Any.
  template <class Any>
  std::vector<Real> run() {
    Real* const scores = data_;
    Real* const slopes = scores + out * n;
    Real* const x_gradient = slopes + out * n;
    Real* const gradient = x_gradient + in * n;
    for (std::size_t i = 0; i < results; ++i) data_[i] = 0;
    Any::template prepare_head<Mlp>(weights(), room());
    Any::template head_scores<Mlp>(n, weights(), x(), scores, n, room());
    const loss::CrossEntropyKernel<out, false, Real> loss{1.0 / n, 0, n, target(), slopes};
    Any::template head_gradient<Mlp>(n, weights(), x(), loss, slopes, sum_, x_gradient, gradient, room());
    NWM_CUDA(cudaDeviceSynchronize());
    std::vector<Real> all{data_, data_ + results};
    all.push_back(static_cast<Real>(*sum_ / n));
    return all;
  }

 private:
  static constexpr std::size_t room_begin = (results + Mlp::parameters + in * n + n + 3) / 4 * 4;
  static constexpr std::size_t size = room_begin + B::template head_room<Mlp>(n);
  Real* weights() { return data_ + results; }
  Real* x() { return weights() + Mlp::parameters; }
  Real* target() { return x() + in * n; }
  Real* room() { return data_ + room_begin; }
  Real* data_ = nullptr;
  double* sum_ = nullptr;
};

/// A head on the device against the host, each part of the results by itself, and a second run.
template <class Mlp, class Precision, std::size_t n>
bool head_agrees(const char* what, double bound) {
  using Numbers = HeadNumbers<Mlp, Precision, n>;
  if (!device::Cuda<1, Precision>::template head_fits<Mlp>()) {
    std::printf("%s: too little shared memory\n", what);
    return true;
  }
  Numbers numbers;
  const auto wanted = numbers.template run<device::Host<device::Sequential, 1, Precision>>();
  const auto first = numbers.template run<device::Cuda<1, Precision>>();
  const auto second = numbers.template run<device::Cuda<1, Precision>>();
  double worst = 0;
  const auto part = [&](std::size_t begin, std::size_t count) {
    double off = 0, size = 0;
    for (std::size_t i = begin; i < begin + count; ++i) {
      const auto w = static_cast<double>(wanted[i]), d = static_cast<double>(first[i]) - w;
      off += d * d;
      size += w * w;
    }
    const double apart = size > 0 ? std::sqrt(off / size) : 1;
    if (!(apart <= worst)) worst = apart;
  };
  const std::size_t scores = Numbers::out * n, features = Numbers::in * n;
  part(0, scores);
  part(scores, scores);
  part(2 * scores, features);
  for (std::size_t l = 0; l < Mlp::layers; ++l) {
    const std::size_t weights = Mlp::width(l) * Mlp::width(l + 1);
    part(2 * scores + features + Mlp::offset(l), weights);
    part(2 * scores + features + Mlp::offset(l) + weights, Mlp::width(l + 1));
  }
  part(Numbers::results, 1);
  const bool bits = std::memcmp(first.data(), second.data(), first.size() * sizeof(Real)) == 0;
  const bool fine = worst <= bound && bits;
  std::printf("%s %.2e %s\n", what, worst, fine ? "ok" : "FAIL");
  return fine;
}

bool heads_agree() {
  using Wide = layer::Head<102, 6, head::Wide>;
  using Small = layer::Head<7, 3, head::Hidden<64, 20>>;
  bool fine = head_agrees<Wide, device::precision::Full, 300>("head, float32", 1e-5);
  // A sum in another order may round to the next number of 16 bits.
  fine = head_agrees<Small, device::precision::Tf32, 77>("head, tf32", 2e-2) && fine;
  return head_agrees<Small, device::precision::Bf16, 77>("head, bf16", 5e-2) && fine;
}

}  // namespace

int main() {
  if (!device_present("device_model_kernels")) return 77;
  try {
    const bool fine = all_agree();
    return heads_agree() && fine ? 0 : 1;
  } catch (const Error& e) {
    std::fprintf(stderr, "device_model_kernels: %s\n", e.what());
    return 1;
  }
}
