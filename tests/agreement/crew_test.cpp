// The operations of cpu::Simd divided over a crew: each has the bits of one thread, and is divided where it
// is large.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE agreement_crew

#include "nwm/backend/crew.hpp"

#include <array>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstring>
#include <set>
#include <thread>
#include <tuple>
#include <vector>

#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/backend/cpu/simd.hpp"
#include "nwm/random.hpp"

namespace {

using Simd = nwm::cpu::Simd<>;
using nwm::Activation;
using Reals = std::tuple<float, double>;

template <class Real>
nwm::Buffer<Real> numbers(std::size_t count, std::uint64_t seed) {
  nwm::Buffer<Real> all(count);
  nwm::Random random(seed);
  for (Real& v : all.span()) v = static_cast<Real>(random.uniform(-1, 1));
  return all;
}

/// `result` after act(result), by one thread and by crews of two to five.
template <class Real, class Act>
void same_bits(const char* name, std::size_t count, const Act& act) {
  nwm::Buffer<Real> one = numbers<Real>(count, 99);
  const nwm::Buffer<Real> before = one;
  act(one.data());
  BOOST_TEST(std::memcmp(one.data(), before.data(), count * sizeof(Real)) != 0, name);
  for (const std::size_t threads : {2u, 3u, 5u}) {
    nwm::Team team(threads);
    nwm::Buffer<Real> more = before;
    {
      const nwm::Crew crew(team);
      act(more.data());
    }
    BOOST_TEST(std::memcmp(one.data(), more.data(), count * sizeof(Real)) == 0,
               name << " on " << threads << " threads");
  }
}

template <class S, class G, class Real>
void stencil(const char* name) {
  const auto p = numbers<Real>(S::parameters, 1), x = numbers<Real>(S::in * G::sites, 2),
             g = numbers<Real>(S::out * G::sites, 3);
  nwm::Buffer<Real> scratch(Simd::template scratch<S, G> + 1);
  const std::array<const Real*, 1> parts{x.data()};
  same_bits<Real>(name, S::out * G::sites, [&](Real* out) {
    Simd::template couple<S, G, Activation::none>(p.data(), parts, out, scratch.data());
  });
  same_bits<Real>(name, S::in * G::sites + S::parameters, [&](Real* out) {
    Simd::template couple_adjoint<S, G>(p.data(), parts, g.data(), std::array{out}, out + S::in * G::sites,
                                        scratch.data());
  });
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_loop_is_divided_where_it_is_large_and_not_twice) {
  nwm::Team team(3);
  std::atomic<std::size_t> parts = 0, nested = 0;
  std::vector<std::atomic<int>> runs(100);
  const auto work = [&](std::size_t first, std::size_t last) {
    ++parts;
    for (std::size_t i = first; i < last; ++i) ++runs[i];
    nwm::divide(100, 1, [&](std::size_t from, std::size_t to) { nested += to - from == 100; });
  };
  const auto counted = [&](std::size_t items, std::size_t least) {
    parts = 0, nested = 0;
    for (auto& r : runs) r = 0;
    nwm::divide(items, least, work);
    for (std::size_t i = 0; i < runs.size(); ++i) BOOST_TEST(runs[i] == (i < items ? 1 : 0));
    return parts.load();
  };
  BOOST_TEST(counted(100, 1) == 1u);  // nobody's crew
  {
    const nwm::Crew crew(team);
    BOOST_TEST(counted(100, 1) == 3u);
    BOOST_TEST(nested == 3u);  // what a part does is not divided again
    BOOST_TEST(counted(100, 50) == 2u);
    BOOST_TEST(counted(100, 51) == 1u);
    BOOST_TEST(counted(1, 1) == 1u);
    BOOST_TEST(counted(0, 1) == 1u);
    std::thread([&] { BOOST_TEST(counted(100, 1) == 1u); }).join();  // another thread's crew is its own
  }
  BOOST_TEST(counted(100, 1) == 1u);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(products, Real, Reals) {
  constexpr std::size_t M = 130, K = 150, N = 133;
  const auto a = numbers<Real>(M * K, 1), x = numbers<Real>(K * N, 2), y = numbers<Real>(M * N, 3);
  same_bits<Real>("multiply", M * N,
                  [&](Real* out) { Simd::template multiply<M, K, N>(a.data(), K, x.data(), N, out, N); });
  same_bits<Real>("multiply, added", M * N, [&](Real* out) {
    Simd::template multiply<M, K, N, true>(a.data(), K, x.data(), N, out, N);
  });
  same_bits<Real>("multiply_transposed", K * N, [&](Real* out) {
    Simd::template multiply_transposed<M, K, N>(a.data(), K, y.data(), N, out, N);
  });
  same_bits<Real>("multiply_outer", M * K, [&](Real* out) {
    Simd::template multiply_outer<M, K, N>(y.data(), N, x.data(), N, out, K);
  });
  // Of so many columns blocks of them are divided.
  constexpr std::size_t wide = 700;
  const auto v = numbers<Real>(wide * N, 4);
  same_bits<Real>("multiply_outer, wide", M * wide, [&](Real* out) {
    Simd::template multiply_outer<M, wide, N>(y.data(), N, v.data(), N, out, wide);
  });
}

BOOST_AUTO_TEST_CASE_TEMPLATE(stencils, Real, Reals) {
  using nwm::Grid, nwm::Stencil;
  stencil<Stencil<8, 12, 3, nwm::Periodic, false>, Grid<61, 67>, Real>("periodic");
  stencil<Stencil<8, 8, 3, nwm::Zero>, Grid<64, 64>, Real>("zero, with bias");
  stencil<Stencil<6, 5, 3, nwm::Reflecting>, Grid<61, 70>, Real>("reflecting");
  stencil<Stencil<48, 40, 1, nwm::Zero>, Grid<60, 61>, Real>("1 x 1");
}

BOOST_AUTO_TEST_CASE_TEMPLATE(maps_and_rows, Real, Reals) {
  constexpr std::size_t n = 40007;
  const auto x = numbers<Real>(n, 1), bias = numbers<Real>(37, 2);
  same_bits<Real>("map", n,
                  [&](Real* to) { Simd::map<Real>(n, nwm::kernel::Accumulate<Real>{x.data(), to}); });
  same_bits<Real>("map_rows", 37 * 1000, [&](Real* to) {
    Simd::map_rows<Real>(37, 1000, nwm::kernel::AddRows<Real>{1000, 1001, 1000, x.data(), to, 0.5});
  });
  same_bits<Real>("add_bias", 37 * 1000,
                  [&](Real* to) { Simd::add_bias<Activation::tanh>(37, 999, to, 1000, bias.data()); });
  same_bits<Real>("add_row_sums", 37, [&](Real* to) { Simd::add_row_sums(37, 1001, x.data(), 1000, to); });
  same_bits<Real>("copy", n, [&](Real* to) { Simd::copy(n, x.data(), to); });
  same_bits<Real>("copy_rows", 37 * 1000,
                  [&](Real* to) { Simd::copy_rows(37, 900, x.data(), 1001, to, 1000); });
  same_bits<Real>("fill", n, [&](Real* to) { Simd::fill(n, Real(3), to); });
}
