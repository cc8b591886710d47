// IDX files: exact values, and damaged files are always refused.
#define BOOST_TEST_MODULE idx
#define BOOST_TEST_DYN_LINK
#include "nwm/data/idx.hpp"

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "idx_tools.hpp"

using nwm::data::read_idx;
using tools::error_of;
using tools::Folder;
using tools::has;
using tools::idx;
using tools::put;
using tools::put_gz;

BOOST_AUTO_TEST_CASE(plain_and_gzipped_of_every_rank) {
  const Folder folder;
  std::string data;
  for (int i = 0; i < 24; ++i) data += static_cast<char>(i * 11);
  const std::vector<std::vector<std::size_t>> shapes = {{24}, {4, 6}, {2, 3, 4}, {1, 2, 3, 4}};
  for (const auto& shape : shapes) {
    put(folder / "plain", idx(shape, data));
    put_gz(folder / "zipped.gz", idx(shape, data));
    for (const char* name : {"plain", "zipped.gz"}) {
      const nwm::io::Tensor array = read_idx(folder / name);
      BOOST_CHECK(array.dtype == nwm::io::DType::U8);
      BOOST_CHECK(array.shape == shape);
      const auto values = array.as<std::uint8_t>();
      BOOST_CHECK(std::string(values.begin(), values.end()) == data);
    }
  }
}

BOOST_AUTO_TEST_CASE(sizes_have_their_highest_byte_first) {
  const Folder folder;
  put(folder / "x", idx({300, 2}, std::string(600, 'x')));
  BOOST_CHECK((read_idx(folder / "x").shape == std::vector<std::size_t>{300, 2}));
  put(folder / "empty", idx({0, 2}, ""));
  BOOST_CHECK_EQUAL(read_idx(folder / "empty").count(), 0u);
}

BOOST_AUTO_TEST_CASE(what_is_not_whole_or_not_idx_is_told) {
  const Folder folder;
  const std::string good = idx({2, 3}, "abcdef");
  std::string floats = good, zero = good, deep = good, start = good;
  floats[2] = 13, zero[3] = 0, deep[3] = 5, start[0] = '\x1f';
  struct Case {
    std::string bytes, field, text;
  };
  const std::vector<Case> cases = {
      {"", "start of the file", "expected 4 bytes, found the end of the file after 0"},
      {good.substr(0, 3), "start of the file", "after 3"},
      {floats, "start of the file", "unsigned bytes, n = 1 to 4 dimensions), found 0 0 13 2"},
      {zero, "start of the file", "found 0 0 8 0"},
      {deep, "start of the file", "found 0 0 8 5"},
      {start, "start of the file", "found 31 0 8 2"},
      {good.substr(0, 11), "shape", "expected 4 bytes, found the end of the file after 3"},
      {good.substr(0, 12), "data", "expected 6 bytes for shape (2, 3), found 0 bytes"},
      {good.substr(0, 17), "data", "expected 6 bytes for shape (2, 3), found 5 bytes"},
      {good + "x", "data", "expected 6 bytes for shape (2, 3), found more bytes behind them"},
      {idx({0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF}, ""), "shape", "a size that can be addressed"},
      {idx({0xFFFFFFFF, 0xFFFF}, "abc"), "data", "found 3 bytes"},  // the header's claim allocates nothing
  };
  for (const auto& [bytes, field, text] : cases) {
    put(folder / "plain", bytes);
    put_gz(folder / "zipped", bytes);
    for (const char* name : {"plain", "zipped"}) {
      const nwm::Error error = error_of([&] { read_idx(folder / name); });
      BOOST_CHECK_EQUAL(error.where(), (folder / name).string());
      BOOST_CHECK_EQUAL(error.field(), field);
      BOOST_CHECK_MESSAGE(has(error.what(), text), error.what());
    }
  }
  BOOST_CHECK_EQUAL(error_of([&] { read_idx(folder / "missing"); }).field(), "file");
}

BOOST_AUTO_TEST_CASE(a_damaged_gzip_stream) {
  const Folder folder;
  put_gz(folder / "x", idx({1000}, std::string(1000, 'x') + "y").substr(0, 1008));
  const std::string good = tools::content(folder / "x");
  read_idx(folder / "x");
  for (std::size_t size : {good.size() - 1, good.size() / 2, std::size_t{12}}) {
    put(folder / "x", good.substr(0, size));
    BOOST_CHECK_EQUAL(error_of([&] { read_idx(folder / "x"); }).where(), (folder / "x").string());
  }
  std::string flipped = good;
  flipped[good.size() - 6] = static_cast<char>(flipped[good.size() - 6] ^ 1);  // of the checksum
  put(folder / "x", flipped);
  const nwm::Error error = error_of([&] { read_idx(folder / "x"); });
  BOOST_CHECK_EQUAL(error.field(), "file");
  BOOST_CHECK_EQUAL(error.expected(), "readable, undamaged content");
}
