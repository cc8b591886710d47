// How many kernels the device backend launches: a reduction of short rows is one, of long rows two, and a
// step of a U-Net no more than are counted here. In captured graphs, too, each costs a few microseconds.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE device_launches

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <exception>
#include <limits>
#include <utility>
#include <vector>

#include "../gradient/unet_tools.hpp"
#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/backend/device/host.hpp"
#include "nwm/backend/kernels.hpp"
#include "nwm/model/unet.hpp"
#include "nwm/random.hpp"
#include "nwm/train/layer_executor.hpp"

namespace {

/// Counts what would be launched on a GPU: maps, bodies, products.
struct Counted : nwm::device::Sequential {
  static inline std::size_t launches = 0;
  template <class F>
  static void for_each(std::size_t count, const F& f) {
    ++launches;
    nwm::device::Sequential::for_each(count, f);
  }
  template <class Body>
  static void run(const Body& body) {
    ++launches;
    nwm::device::Sequential::run(body);
  }
  template <class Precision, class Real>
  static void product(std::size_t M, std::size_t K, std::size_t N, nwm::device::Factor<Real> a,
                      nwm::device::Factor<Real> x, Real* y, std::size_t ldy, bool add) {
    ++launches;
    nwm::device::Sequential::product<Precision>(M, K, N, a, x, y, ldy, add);
  }
};
using Device = nwm::device::Host<Counted>;
using nwm::cpu::Scalar;

/// Launches of f().
template <class F>
std::size_t launches(const F& f) {
  Counted::launches = 0;
  f();
  return Counted::launches;
}

}  // namespace

// Short rows and many rows in one launch, long rows in two; the sums of the specification either way.
BOOST_AUTO_TEST_CASE(reductions) {
  struct Case {
    std::size_t rows, n, launches;
  };
  for (const Case& c : {Case{5, 1, 1}, Case{5, 4096, 1}, Case{5, 4097, 2}, Case{1, 300000, 2},
                        Case{1023, 4100, 2}, Case{1024, 4100, 1}, Case{3, 0, 1}, Case{0, 7, 0}}) {
    BOOST_TEST_CONTEXT(c.rows << " rows of " << c.n) {
      const std::size_t stride = c.n + 3;
      std::vector<float> y(c.rows * stride + 1);
      nwm::Random random(1);
      for (float& v : y) v = static_cast<float>(random.uniform(-1, 1));
      std::vector<double> sums(c.rows, 7), wanted(c.rows, 7);
      const nwm::kernel::Read<float> read{y.data()};
      BOOST_TEST(launches([&] { Device::sum_rows<float>(c.rows, c.n, read, sums.data()); }) == c.launches);
      Scalar::sum_rows<float>(c.rows, c.n, read, wanted.data());
      for (std::size_t r = 0; r < c.rows; ++r) BOOST_TEST(std::abs(sums[r] - wanted[r]) < 1e-9);

      std::vector<float> added(c.rows, 2), added_wanted(c.rows, 2);
      const auto add = [&] { Device::add_row_sums(c.rows, c.n, y.data(), stride, added.data()); };
      BOOST_TEST(launches(add) == c.launches);
      Scalar::add_row_sums(c.rows, c.n, y.data(), stride, added_wanted.data());
      for (std::size_t r = 0; r < c.rows; ++r) BOOST_TEST(std::abs(added[r] - added_wanted[r]) < 1e-4);

      const std::size_t count = c.rows * c.n;
      if (count == 0) continue;
      BOOST_TEST(Device::maximum<float>(count, read) == Scalar::maximum<float>(count, read));
      for (const std::size_t at : {std::size_t{0}, count / 2, count - 1}) {
        const float kept = std::exchange(y[at], std::numeric_limits<float>::quiet_NaN());
        BOOST_TEST(std::isnan(Device::maximum<float>(count, read)));
        y[at] = kept;
      }
    }
  }
}

// 415 launches at this size where batch normalisation was sums, maps and fills of their own. They are counted
// without being run, in memory that nobody has.
namespace {
struct Unallocated : nwm::HostMemory {
  template <class T>
  class Memory {
   public:
    explicit Memory(std::size_t size) : size_(size) {}
    T* data() { return reinterpret_cast<T*>(std::size_t{4096}); }
    const T* data() const { return reinterpret_cast<const T*>(std::size_t{4096}); }
    std::size_t size() const { return size_; }

   private:
    std::size_t size_;
  };
  template <class Real>
  static void fill(std::size_t, Real, Real*) {
    ++Counted::launches;
  }
};
struct OnlyCounted : Counted {
  using Memories = Unallocated;
  template <class F>
  static void for_each(std::size_t, const F&) {
    ++launches;
  }
  template <class Body>
  static void run(const Body& body) {
    BOOST_TEST(body.blocks > 0U);
    ++launches;
  }
  template <class Precision, class Real>
  static void product(std::size_t, std::size_t, std::size_t, nwm::device::Factor<Real>,
                      nwm::device::Factor<Real>, Real*, std::size_t, bool) {
    ++launches;
  }
};
}  // namespace

BOOST_AUTO_TEST_CASE(a_step_of_the_studys_unet) {
  constexpr nwm::Shape shape{.height = 128, .width = 128, .image_channels = 1, .classes = 11};
  using Net = nwm::UNet<shape, 4, nwm::device::Operations<OnlyCounted, 64>, float>;
  Net net;
  Net::Batch batch(1, 1);
  nwm::LayerExecutor executor{1, 1, std::vector<std::exception_ptr>(1)};
  float number = 0;
  double loss = 0;
  const std::size_t forward = launches([&] { net.forward(executor, batch, 1, true); });
  const std::size_t back = launches([&] {
    net.backward(
        nwm::loss::CrossEntropy{}, executor, batch, 1, [&](std::size_t) { return &number; }, 1.0F, &loss,
        [&](std::size_t) { return &number; });
  });
  // 18 convolutions and what follows them, 4 ways up, the scores; sums over 128×128 sites take one more.
  BOOST_TEST(forward == 18U * 2 + 4 + 1 + 4);
  // The loss; of the scores one; of each way up two; of each convolution a map and two, but no gradient of
  // the image, and of four with few channels both in one; the sums of four pooled fields; three joins; all
  // gradients.
  BOOST_TEST(back == 2U + 1 + 4 * 2 + 18 * 3 - 1 - 4 + 4 + 3 + 1);
}

// The same at a size that can be run: short rows need no launch to join their sums.
BOOST_AUTO_TEST_CASE(a_step_of_a_unet) {
  constexpr std::size_t images = 3;
  using Net = unet_test::Net<1, nwm::device::Host<Counted, images>, double>;
  Net machine = unet_test::shaken<Net>();
  const auto set = unet_test::random_set(images);
  const std::size_t found = launches([&] { unet_test::gradient(machine, set, 1, 1); });
  BOOST_TEST_MESSAGE("launches of a U-Net's step: " << found);
  BOOST_TEST(found <= 88U);
  BOOST_TEST(found > 60U);
}
