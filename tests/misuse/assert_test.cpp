// A slip that would read or write foreign memory stops a program with assertions where it happens (the preset
// `debug`).
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE misuse_assert
#undef NDEBUG

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <vector>

#include "nwm/data/dataset.hpp"
#include "nwm/grid/field_view.hpp"
#include "nwm/grid/grid.hpp"
#include "nwm/memory/buffer.hpp"
#include "nwm/memory/layout.hpp"

namespace {

/// Whether `slip` aborts a process of its own.
template <class F>
bool aborts(const F& slip) {
  const pid_t child = ::fork();
  BOOST_REQUIRE(child >= 0);
  if (child == 0) {
    std::signal(SIGABRT, SIG_DFL);  // not Boost's handler
    if (!std::freopen("/dev/null", "w", stderr)) ::_exit(2);
    slip();
    ::_exit(0);
  }
  int status = 0;
  BOOST_REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

}  // namespace

BOOST_AUTO_TEST_CASE(of_a_buffer) {
  nwm::Buffer<float> buffer(4);
  std::size_t i = 3;
  BOOST_TEST(!aborts([&] { buffer[i] = 1; }));
  i = 4;
  BOOST_TEST(aborts([&] { buffer[i] = 1; }));
}

BOOST_AUTO_TEST_CASE(of_a_field) {
  using Grid = nwm::Grid<2, 3>;
  std::array<float, 2 * Grid::sites + 8> numbers{};
  const nwm::FieldView<float, 2, Grid> view(numbers.data());
  BOOST_TEST(!aborts([&] { view(1, 1, 2) = 1; }));
  BOOST_TEST(aborts([&] { view(2, 0, 0) = 1; }));
  BOOST_TEST(aborts([&] { view(0, 2, 0) = 1; }));
  BOOST_TEST(aborts([&] { view(0, 0, 3) = 1; }));
  BOOST_TEST(aborts([&] { (void)view.plane(2); }));
}

BOOST_AUTO_TEST_CASE(of_a_data_set) {
  const nwm::data::Dataset set({.images = 2, .channels = 1, .height = 1, .width = 2},
                               std::vector<std::uint8_t>(4), std::vector<std::uint8_t>(4), "two");
  std::array<float, 2> picture{};
  BOOST_TEST(!aborts([&] { set.picture(1, std::span<float>(picture)); }));
  BOOST_TEST(aborts([&] { set.picture(2, std::span<float>(picture)); }));
  BOOST_TEST(!aborts([&] { (void)set.mask(1); }));
  BOOST_TEST(aborts([&] { (void)set.mask(2); }));
}

BOOST_AUTO_TEST_CASE(of_initial_values) {
  nwm::Random random(1);
  const nwm::Slice slice{.name = "three", .size = 3, .initial = nwm::Initial::one};
  std::array<float, 3> values{};
  BOOST_TEST(!aborts([&] { nwm::initialise(slice, std::span<float>(values), random); }));
  BOOST_TEST(aborts([&] { nwm::initialise(slice, std::span<float>(values).first(2), random); }));
}
