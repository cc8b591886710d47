// device_kernels: the kernels on a GPU against the same text on the host, block by block, and a second run
// against the first. Exit status 1 where one differs or no device can be used.
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <vector>

#include "nwm/backend/device/correlate.hpp"
#include "nwm/backend/device/folded_adjoint.hpp"
#include "nwm/backend/device/launch.cuh"
#include "nwm/backend/device/team.hpp"
#include "nwm/backend/device/weight_gradient.hpp"
#include "nwm/grid/grid.hpp"
#include "nwm/grid/stencil.hpp"
#include "nwm/random.hpp"

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
  for (std::size_t block = 0; block < Body::blocks; ++block) HostBlock<Body>{body}(block);
}

template <class Real, class S, class G>
bool stencils_agree() {
  Shared<Real> p(S::parameters, 1), x(S::in * G::sites, 2), g(S::out * G::sites, 3);
  Shared<Real> out(S::out * G::sites, 4), dx(S::in * G::sites, 5), dp(S::parameters, 6);
  using Gradient = TileGradient<S, G, Real, 1>;
  Shared<Real> partial(Gradient::scratch, 7);
  bool fine = true;
  const auto body = [&](const char* what, Shared<Real>& to, const auto& b) {
    fine = agree(
               what, to, [&] { on_host(b); }, [&] { launch(b, nullptr); }) &&
           fine;
  };
  const auto map = [&](const char* what, Shared<Real>& to, std::size_t count, const auto& kernel) {
    fine = agree(
               what, to,
               [&] {
                 for (std::size_t i = 0; i < count; ++i) kernel(Lane<Real>{i});
               },
               [&] { launch_map<Lane<Real>>(count, kernel, nullptr); }) &&
           fine;
  };
  body("couple", out,
       Correlate<S, G, Direction::forward, Real, 1, 1, Set<Activation::tanh, Real>>{
           p.data(), {x.data()}, {{out.data()}}});
  if constexpr (S::Edge::self_adjoint)
    body("adjoint", dx,
         Correlate<S, G, Direction::adjoint, Real, 1, 1, AddTo<Real>>{p.data(), {g.data()}, {{dx.data()}}});
  else
    map("folded adjoint", dx, S::in * G::sites,
        FoldedAdjoint<S, G, Real, 1>{p.data(), g.data(), {dx.data()}});
  const Gradient tiles{{Versions<Real>{x.data(), x.data(), 0}}, g.data(), partial.data()};
  body("tile gradients", partial, tiles);
  map("sum of tiles", dp, S::parameters,
      AddTiles<Real>{Gradient::runs, S::parameters, partial.data(), dp.data()});
  return fine;
}

}  // namespace

int main() {
  try {
    bool fine = stencils_agree<float, Stencil<2, 2, 3, Periodic, false>, Batched<Grid<64, 64>, 3>>();
    fine = stencils_agree<float, Stencil<16, 16, 3, Zero>, Batched<Grid<9, 33, Zero>, 2>>() && fine;
    fine = stencils_agree<double, Stencil<3, 5, 3, Reflecting>, Grid<9, 33, Reflecting>>() && fine;
    return fine ? 0 : 1;
  } catch (const Error& e) {
    std::fprintf(stderr, "device_kernels: %s\n", e.what());
    return 1;
  }
}
