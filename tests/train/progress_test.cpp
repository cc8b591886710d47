// The progress bar on a terminal and on none: what a screen shows, and where the cursor stands.
#define BOOST_TEST_MODULE progress
#define BOOST_TEST_DYN_LINK
#include "nwm/train/progress.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstdio>
#include <string>
#include <vector>

namespace {

// Calls act(out) with `out` one end of a pseudo terminal or of a pipe; what arrived at the other.
template <class Act>
std::string written(bool terminal, const Act& act) {
  int ends[2] = {-1, -1};
  if (terminal) {
    ends[0] = ::posix_openpt(O_RDWR | O_NOCTTY);
    BOOST_REQUIRE(ends[0] >= 0 && ::grantpt(ends[0]) == 0 && ::unlockpt(ends[0]) == 0);
    ends[1] = ::open(::ptsname(ends[0]), O_RDWR | O_NOCTTY);
  } else {
    BOOST_REQUIRE_EQUAL(::pipe(ends), 0);
  }
  std::FILE* const out = ::fdopen(ends[1], "w");
  BOOST_REQUIRE(out != nullptr);
  act(out);
  std::fputs("prompt$", out);
  std::fflush(out);
  std::string text;
  char bytes[4096];
  while (!text.ends_with("prompt$")) {
    const ssize_t count = ::read(ends[0], bytes, sizeof bytes);
    BOOST_REQUIRE_GT(count, 0);
    text.append(bytes, static_cast<std::size_t>(count));
  }
  std::fclose(out);
  ::close(ends[0]);
  return text;
}

// The lines of a screen that understands \r, \n, "up" and "clear to the end".
std::vector<std::string> screen(const std::string& text) {
  std::vector<std::string> lines(1);
  std::size_t row = 0, column = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.compare(i, 3, "\033[A") == 0) {
      BOOST_REQUIRE_GT(row, 0u);
      --row, i += 2;
    } else if (text.compare(i, 3, "\033[K") == 0) {
      lines[row].resize(std::min(column, lines[row].size())), i += 2;
    } else if (text[i] == '\r') {
      column = 0;
    } else if (text[i] == '\n') {
      column = 0;
      if (++row == lines.size()) lines.emplace_back();
    } else {
      lines[row].resize(std::max(lines[row].size(), column + 1), ' ');
      lines[row][column++] = text[i];
    }
  }
  return lines;
}

nwm::Progress at(std::size_t epoch, std::size_t step, double seconds, bool end = false) {
  nwm::Progress p;
  p.epoch = epoch, p.epochs = 2, p.step = step, p.steps = 10, p.seconds = seconds, p.epoch_end = end;
  return p;
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_unfinished_bar_leaves_the_prompt_a_line) {
  const auto lines = screen(written(true, [](std::FILE* out) {
    auto bar = nwm::progress_bar(out);
    for (const std::size_t step : {1u, 5u, 10u}) bar(at(1, step, static_cast<double>(step)));
    bar(at(1, 10, 10, true));
    bar(at(2, 1, 11)), bar(at(2, 2, 12));  // stopped here
  }));
  BOOST_REQUIRE_EQUAL(lines.size(), 3u);
  BOOST_CHECK_MESSAGE(lines[0].starts_with("epoch   1/2  loss") && lines[0].ends_with("10 s"), lines[0]);
  BOOST_CHECK_MESSAGE(lines[1].starts_with("epoch   2/2 [######....") && lines[1].ends_with("s left"),
                      lines[1]);
  BOOST_CHECK_EQUAL(lines[2], "prompt$");
}

BOOST_AUTO_TEST_CASE(a_finished_one_leaves_lines_alone) {
  const auto lines = screen(written(true, [](std::FILE* out) {
    auto bar = nwm::progress_bar(out);
    for (const std::size_t epoch : {1u, 2u}) {
      bar(at(epoch, 3, 5 * static_cast<double>(epoch)));
      bar(at(epoch, 10, 6 * static_cast<double>(epoch), true));
    }
  }));
  BOOST_REQUIRE_EQUAL(lines.size(), 3u);
  for (const std::size_t line : {0u, 1u})
    BOOST_CHECK_MESSAGE(lines[line].find('[') == std::string::npos, lines[line]);
  BOOST_CHECK_EQUAL(lines[2], "prompt$");
}

BOOST_AUTO_TEST_CASE(without_a_terminal_a_line_an_epoch) {
  for (const bool wanted : {true, false}) {
    const std::string text = written(false, [wanted](std::FILE* out) {
      auto bar = nwm::progress_bar(out, wanted);
      bar(at(1, 3, 5)), bar(at(1, 10, 6, true)), bar(at(2, 3, 8)), bar(at(2, 10, 9, true));
    });
    BOOST_CHECK_EQUAL(text.find('\033'), std::string::npos);
    BOOST_CHECK_EQUAL(screen(text).size(), wanted ? 3u : 1u);
  }
}
