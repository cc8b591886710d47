// The system whose threads see nothing of each other before a barrier: it must find the races that it is for.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE device_isolated

#include "isolated.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <stdexcept>

namespace {

enum class Fault { none, no_barrier, two_set };

/// to[thread] = thread + the number of the thread beside it, by way of shared memory.
template <Fault fault>
struct Neighbours {
  static constexpr std::size_t threads = 32, blocks = 2;
  struct Shared {
    std::array<float, threads> number;
  };
  struct Local {};
  float* to;

  template <class Block>
  constexpr void operator()(Block& block) const {
    const auto put = [&](std::size_t thread) {
      block.shared.number[fault == Fault::two_set ? thread / 2 : thread] = static_cast<float>(thread + 1);
    };
    const auto take = [&](std::size_t thread) {
      to[block.index * threads + thread] = static_cast<float>(thread) + block.shared.number[thread ^ 1];
    };
    if constexpr (fault == Fault::no_barrier) {
      block.each([&](std::size_t thread, Local&) {
        put(thread);
        take(thread);
      });
    } else {
      block.each([&](std::size_t thread, Local&) { put(thread); });
      block.each([&](std::size_t thread, Local&) { take(thread); });
    }
  }
};

enum class Reach { fine, at_once, to_set };

/// The same of two blocks of a cluster: from the thread of the same number in the other block.
template <Reach reach>
struct Blocks {
  static constexpr std::size_t threads = 32, blocks = 2, cluster = 2;
  using Shared = Neighbours<Fault::none>::Shared;
  struct Local {};
  float* to;

  template <class Cluster>
  constexpr void operator()(Cluster& all) const {
    all.each_own([&](auto block, std::size_t thread, Local&) {
      if (reach == Reach::at_once) block.of(0).number[thread] = 1;
      block.shared.number[thread] = static_cast<float>(thread + 1);
    });
    all.each_own([&](auto block, std::size_t thread, Local&) {
      if (reach == Reach::to_set) block.of(0).number[thread] = static_cast<float>(thread + 2);
      to[block.index * threads + thread] =
          static_cast<float>(thread) + block.of(block.rank ^ 1).number[thread];
    });
  }
};

template <Fault fault>
std::array<float, 64> run() {
  std::array<float, 64> to{};
  tools::Isolated::run(Neighbours<fault>{to.data()});
  return to;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_barrier_shows_what_the_others_did) {
  const auto to = run<Fault::none>();
  for (std::size_t i = 0; i < to.size(); ++i)
    BOOST_TEST(to[i] == static_cast<float>(i % 32 + (i % 32 ^ 1) + 1));
}

BOOST_AUTO_TEST_CASE(without_one_there_is_nothing_to_see) {
  for (const float v : run<Fault::no_barrier>()) BOOST_TEST(std::isnan(v));
}

BOOST_AUTO_TEST_CASE(two_threads_that_set_one_place_are_told) {
  BOOST_CHECK_THROW(run<Fault::two_set>(), std::logic_error);
}

BOOST_AUTO_TEST_CASE(blocks_of_a_cluster_see_each_other_behind_a_barrier) {
  std::array<float, 64> to{};
  tools::Isolated::run(Blocks<Reach::fine>{to.data()});
  for (std::size_t i = 0; i < to.size(); ++i) BOOST_TEST(to[i] == static_cast<float>(2 * (i % 32) + 1));
}

BOOST_AUTO_TEST_CASE(reaching_for_another_block_too_early_or_to_set_is_told) {
  std::array<float, 64> to{};
  BOOST_CHECK_THROW(tools::Isolated::run(Blocks<Reach::at_once>{to.data()}), std::logic_error);
  BOOST_CHECK_THROW(tools::Isolated::run(Blocks<Reach::to_set>{to.data()}), std::logic_error);
}
