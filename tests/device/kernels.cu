// device_kernels: the kernels on a GPU against the same text on the host, block by block, and a second run
// against the first. Exit status 1 where one differs, 77 where there is no device.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <vector>

#include "nwm/backend/device/block.hpp"
#include "nwm/backend/device/cluster.hpp"
#include "nwm/backend/device/cluster_backward.hpp"
#include "nwm/backend/device/cluster_forward.hpp"
#include "nwm/backend/device/cuda.cuh"
#include "nwm/backend/device/folded_adjoint.hpp"
#include "nwm/backend/device/halo.hpp"
#include "nwm/backend/device/host.hpp"
#include "nwm/backend/device/precision.hpp"
#include "nwm/backend/device/sequence_backward.hpp"
#include "nwm/backend/device/sequence_forward.hpp"
#include "nwm/backend/device/stencil_kernels.hpp"
#include "nwm/backend/device/waves.hpp"
#include "nwm/cell/co_rnn.hpp"
#include "nwm/cell/horn.hpp"
#include "nwm/cell/lstm.hpp"
#include "nwm/cell/wave.hpp"
#include "nwm/cell/wave_rnn.hpp"
#include "nwm/grid/abreast.hpp"
#include "nwm/grid/grid.hpp"
#include "nwm/grid/stencil.hpp"
#include "nwm/layer/batch_norm_beside.hpp"
#include "nwm/random.hpp"
#include "nwm/tape/segment_on.hpp"
#include "present.cuh"

namespace {

using namespace nwm;
using namespace nwm::device;

/// One index of a map.
template <class Real>
struct Lane {
  using Value = Real;
  std::size_t index;
};

/// Numbers in memory that host and device both see.
template <class Real>
class Shared {
 public:
  Shared(std::size_t size, std::uint64_t seed) : size_(size) {
    NWM_CUDA(cudaMallocManaged(&data_, size * sizeof(Real)));
    refill(seed);
  }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;
  ~Shared() { cudaFree(data_); }
  void refill(std::uint64_t seed) {
    Random random(seed);
    for (std::size_t i = 0; i < size_; ++i) data_[i] = static_cast<Real>(random.uniform(-1, 1));
  }
  Real* data() { return data_; }
  std::vector<Real> values() const { return {data_, data_ + size_}; }

 private:
  Real* data_ = nullptr;
  std::size_t size_;
};

template <class Real>
bool same(const char* what, const std::vector<Real>& a, const std::vector<Real>& b, double bound) {
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double d = std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    if (!(d <= worst)) worst = d;
  }
  const bool fine = worst <= bound;
  std::printf("%s %.2e %s\n", what, worst, fine ? "ok" : "FAIL");
  return fine;
}

/// Runs on the host, then twice on the device, from the same numbers in `out`.
template <class Real, class Host, class Device>
bool agree(const char* what, Shared<Real>& out, const Host& host, const Device& device) {
  const auto device_run = [&] {
    out.refill(9);
    device();
    NWM_CUDA(cudaDeviceSynchronize());
    return out.values();
  };
  out.refill(9);
  host();
  const auto wanted = out.values(), first = device_run(), second = device_run();
  const bool bits = std::memcmp(first.data(), second.data(), first.size() * sizeof(Real)) == 0;
  if (!bits) std::printf("%s FAIL (two runs differ)\n", what);
  return same(what, first, wanted, sizeof(Real) == 4 ? 1e-3 : 1e-11) && bits;
}

template <class Body>
void on_host(const Body& body) {
  if constexpr (ClusterBody<Body>)
    for (std::size_t cluster = 0; cluster < Body::blocks / Body::cluster; ++cluster)
      RunClusterOnHost<Body>{body}(cluster);
  else
    for (std::size_t block = 0; block < Body::blocks; ++block) RunOnHost<Body>{body}(block);
}

template <class Real, class S, class G, class Precision = precision::Full>
bool stencils_agree() {
  Shared<Real> p(S::parameters, 1), x(S::in * G::sites, 2), g(S::out * G::sites, 3);
  Shared<Real> out(S::out * G::sites, 4), dx(S::in * G::sites, 5), dp(S::parameters, 6);
  using Gradient = GradientKernel<S, G, Real, 1, 1, Precision>;
  Shared<Real> partial(Gradient::scratch, 7);
  bool fine = true;
  const auto body = [&](const char* what, Shared<Real>& to, const auto& b) {
    fine = agree(what, to, [&] { on_host(b); }, [&] { CudaSystem::run(b); }) && fine;
  };
  const auto map = [&](const char* what, Shared<Real>& to, std::size_t count, const auto& kernel) {
    fine = agree(
               what, to,
               [&] {
                 for (std::size_t i = 0; i < count; ++i) kernel(Lane<Real>{i});
               },
               [&] { Cuda<1>::map<Real>(count, kernel); }) &&
           fine;
  };
  body("couple", out,
       StencilKernel<S, G, Direction::forward, Real, 1, 1, Set<Activation::tanh, Real>, Precision>{
           p.data(), {x.data()}, {{out.data()}}});
  if constexpr (S::Boundary::self_adjoint)
    body("adjoint", dx,
         StencilKernel<S, G, Direction::adjoint, Real, 1, 1, AddTo<Real>, Precision>{
             p.data(), {g.data()}, {{dx.data()}}});
  else
    map("folded adjoint", dx, S::in * G::sites,
        FoldedAdjoint<S, G, Real, 1>{p.data(), g.data(), {dx.data()}});
  const Gradient tiles{{model::Versions<Real>{x.data(), x.data(), 0}}, g.data(), partial.data()};
  body("tile gradients", partial, tiles);
  map("sum of tiles", dp, S::parameters,
      AddTiles<Real>{Gradient::runs, S::parameters, partial.data(), dp.data()});
  return fine;
}

/// Batch normalisation between a stencil and its adjoint, in the words of row_sums.hpp: what the stencil
/// gives, what is normalised, and the gradients in the input, γ, β and the stencil's parameters.
template <class Real, class S, class G>
bool normalisation_agrees(const char* what) {
  namespace norm = layer::detail;
  constexpr std::size_t outs = S::out * G::sites, ins = S::in * G::sites;
  constexpr std::size_t parts = Host<>::stencil_parts<S, G, Real>;
  Shared<Real> p(S::parameters, 1), in(ins, 2), numbers(4 * (S::in + S::out), 3);
  Shared<Real> out(2 * outs + ins + 2 * S::in + S::parameters, 4);
  Shared<Real> partial(Host<>::scratch<S, G>, 5);
  Shared<double> sums(Host<>::sum_room(S::in + S::out, parts), 6), inverse(S::in + S::out, 7);
  const auto run = [&]<class B>(B) {
    Real *const x = out.data(), *const y = x + outs, *const g = y + outs, *const slopes = g + ins;
    Real *const gamma = numbers.data(), *const beta = gamma + S::out, *const running = beta + S::out;
    Real *const centre = running, *const scale = centre + S::in;
    const std::array<const Real*, 1> from{in.data()};
    B::run(B::template couple_sums<S, G>(p.data(), from, norm::KeepAndSquare<Real>{x}, sums.data(), parts));
    B::template map_after_sums<Real>(
        S::out, G::sites, B::join_sums(S::out, parts, sums.data()),
        norm::BatchScale<Real>{false, G::sites, 0.1, {1e-5, gamma, inverse.data(), y}, beta, y, y, y},
        norm::NormaliseRelu<Real>{x, y});
    const norm::MaskAndSlope<Real> mask{{centre, scale, scale + S::in}, in.data(), g};
    B::run_both(
        B::template couple_gradient<S, G>(from, static_cast<const Real*>(y), partial.data()),
        B::template couple_back_sums<S, G>(p.data(), static_cast<const Real*>(y), mask, sums.data(), parts));
    B::template map_after_sums<Real>(
        S::in, G::sites, B::join_sums(S::in, parts, sums.data()),
        norm::BatchSlope<Real>{true, G::sites, inverse.data(), centre, scale, slopes, slopes + S::in},
        norm::UndoNorm<Real>{in.data(), g});
    B::join_gradients(std::array{
        B::template gradient_parts<S, G, 1>(static_cast<const Real*>(partial.data()), slopes + 2 * S::in)});
  };
  return agree(what, out, [&] { run(Host<>{}); }, [&] { run(Cuda<1>{}); });
}

/// Sums of rows: a block each or, where rows are long, some blocks each and then one.
template <class Real>
bool sums_agree(const char* what, std::size_t rows, std::size_t n) {
  Shared<Real> all(rows * (n + 1), 1);
  Real* const to = all.data() + rows * n;
  return agree(
      what, all, [&] { Host<>::add_row_sums(rows, n, all.data(), n, to); },
      [&] { Cuda<1>::add_row_sums(rows, n, all.data(), n, to); });
}

/// What decides how steps run: a block has `most` bytes of shared memory, or fewer that the device has; an
/// image may be in `two` blocks.
template <std::size_t most, bool two>
struct Chooses {
  static std::size_t shared_memory() { return std::min(most, CudaSystem::shared_memory()); }
  static std::size_t multiprocessors()
  requires(two)
  {
    return CudaSystem::multiprocessors();
  }
  template <class Body>
  static std::size_t clusters() {
    return CudaSystem::clusters<Body>();
  }
};
/// The device backends' words for runs of steps, on the host and on the device.
template <std::size_t most, bool two>
struct OnHost : Waves<OnHost<most, two>>, Chooses<most, two> {
  template <class Body>
  static void run(const Body& body) {
    on_host(body);
  }
  template <class Real, class Kernel>
  static void map(std::size_t count, const Kernel& kernel) {
    for (std::size_t i = 0; i < count; ++i) kernel(Lane<Real>{i});
  }
};
template <std::size_t most, bool two>
struct OnDevice : Waves<OnDevice<most, two>>, Chooses<most, two> {
  template <class Body>
  static void run(const Body& body) {
    CudaSystem::run(body);
  }
  template <class Real, class Kernel>
  static void map(std::size_t count, const Kernel& kernel) {
    Cuda<1>::map<Real>(count, kernel);
  }
};

/// `length` steps and back.
template <class Real, class Cell, class G, std::size_t channels, std::size_t length,
          std::size_t most = shared_limit, bool two = false>
bool waves_agree(const char* what) {
  using S = model::SegmentOn<OnHost<most, two>, Cell, G, channels, length, Real, model::NoInput>;
  constexpr std::size_t numbers = S::Map::planes_of(length) * S::columns, fields = S::fields * S::columns;
  constexpr std::size_t scratch = OnHost<most, two>::template steps_scratch<S>;
  Shared<Real> all(2 * S::parameter_count + 2 * fields + length * S::columns + numbers + scratch, 1);
  Real* const parameters = all.data();
  Real* const start = parameters + S::parameter_count;
  Real* const series_gradient = start + fields;
  Real* const gradient = series_gradient + length * S::columns;
  Real* const parameter_gradient = gradient + fields;
  Real* const slots = parameter_gradient + S::parameter_count;
  S steps{Cell{}, parameters, {}, slots};
  for (std::size_t f = 0; f < S::fields; ++f) steps.initial[f] = start + f * S::columns;
  const auto there_and_back = [&](auto on) {
    using B = decltype(on);
    B::run_steps(steps);
    B::run_steps_back(steps, series_gradient, gradient, parameter_gradient, slots + numbers);
  };
  return agree(
      what, all, [&] { there_and_back(OnHost<most, two>{}); },
      [&] { there_and_back(OnDevice<most, two>{}); });
}

/// `length` steps and back in two blocks an image, where the device has clusters, with the bits of one block.
template <class Cell, class G, std::size_t channels, std::size_t length>
bool two_blocks_agree(const char* what) {
  using S = model::TimeSegment<Cell, G, channels, length, float>;
  using Forward = ResidentForward<S, 2>;
  using Backward = ResidentBackward<S, 2, 2>;
  const std::size_t active = CudaSystem::clusters<InCluster<Backward>>();
  std::printf("%s: %zu clusters of 2 blocks at once, %zu multiprocessors\n", what, active,
              CudaSystem::multiprocessors());
  if (active == 0) return true;
  Shared<float> parameters(S::parameter_count, 1), start(S::fields * S::columns, 2);
  Shared<float> series(length * S::columns, 3), partial(Backward::blocks * S::parameter_count, 4);
  Shared<float> slots(S::Map::planes_of(length) * S::columns, 5), gradient(S::fields * S::columns, 6);
  S steps{Cell{}, parameters.data(), {}, slots.data()};
  for (std::size_t f = 0; f < S::fields; ++f) steps.initial[f] = start.data() + f * S::columns;
  const auto run = [&](const auto& forward, const auto& backward) {
    gradient.refill(6);
    CudaSystem::run(forward);
    CudaSystem::run(backward);
    NWM_CUDA(cudaDeviceSynchronize());
    auto all = slots.values();
    const auto last = gradient.values();
    all.insert(all.end(), last.begin(), last.end());
    return all;
  };
  const auto one = run(ResidentForward<S>{steps},
                       ResidentBackward<S>{steps, series.data(), gradient.data(), partial.data()});
  const auto two = run(InCluster<Forward>{{steps}},
                       InCluster<Backward>{{steps, series.data(), gradient.data(), partial.data()}});
  return same(what, two, one, 0);
}

/// `length` steps in clusters of blocks and back, where the device has them.
template <class Precision, class Cell, class G, std::size_t channels, std::size_t length>
bool clusters_agree(const char* what) {
  using S = model::SegmentOn<OnHost<shared_limit, false>, Cell, G, channels, length, float, model::NoInput>;
  using Forward = ClusterForward<S, Precision>;
  using Backward = ClusterBackward<S, Precision>;
  static_assert(Forward::fits);
  const std::size_t active = CudaSystem::clusters<Forward>();
  std::printf("%s: %zu clusters of %zu blocks at once\n", what, active, Forward::cluster);
  if (active == 0) return true;
  constexpr std::size_t numbers = S::Map::planes_of(length) * S::columns, fields = S::fields * S::columns;
  Shared<float> parameters(S::parameter_count, 1), start(fields, 2);
  Shared<float> all(numbers + length * S::columns + fields, 3);
  float* const series_gradient = all.data() + numbers;
  float* const gradient = series_gradient + length * S::columns;
  S steps{Cell{}, parameters.data(), {}, all.data(), {}, series_gradient};
  for (std::size_t f = 0; f < S::fields; ++f) steps.initial[f] = start.data() + f * S::columns;
  const auto there_and_back = [&](const auto& run) {
    run(Forward{steps});
    if constexpr (Backward::fits) run(Backward{steps, series_gradient, gradient});
  };
  return agree(
      what, all, [&] { there_and_back([](const auto& body) { on_host(body); }); },
      [&] { there_and_back([](const auto& body) { CudaSystem::run(body); }); });
}

/// `length` steps of sequences and back, in one launch each.
template <WeightsIn where, class Real, class Cell, std::size_t width, std::size_t channels, std::size_t lanes>
bool sequences_agree(const char* what) {
  constexpr std::size_t length = 5, inputs = 3;
  using S = model::TimeSegment<Cell, Abreast<Grid<1, width, cell::BoundaryOf<Cell>>, lanes>, channels, length,
                               Real, model::StepInput<inputs, 1>>;
  constexpr std::size_t numbers = S::Map::planes_of(length) * S::columns, fields = S::fields * S::columns;
  constexpr std::size_t series = length * cell::recorded_fields<Cell>.size() * S::columns;
  constexpr std::size_t sent = sent_before<S, S::stages>() * length * S::columns;
  Shared<Real> all(2 * S::parameter_count + 2 * fields + series + numbers + sent + length * inputs * lanes,
                   1);
  Real* const parameters = all.data();
  Real* const transposed = parameters + S::parameter_count;
  Real* const start = transposed + S::parameter_count;
  Real* const gradient = start + fields;
  Real* const series_gradient = gradient + fields;
  Real* const slots = series_gradient + series;
  Real* const drive = slots + numbers + sent;
  S steps{Cell{}, parameters, {}, slots, {drive, inputs * lanes}};
  for (std::size_t f = 0; f < S::fields; ++f) steps.initial[f] = start + f * S::columns;
  const SequenceForward<S, where> forward{steps, transposed};
  const SequenceBackward<S, where> backward{steps, series_gradient, gradient, slots + numbers};
  return agree(
      what, all,
      [&] {
        on_host(forward);
        on_host(backward);
      },
      [&] {
        CudaSystem::run(forward);
        CudaSystem::run(backward);
      });
}

/// Each warp of a block multiplies its part of from (blocks, 3 warps, a (16, 16) and b (16, 8)) in 16 bits
/// and adds a row's sum over the warp: to (blocks, 3, 16, 8).
template <class Half>
struct MultiplyTiles {
  static constexpr std::size_t threads = 96, blocks = 5, read = 16 * 16 + 16 * 8;
  struct Shared {
    alignas(16) std::array<std::uint16_t, 3 * read> halves;
  };
  struct Local {};
  template <class Warp>
  struct WarpLocal {
    typename Warp::template Fragment<HalfPair, 4> a;
    typename Warp::template Fragment<HalfPair, 2> b;
    typename Warp::template Fragment<float, 4> d;
  };
  const float* from;
  float* to;

  template <class Block>
  constexpr void operator()(Block& block) const {
    const float* const mine = from + block.index * 3 * read;
    block.each([&](std::size_t thread, Local&) {
      for (std::size_t i = thread; i < 3 * read; i += threads) block.shared.halves[i] = Half::from(mine[i]);
    });
    block.warps([&](auto warp, auto& local) {
      const std::uint16_t* const a = block.shared.halves.data() + warp.index * read;
      warp.template load_matrices<4>(local.a,
                                     [&](unsigned lane) { return a + lane % 16 * 16 + lane / 16 * 8; });
      warp.template load_matrices_transposed<2>(local.b,
                                                [&](unsigned lane) { return a + 256 + lane % 16 * 8; });
      warp.each([](unsigned lane, auto& d) { d = {float(lane), 0, 1, 2}; }, local.d);
    });
    block.warps([&](auto warp, auto& local) {
      warp.template multiply<Half>(local.d, local.a, local.b);
      auto sums = local.d;
      warp.sum(sums);
      auto most = local.d;
      warp.largest(most);
      float* const at = to + (block.index * 3 + warp.index) * 128;
      warp.each(
          [&](unsigned lane, auto& d, auto& sum, auto& largest) {
            for (unsigned i = 0; i < 4; ++i)
              at[MmaLayout::d_row(lane, i) * 8 + MmaLayout::d_column(lane, i)] = d[i] + sum[i] + largest[i];
          },
          local.d, sums, most);
    });
  }
};

template <class Half>
bool warps_agree(const char* what) {
  using Body = MultiplyTiles<Half>;
  Shared<float> from(Body::blocks * 3 * Body::read, 1), to(Body::blocks * 3 * 128, 2);
  const Body body{from.data(), to.data()};
  return agree(what, to, [&] { on_host(body); }, [&] { CudaSystem::run(body); });
}

}  // namespace

int main() {
  if (!device_present("device_kernels")) return 77;
  try {
    bool fine = stencils_agree<float, Stencil<2, 2, 3, Periodic, false>, Batched<Grid<64, 64>, 3>>();
    fine = stencils_agree<float, Stencil<16, 16, 3, Zero>, Batched<Grid<9, 33, Zero>, 2>>() && fine;
    fine = stencils_agree<float, Stencil<16, 16, 3, Periodic>, Batched<Grid<64, 64>, 3>, precision::Tf32>() &&
           fine;
    fine = stencils_agree<float, Stencil<19, 40, 3, Zero>, Grid<9, 33, Zero>, precision::Bf16>() && fine;
    fine = stencils_agree<float, Stencil<24, 9, 1, Zero>, Batched<Grid<5, 6, Zero>, 3>>() && fine;
    fine = stencils_agree<float, Stencil<5, 6, 3, Zero>, Batched<Grid<9, 33, Zero>, 2>>() && fine;
    fine = stencils_agree<double, Stencil<3, 5, 3, Reflecting>, Grid<9, 33, Reflecting>>() && fine;
    fine = waves_agree<float, cell::Wave, Batched<Grid<64, 64>, 3>, 2, 4>("resident waves") && fine;
    fine = waves_agree<float, cell::Wave, Batched<Grid<64, 64>, 3>, 2, 4, shared_everywhere>(
               "resident waves in 99 KiB") &&
           fine;
    fine = waves_agree<float, cell::Wave, Batched<Grid<64, 64>, 3>, 2, 4, shared_limit, true>(
               "resident waves in two blocks") &&
           fine;
    fine = two_blocks_agree<cell::Wave, Batched<Grid<64, 64>, 64>, 2, 100>("two blocks beside one") && fine;
    fine = waves_agree<double, cell::Lstm, Batched<Grid<6, 5>, 2>, 2, 4>("resident LSTM") && fine;
    fine = waves_agree<float, cell::Wave, Batched<Grid<17, 35>, 2>, 19, 3>("fused waves") && fine;
    fine = normalisation_agrees<float, Stencil<3, 5, 3, Zero, false>, Batched<Grid<17, 35, Zero>, 2>>(
               "normalisation") &&
           fine;
    fine = normalisation_agrees<float, Stencil<12, 17, 3, Zero, false>, Batched<Grid<9, 33, Zero>, 2>>(
               "normalisation, tensor cores") &&
           fine;
    fine = normalisation_agrees<double, Stencil<8, 4, 1, Zero>, Batched<Grid<3, 9, Zero>, 1030>>(
               "normalisation of many tiles") &&
           fine;
    fine = sums_agree<float>("sums of short rows", 5, 1000) && fine;
    fine = sums_agree<double>("sums of long rows", 3, 300000) && fine;
    using Study = Batched<Grid<128, 128>, 3>;
    fine = clusters_agree<precision::Full, cell::Wave, Study, 16, 4>("waves in clusters, float32") && fine;
    fine = clusters_agree<precision::Tf32, cell::Wave, Study, 16, 4>("waves in clusters, tf32") && fine;
    fine = clusters_agree<precision::Bf16, cell::WaveOn<Zero>, Batched<Grid<15, 37, Zero>, 2>, 13, 3>(
               "waves in clusters, bf16") &&
           fine;
    fine = clusters_agree<precision::Full, cell::WaveOn<Reflecting>, Grid<64, 64, Reflecting>, 8, 3>(
               "waves in clusters, reflecting") &&
           fine;
    fine = warps_agree<Fp16>("tensor cores, fp16") && fine;
    fine = warps_agree<Bfloat16>("tensor cores, bf16") && fine;
    constexpr auto here = WeightsIn::shared, there = WeightsIn::memory;
    fine = sequences_agree<here, float, cell::CoRnn, 1, 77, 131>("resident coRNN") && fine;
    fine = sequences_agree<there, double, cell::CoRnn, 1, 130, 37>("coRNN, weights from memory") && fine;
    fine = sequences_agree<here, double, cell::Horn<13>, 1, 13, 5>("resident HORN") && fine;
    fine = sequences_agree<here, float, cell::WaveRnn<>, 50, 16, 5>("resident wave RNN") && fine;
    return fine ? 0 : 1;
  } catch (const Error& e) {
    std::fprintf(stderr, "device_kernels: %s\n", e.what());
    return 1;
  }
}
