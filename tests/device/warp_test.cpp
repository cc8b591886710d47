// What tensor cores do, told in plain C++: 16-bit numbers, fragments, matrices taken from shared memory.
#define BOOST_TEST_MODULE device_warp
#define BOOST_TEST_DYN_LINK
#include "nwm/backend/device/warp.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <tuple>
#include <vector>

#include "nwm/random.hpp"

namespace {

using namespace nwm::device;
using Formats = std::tuple<Fp16, Bfloat16>;

/// Rounds to the nearest number of the format by looking at its neighbours among all of them.
template <class Half>
std::uint16_t nearest(float v) {
  static const std::vector<float> all = [] {
    std::vector<float> a;
    for (std::uint32_t h = 0; std::isfinite(Half::value(static_cast<std::uint16_t>(h))); ++h)
      a.push_back(Half::value(static_cast<std::uint16_t>(h)));
    return a;
  }();
  const double size = std::abs(static_cast<double>(v));
  std::size_t below = 0, above = all.size();  // binary search
  while (above - below > 1)
    (static_cast<double>(all[(below + above) / 2]) <= size ? below : above) = (below + above) / 2;
  const double next = above < all.size()
                          ? static_cast<double>(all[above])
                          : 2 * static_cast<double>(all[below]) - static_cast<double>(all[below - 1]);
  const double up = next - size, down = size - static_cast<double>(all[below]);
  const std::size_t to = up < down || (up == down && below % 2 == 1) ? below + 1 : below;
  return static_cast<std::uint16_t>(to | (std::signbit(v) ? 0x8000U : 0U));
}

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(sixteen_bits_round_to_nearest, Half, Formats) {
  for (std::uint32_t h = 0; h < 0x10000U; ++h) {
    const auto bits = static_cast<std::uint16_t>(h);
    const float v = Half::value(bits);
    if (std::isnan(v)) BOOST_REQUIRE(std::isnan(Half::value(Half::from(v))));
    else BOOST_REQUIRE_EQUAL(Half::from(v), bits);
    if (!std::isfinite(v) || !std::isfinite(Half::value(static_cast<std::uint16_t>(h + 1)))) continue;
    const float middle = (v + Half::value(static_cast<std::uint16_t>(h + 1))) / 2;
    for (const float w : {middle, std::nextafter(middle, -1e30F), std::nextafter(middle, 1e30F)})
      BOOST_REQUIRE_EQUAL(Half::from(w), nearest<Half>(w));
  }
  nwm::Random random(4);
  for (int i = 0; i < 100000; ++i) {
    const float v = static_cast<float>(random.uniform(-1, 1) * std::exp2(random.uniform(-30, 17)));
    BOOST_REQUIRE_EQUAL(Half::from(v), nearest<Half>(v));
  }
  BOOST_TEST(std::isinf(Half::value(Half::from(std::numeric_limits<float>::max()))));
  // 22 bits of a number in two parts of fp16, 16 in two of bfloat16.
  const float third = 1.0F / 3;
  const Split<Half> split(third);
  BOOST_TEST(std::abs(Half::value(split.high) + Half::value(split.low) - third) <=
             third * (Half::name == "fp16" ? 0x1p-22F : 0x1p-16F));
}

BOOST_AUTO_TEST_CASE(fragments_multiply_as_matrices) {
  nwm::Random random(1);
  const HostWarp warp{0};
  alignas(16) std::array<std::array<std::uint16_t, 16>, 16> a{};
  alignas(16) std::array<std::array<std::uint16_t, 8>, 16> b{};
  for (auto& row : a)
    for (auto& v : row) v = Fp16::from(static_cast<float>(random.uniform(-1, 1)));
  for (auto& row : b)
    for (auto& v : row) v = Fp16::from(static_cast<float>(random.uniform(-1, 1)));
  HostWarp::Fragment<HalfPair, 4> left{};
  HostWarp::Fragment<HalfPair, 2> right{};
  HostWarp::Fragment<float, 4> d{};
  // a as four matrices: rows, then columns; b row-major, so that it is transposed on its way.
  warp.load_matrices<4>(left, [&](unsigned lane) { return a[lane % 16].data() + lane / 16 * 8; });
  warp.load_matrices_transposed<2>(right, [&](unsigned lane) { return b[lane % 16].data(); });
  warp.each([](unsigned lane, auto& own) { own[1] = static_cast<float>(lane); }, d);
  warp.multiply<Fp16>(d, left, right);
  for (unsigned lane = 0; lane < 32; ++lane)
    for (unsigned i = 0; i < 4; ++i) {
      double sum = i == 1 ? lane : 0;
      const unsigned row = MmaLayout::d_row(lane, i), column = MmaLayout::d_column(lane, i);
      for (unsigned k = 0; k < 16; ++k)
        sum += static_cast<double>(Fp16::value(a[row][k])) * static_cast<double>(Fp16::value(b[k][column]));
      BOOST_TEST(std::abs(static_cast<double>(d[lane][i]) - sum) < 2e-6);
    }
  // Two results beside each other are the left factor of the next product.
  for (unsigned lane = 0; lane < 32; ++lane)
    for (unsigned i = 0; i < 2; ++i) {
      BOOST_TEST(MmaLayout::a_row(lane, i) == MmaLayout::d_row(lane, 2 * i));
      BOOST_TEST(MmaLayout::a_column(lane, i) == MmaLayout::d_column(lane, 2 * i));
      BOOST_TEST(MmaLayout::a_column(lane, i + 2) == MmaLayout::d_column(lane, 2 * i) + 8);
    }
}

// Matrices are stored to where the transposed load takes them from, each row where it is told to.
BOOST_AUTO_TEST_CASE(matrices_go_back_where_they_came_from) {
  const HostWarp warp{0};
  alignas(16) std::array<std::array<std::uint16_t, 8>, 32> from{}, to{};
  for (unsigned row = 0; row < 32; ++row)
    for (unsigned c = 0; c < 8; ++c) from[row][c] = static_cast<std::uint16_t>(row * 8 + c + 1);
  HostWarp::Fragment<HalfPair, 4> held{};
  warp.load_matrices_transposed<4>(held, [&](unsigned lane) { return from[lane].data(); });
  warp.store_matrices_transposed<4>(held, [&](unsigned lane) { return to[31 - lane].data(); });
  for (unsigned row = 0; row < 32; ++row) BOOST_TEST((to[31 - row] == from[row]));
  // Lane l has of matrix 2 the numbers (2·(l mod 4), l / 4) and the one below.
  warp.each([](unsigned lane, auto& own) { own = {0, 0, lane | lane << 16, 0}; }, held);
  warp.store_matrices_transposed<4>(held, [&](unsigned lane) { return to[lane].data(); });
  for (unsigned lane = 0; lane < 32; ++lane)
    for (unsigned below = 0; below < 2; ++below) BOOST_TEST(to[16 + lane % 4 * 2 + below][lane / 4] == lane);
}

BOOST_AUTO_TEST_CASE(a_warp_sums_over_its_lanes) {
  const HostWarp warp{3};
  HostWarp::Fragment<float, 2> all{};
  warp.each([](unsigned lane, auto& own) { own = {static_cast<float>(lane), 1}; }, all);
  warp.sum(all);
  for (const auto& own : all) BOOST_TEST((own[0] == 31 * 16 && own[1] == 32));
  warp.each([](unsigned lane, auto& own) { own = {-static_cast<float>(lane) - 2, lane == 17 ? 3.0F : 1.0F}; },
            all);
  warp.largest(all);
  for (const auto& own : all) BOOST_TEST((own[0] == -2 && own[1] == 3));
}
