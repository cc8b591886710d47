// Arrays and data sets from NumPy's files: exact values, and damaged files are always refused.
#define BOOST_TEST_MODULE npy
#define BOOST_TEST_DYN_LINK
#include <sys/resource.h>
#include <unistd.h>
#include <zlib.h>

#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <nwm/data/npy.hpp>
#include <nwm/io/npy.hpp>
#include <string>
#include <vector>

namespace fs = std::filesystem;
using namespace nwm::data;
using nwm::io::DType;
using nwm::io::Tensor;
using nwm::io::write_npy;

namespace {

// A folder of its own for each test, removed afterwards.
struct Folder {
  fs::path path = fs::temp_directory_path() / ("nwm-npy-" + std::to_string(::getpid()));
  Folder() {
    fs::remove_all(path);
    fs::create_directory(path);
  }
  ~Folder() {
    std::error_code code;
    fs::remove_all(path, code);
  }
  fs::path operator/(const std::string& name) const { return path / name; }
  std::size_t entries() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(path), fs::directory_iterator()));
  }
};

std::string content(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void put(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

void put_gz(const fs::path& path, const std::string& bytes) {
  const gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
  gzclose(file);
}

std::string npy(const std::string& header, const std::string& data, int major = 1) {
  std::string out = std::string("\x93NUMPY") + static_cast<char>(major) + '\0';
  for (int i = 0; i < (major == 1 ? 2 : 4); ++i) out += static_cast<char>(header.size() >> (8 * i) & 0xFF);
  return out + header + data;
}
std::string header_of(const std::string& descr, const std::string& shape) {
  return "{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + shape + ", }\n";
}
template <class T>
std::string raw(const std::vector<T>& values) {
  std::string out(values.size() * sizeof(T), '\0');
  std::memcpy(out.data(), values.data(), out.size());
  return out;
}

// The error thrown by `action`; fails the test when there is none.
template <class Action>
nwm::Error error_of(Action&& action) {
  try {
    action();
  } catch (const nwm::Error& error) {
    return error;
  }
  BOOST_ERROR("no nwm::Error was thrown");
  return {"", "", "", ""};
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

template <class T>
void check_values(const std::string& descr, DType dtype, const std::vector<T>& values) {
  Folder folder;
  const std::string bytes = npy(header_of(descr, "(" + std::to_string(values.size()) + ",)"), raw(values));
  put(folder / "x.npy", bytes);
  put_gz(folder / "x.npy.gz", bytes);
  for (const char* name : {"x.npy", "x.npy.gz"}) {
    const Tensor array = read_npy(folder / name);
    BOOST_CHECK(array.dtype == dtype);
    BOOST_CHECK(array.shape == std::vector{values.size()});
    BOOST_CHECK(array.as<T>() == values);
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(all_types_plain_and_gzipped) {
  check_values<std::uint8_t>("|u1", DType::U8, {0, 7, 255});
  check_values<std::uint8_t>("|b1", DType::BOOL, {0, 1, 1});
  check_values<float>("<f4", DType::F32, {0.5f, -1e30f, 3});
  check_values<double>("<f8", DType::F64, {0.1, -1e300});
  check_values<std::int32_t>("<i4", DType::I32, {-5, 1 << 30});
  check_values<std::int64_t>("<i8", DType::I64, {-5, std::int64_t{1} << 60});
  check_values<std::int16_t>("<i2", DType::I16, {-5, 300});
  check_values<std::uint16_t>("<u2", DType::U16, {5, 65535});
  check_values<std::uint32_t>("<u4", DType::U32, {5, 0xFFFFFFFFu});
  check_values<std::uint64_t>("<u8", DType::U64, {5, ~std::uint64_t{0}});
  for (const std::string order : {"<", ">", "=", "|", ""}) {  // of a single byte, which has none
    check_values<std::uint8_t>(order + "u1", DType::U8, {0, 7, 255});
    check_values<std::int8_t>(order + "i1", DType::I8, {0, 7, -128});
    check_values<std::uint8_t>(order + "b1", DType::BOOL, {0, 1});
    check_values<std::uint8_t>(order + "?", DType::BOOL, {0, 1});
  }
}

BOOST_AUTO_TEST_CASE(versions_orders_and_spellings) {
  Folder folder;
  const std::string data = raw<float>({1, 2, 3, 4, 5, 6});
  for (const int version : {1, 2, 3}) {
    put(folder / "x", npy(header_of("<f4", "(2, 3)"), data, version));
    const Tensor array = read_npy(folder / "x");
    BOOST_CHECK((array.shape == std::vector<std::size_t>{2, 3}));
    BOOST_CHECK_EQUAL(array.as<float>().at(5), 6.0f);
  }
  put(folder / "x", npy("{\"shape\":(3,2,),\"descr\":\"<f4\" , 'fortran_order':False}    ", data));
  BOOST_CHECK((read_npy(folder / "x").shape == std::vector<std::size_t>{3, 2}));
  put(folder / "x", npy(header_of("<f8", "()"), raw<double>({2.5})));
  BOOST_CHECK(read_npy(folder / "x").shape.empty());
  BOOST_CHECK_EQUAL(read_npy(folder / "x").as<double>().at(0), 2.5);
  put(folder / "x", npy(header_of("<f8", "(0, 5)"), ""));
  BOOST_CHECK_EQUAL(read_npy(folder / "x").count(), 0u);
}

BOOST_AUTO_TEST_CASE(fortran_order_and_python_2) {
  Folder folder;
  const auto fortran = [](const std::string& descr, const std::string& shape) {
    return "{'descr': '" + descr + "', 'fortran_order': True, 'shape': " + shape + ", }\n";
  };
  // What numpy.save(numpy.asfortranarray(numpy.arange(24).reshape(2, 3, 4))) holds: the first index fastest.
  std::vector<std::int16_t> turned, straight;
  for (int k = 0; k < 4; ++k)
    for (int j = 0; j < 3; ++j)
      for (int i = 0; i < 2; ++i) turned.push_back(static_cast<std::int16_t>(12 * i + 4 * j + k));
  for (int v = 0; v < 24; ++v) straight.push_back(static_cast<std::int16_t>(v));
  put(folder / "x", npy(fortran("<i2", "(2L, 3L, 4L)"), raw(turned)));
  const Tensor array = read_npy(folder / "x");
  BOOST_CHECK((array.shape == std::vector<std::size_t>{2, 3, 4}));
  BOOST_CHECK(array.as<std::int16_t>() == straight);
  put(folder / "x", npy(fortran("<f8", "(3L,)"), raw<double>({1, 2, 3})));
  BOOST_CHECK((read_npy(folder / "x").as<double>() == std::vector<double>{1, 2, 3}));
  put(folder / "x", npy(fortran("<f8", "()"), raw<double>({2.5})));
  BOOST_CHECK_EQUAL(read_npy(folder / "x").as<double>().at(0), 2.5);
  put(folder / "x", npy(fortran("<f8", "(0, 5)"), ""));
  BOOST_CHECK_EQUAL(read_npy(folder / "x").count(), 0u);
}

BOOST_AUTO_TEST_CASE(masks_of_any_whole_number) {
  Folder folder;
  write_npy(folder / "images", {1, 1, 3}, std::vector<std::uint8_t>(3));
  const auto read = [&]<class T>(const std::string& descr, const std::vector<T>& masks) {
    put(folder / "masks", npy(header_of(descr, "(1, 1, 3)"), raw(masks)));
    const Dataset set = load_npy(folder / "images", folder / "masks");
    const auto mask = set.mask(0);
    return std::vector<int>(mask.begin(), mask.end());
  };
  const std::vector<int> far{0, 3, 255}, near{0, 3, 127};
  BOOST_CHECK(read("<i8", std::vector<std::int64_t>{0, 3, 255}) == far);
  BOOST_CHECK(read("<u8", std::vector<std::uint64_t>{0, 3, 255}) == far);
  BOOST_CHECK(read("<i4", std::vector<std::int32_t>{0, 3, 255}) == far);
  BOOST_CHECK(read("<u4", std::vector<std::uint32_t>{0, 3, 255}) == far);
  BOOST_CHECK(read("<i2", std::vector<std::int16_t>{0, 3, 255}) == far);
  BOOST_CHECK(read("<u2", std::vector<std::uint16_t>{0, 3, 255}) == far);
  BOOST_CHECK(read("|i1", std::vector<std::int8_t>{0, 3, 127}) == near);
  BOOST_CHECK((read("|b1", std::vector<std::uint8_t>{0, 1, 1}) == std::vector<int>{0, 1, 1}));
  BOOST_CHECK((read("?", std::vector<std::uint8_t>{0, 1, 255}) == std::vector<int>{0, 1, 1}));
  const auto refused = [&]<class T>(const std::string& descr, const std::vector<T>& masks) {
    const auto error = error_of([&] { read(descr, masks); });
    BOOST_CHECK_EQUAL(error.field(), "mask value 1");
    BOOST_CHECK_EQUAL(error.found(), std::to_string(masks[1]));
  };
  refused("<i4", std::vector<std::int32_t>{0, -1, 0});
  refused("<i4", std::vector<std::int32_t>{0, 256, 0});
  refused("<u8", std::vector<std::uint64_t>{0, ~std::uint64_t{0}, 0});
  refused("|i1", std::vector<std::int8_t>{0, -1, 0});
}

BOOST_AUTO_TEST_CASE(an_array_larger_than_a_chunk) {
  Folder folder;
  std::vector<std::uint8_t> values(5'000'001);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::uint8_t>(i * 2654435761u >> 7);
  write_npy(folder / "x.npy", {values.size()}, values);
  put_gz(folder / "x.npy.gz", content(folder / "x.npy"));
  BOOST_CHECK(read_npy(folder / "x.npy").as<std::uint8_t>() == values);
  BOOST_CHECK(read_npy(folder / "x.npy.gz").as<std::uint8_t>() == values);
}

BOOST_AUTO_TEST_CASE(what_is_written_is_read_and_laid_out_as_numpy_does) {
  Folder folder;
  const std::vector<float> floats = {1, -2, 3, 4, 5, 6};
  write_npy(folder / "f", {2, 3}, floats);
  BOOST_CHECK(read_npy(folder / "f").as<float>() == floats);
  const std::string bytes = content(folder / "f");
  std::string head = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
  head += std::string(128 - 10 - 1 - head.size(), ' ') + '\n';
  BOOST_CHECK(bytes == npy(head, raw(floats)));

  const std::array<double, 2> doubles = {0.1, 1e-300};
  write_npy(folder / "d", {2}, doubles);
  BOOST_CHECK(has(content(folder / "d"), "'shape': (2,), "));
  BOOST_CHECK((read_npy(folder / "d").as<double>() == std::vector<double>{0.1, 1e-300}));
  write_npy(folder / "i", {1, 1}, std::array<std::int16_t, 1>{-2});
  BOOST_CHECK(has(content(folder / "i"), "'descr': '<i2', "));
  BOOST_CHECK(content(folder / "i").ends_with("\xfe\xff"));
  const std::vector<std::uint8_t> byte = {9};
  write_npy(folder / "u", {}, std::span(byte));
  BOOST_CHECK(read_npy(folder / "u").shape.empty());
  BOOST_CHECK_EQUAL(read_npy(folder / "u").as<std::uint8_t>().at(0), 9);
  for (std::size_t rank = 1; rank <= 32; ++rank) {  // every length of header
    write_npy(folder / "r", std::vector<std::size_t>(rank, 1), byte);
    BOOST_CHECK_EQUAL(content(folder / "r").size() % 64, 1u);
    BOOST_CHECK_EQUAL(read_npy(folder / "r").shape.size(), rank);
  }
}

BOOST_AUTO_TEST_CASE(writing_that_fails_leaves_the_old_file) {
  Folder folder;
  const std::vector<float> values(20'000, 1.0f);
  write_npy(folder / "x", {1}, std::vector<float>{7});
  const std::string before = content(folder / "x");
  BOOST_CHECK_EQUAL(error_of([&] { write_npy(folder / "x", {3}, values); }).field(), "data");
  BOOST_CHECK_EQUAL(error_of([&] { write_npy(folder / "x.npy.gz", {20'000}, values); }).field(), "file");
  const std::vector<std::size_t> deep(33, 1);
  BOOST_CHECK_EQUAL(error_of([&] { write_npy(folder / "x", deep, std::vector<float>{1}); }).field(), "shape");
  fs::create_directory(folder / "dir");
  BOOST_CHECK_EQUAL(error_of([&] { write_npy(folder / "dir", {20'000}, values); }).found(), "a folder");
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit limit{};
  BOOST_REQUIRE_EQUAL(getrlimit(RLIMIT_FSIZE, &limit), 0);
  rlimit small = limit;
  small.rlim_cur = 4096;  // a disk that is full after 4 kB
  std::string message;
  setrlimit(RLIMIT_FSIZE, &small);
  try {
    write_npy(folder / "x", {20'000}, values);
  } catch (const nwm::Error& error) {
    message = error.what();
  }
  setrlimit(RLIMIT_FSIZE, &limit);
  BOOST_CHECK_MESSAGE(has(message, (folder / "x").string() + ": file: expected everything written"), message);
  BOOST_CHECK(content(folder / "x") == before);
  BOOST_CHECK_EQUAL(folder.entries(), 2u);
}

BOOST_AUTO_TEST_CASE(headers_that_lie_or_are_not_ours) {
  struct Case {
    std::string bytes, field, text;
  };
  const std::string d24(24, 'x');
  const auto dict = [&](const std::string& text) { return npy(text, d24); };
  const std::string good = "'fortran_order': False, 'shape': (2, 3)";
  std::string magic = npy(header_of("<f4", "(2, 3)"), d24), version = magic, minor = magic;
  magic[3] = 'x', version[6] = 4, minor[7] = 1;
  const std::vector<Case> cases = {
      {"", "start of the file", "8 bytes"},
      {magic, "start of the file", "NUMPY"},
      {version, "version", "4.0"},
      {minor, "version", "1.1"},
      {npy("", "", 1), "header", "found the end"},
      {std::string("\x93NUMPY\x02\0\xFF\xFF\xFF\x7F{", 13), "header length", "2147483647"},
      {std::string("\x93NUMPY\x01\0\x40\0{", 11), "header", "64 bytes"},
      {std::string("\x93NUMPY\x01\0\x40", 9), "header length", "2 bytes"},
      // the sizes
      {npy(header_of("<f4", "(2, 3)"), std::string(23, 'x')), "data",
       "24 bytes for shape (2, 3) of <f4, found 23"},
      {npy(header_of("<f4", "(2, 3)"), ""), "data", "found 0 bytes"},
      {npy(header_of("<f4", "(2, 3)"), d24 + "x"), "data", "more bytes"},
      {npy(header_of("<f4", "(0, 3)"), "x"), "data", "more bytes"},
      {npy(header_of("<f8", "(2, 3)"), d24), "data", "48 bytes"},
      {npy(header_of("<f8", "(144115188075855872,)"), d24), "data",
       "1152921504606846976 bytes"},  // 2^60 bytes
      {npy(header_of("|u1", "(35184372088832,)"), d24), "data", "found 24"},
      {npy(header_of("<f8", "(2305843009213693952, 8)"), ""), "shape",
       "(2305843009213693952, 8)"},                                                            // wraps to 0
      {npy(header_of("<f8", "(2305843009213693955,)"), d24), "shape", "2305843009213693955"},  // and to 24
      {npy(header_of("<f8", "(18446744073709551616,)"), d24), "shape", "up to 18446744073709551615"},
      // types and orders
      {npy(header_of(">f4", "(2, 3)"), d24), "descr",
       "(little-endian); in numpy: array.astype('<f4'), found '>f4'"},
      {npy(header_of(">i8", "(3,)"), d24), "descr", ">i8"},
      {npy(header_of("<f2", "(12,)"), d24), "descr", "<f2"},
      {npy(header_of("|O", "(3,)"), d24), "descr", "|O"},
      {dict("{'descr': [('a', '<f4')], " + good + "}"), "descr", "found '[('a'"},
      {npy(header_of("=f4", "(2, 3)"), d24), "descr", "'=f4'"},
      {npy(header_of("f4", "(2, 3)"), d24), "descr", "'f4'"},
      {npy(header_of("", "(2, 3)"), d24), "descr", "''"},
      {dict("{'descr': '<f4', 'fortran_order': 0, 'shape': (2, 3), }"), "fortran_order", "expected 'False'"},
      // the dictionary
      {dict("{'descr': '<f4', " + good), "header", "expected '}'"},
      {dict("{'descr': '<f4', " + good + "} x"), "header", "end of the header"},
      {dict("{'descr': '<f4', 'descr': '<f4', " + good + "}"), "header", "'descr' again"},
      {dict("{'descr': '<f4', 'more': 1, " + good + "}"), "header", "'more'"},
      {dict("{" + good + "}"), "header", "not all of them"},
      {dict("{}"), "header", "not all of them"},
      {dict("{'descr' '<f4', " + good + "}"), "descr", "expected ':'"},
      {dict("{'descr: <f4, }"), "header", "end of a string"},
      {dict("{'descr\\x', }"), "header", "end of a string"},
      {dict("{descr: '<f4', }"), "header", "found 'descr"},
      {dict("{'descr': '<f4',, }"), "header", "found ', }'"},
      {dict("{'descr': '<f4', 'shape': (6), 'fortran_order': False}"), "shape", "a tuple"},
      {dict("{'descr': '<f4', 'shape': [6], 'fortran_order': False}"), "shape", "expected '('"},
      {dict("{'descr': '<f4', 'shape': (,), 'fortran_order': False}"), "shape", "a whole number"},
      {dict("{'descr': '<f4', 'shape': (-6,), 'fortran_order': False}"), "shape", "found '-6"},
      {dict("{'descr': '<f4', 'shape': (6LL,), 'fortran_order': False}"), "shape", "found 'L"},
      {dict("{'descr': '<f4\xE4', " + good + "}"), "header", "UTF-8"},
  };
  Folder folder;
  for (const Case& c : cases) {
    BOOST_TEST_CONTEXT(c.bytes) {
      put(folder / "x", c.bytes);
      const auto plain = error_of([&] { read_npy(folder / "x"); });
      BOOST_CHECK_EQUAL(plain.where(), (folder / "x").string());
      BOOST_CHECK_EQUAL(plain.field(), c.field);
      BOOST_CHECK_MESSAGE(has(plain.what(), c.text), plain.what() << " lacks " << c.text);
      put_gz(folder / "x", c.bytes);
      BOOST_CHECK_EQUAL(error_of([&] { read_npy(folder / "x"); }).what(), plain.what());
    }
  }
  for (const fs::path& path : {folder / "absent", folder.path}) {
    const auto error = error_of([&] { read_npy(path); });
    BOOST_CHECK_EQUAL(error.where(), path.string());
    BOOST_CHECK_EQUAL(error.field(), "file");
  }
}

BOOST_AUTO_TEST_CASE(every_truncation_is_found) {
  Folder folder;
  const std::vector<float> values = {1, 2, 3, 4, 5, 6};
  write_npy(folder / "plain", {2, 3}, values);
  put_gz(folder / "gz", content(folder / "plain"));
  for (const char* name : {"plain", "gz"}) {
    const std::string whole = content(folder / name);
    for (std::size_t n = 0; n < whole.size(); ++n) {
      put(folder / "y", whole.substr(0, n));
      BOOST_REQUIRE_THROW(read_npy(folder / "y"), nwm::Error);
    }
    put(folder / "y", whole);
    BOOST_CHECK(read_npy(folder / "y").as<float>() == values);
  }
  const std::string gz = content(folder / "gz");
  put(folder / "y", gz.substr(0, gz.size() - 1));
  const auto error = error_of([&] { read_npy(folder / "y"); });
  BOOST_CHECK_EQUAL(error.field(), "file");
  BOOST_CHECK_EQUAL(error.found(), "unexpected end of file");
}

BOOST_AUTO_TEST_CASE(flipped_bits_give_an_error_or_a_sound_array) {
  Folder folder;
  const std::vector<float> values = {1, 2, 3, 4, 5, 6};
  write_npy(folder / "plain", {2, 3}, values);
  put_gz(folder / "gz", content(folder / "plain"));
  const auto flip = [&](const std::string& whole, std::size_t from, std::size_t to, auto&& sound) {
    std::size_t refused = 0;
    for (std::size_t i = from; i < to; ++i)
      for (int bit = 0; bit < 8; ++bit) {
        std::string damaged = whole;
        damaged[i] = static_cast<char>(damaged[i] ^ (1 << bit));
        put(folder / "y", damaged);
        try {  // anything but nwm::Error ends the test
          sound(read_npy(folder / "y"));
        } catch (const nwm::Error&) {
          ++refused;
        }
      }
    return refused;
  };
  const std::string plain = content(folder / "plain"), gz = content(folder / "gz");
  const std::size_t refused = flip(plain, 0, 128, [&](const Tensor& array) {
    BOOST_REQUIRE(nwm::io::checked_bytes(array.dtype, array.shape) == array.bytes.size());
    BOOST_REQUIRE_EQUAL(array.bytes.size(), 24u);
  });
  BOOST_CHECK_GT(refused, 900u);
  // After the ten bytes of gzip's own header (time, system, …), gzip's checksum detects every change.
  const std::size_t found =
      flip(gz, 10, gz.size(), [&](const Tensor& array) { BOOST_REQUIRE(array.as<float>() == values); });
  BOOST_CHECK_GT(found, 8 * (gz.size() - 10) * 9 / 10);
  BOOST_CHECK_EQUAL(flip(gz, gz.size() - 8, gz.size(), [](const Tensor&) {}), 64u);
}

BOOST_AUTO_TEST_CASE(images_become_planar) {
  Folder folder;
  // two images of 2 rows, 2 columns and 3 channels: value = 100 image + 10 pixel + channel
  std::vector<std::uint8_t> images, masks;
  for (int i = 0; i < 2; ++i)
    for (int p = 0; p < 4; ++p) {
      masks.push_back(static_cast<std::uint8_t>(i + p));
      for (int c = 0; c < 3; ++c) images.push_back(static_cast<std::uint8_t>(100 * i + 10 * p + c));
    }
  write_npy(folder / "images", {2, 2, 2, 3}, images);
  write_npy(folder / "masks", {2, 2, 2}, masks);
  const Dataset set = load_npy(folder / "images", folder / "masks");
  BOOST_CHECK((set.extent() == Extent{.images = 2, .channels = 3, .height = 2, .width = 2}));
  BOOST_CHECK_EQUAL(set.name(), (folder / "images").string());
  BOOST_CHECK_EQUAL(set.classes(), 5u);
  std::vector<double> picture(12);
  for (std::size_t i = 0; i < 2; ++i) {
    set.picture<double>(i, picture);
    for (std::size_t c = 0; c < 3; ++c)
      for (std::size_t p = 0; p < 4; ++p) {
        BOOST_CHECK_EQUAL(picture[4 * c + p], static_cast<double>(100 * i + 10 * p + c) / 255);
        BOOST_CHECK_EQUAL(set.mask(i)[p], i + p);
      }
  }
}

BOOST_AUTO_TEST_CASE(floats_and_wide_masks) {
  Folder folder;
  put(folder / "masks", npy(header_of("<i8", "(1, 2, 3)"), raw<std::int64_t>({0, 1, 2, 3, 4, 255})));
  const std::vector<float> floats = {0.25f, -1, 2, 3, 4, 1e9f};
  const std::vector<double> doubles(floats.begin(), floats.end());
  std::vector<float> picture(6);
  write_npy(folder / "images", {1, 2, 3}, floats);
  const Dataset single = load_npy(folder / "images", folder / "masks");
  BOOST_CHECK((single.extent() == Extent{.images = 1, .channels = 1, .height = 2, .width = 3}));
  BOOST_CHECK_EQUAL(single.classes(), 256u);
  single.picture<float>(0, picture);
  BOOST_CHECK(picture == floats);
  write_npy(folder / "images", {1, 2, 3, 1}, doubles);
  put_gz(folder / "images.gz", content(folder / "images"));
  load_npy(folder / "images.gz", folder / "masks").picture<float>(0, picture);
  BOOST_CHECK(picture == floats);
}

BOOST_AUTO_TEST_CASE(sets_that_do_not_go_together) {
  Folder folder;
  const auto load = [&] { return error_of([&] { load_npy(folder / "images", folder / "masks"); }); };
  const auto bytes = [](std::size_t n) { return std::vector<std::uint8_t>(n); };
  write_npy(folder / "images", {2, 2, 3, 3}, bytes(36));
  for (const std::vector<std::size_t>& shape :
       {std::vector<std::size_t>{3, 2, 3}, {2, 3, 2}, {2, 6}, {2, 2, 3, 1}, {12}}) {
    write_npy(folder / "masks", shape, bytes(*nwm::io::checked_count(shape)));
    const auto error = load();
    BOOST_CHECK(has(error.where(), (folder / "images").string()));
    BOOST_CHECK(has(error.where(), (folder / "masks").string()));
    BOOST_CHECK_EQUAL(error.field(), "shape");
    BOOST_CHECK_EQUAL(error.expected(), "masks (2, 2, 3) for images (2, 2, 3, 3)");
    BOOST_CHECK_EQUAL(error.found(), "masks " + nwm::io::to_string(shape));
  }
  write_npy(folder / "masks", {2, 2, 3}, bytes(12));
  BOOST_CHECK_EQUAL(load_npy(folder / "images", folder / "masks").size(), 2u);
  for (const std::vector<std::size_t>& shape :
       {std::vector<std::size_t>{2, 2, 3, 5}, {2, 2, 3, 0}, {2, 6}, {0, 2, 3}, {2, 0, 3}, {2, 2, 3, 1, 1}}) {
    write_npy(folder / "images", shape, bytes(*nwm::io::checked_count(shape)));
    const auto error = load();
    BOOST_CHECK_EQUAL(error.where(), (folder / "images").string());
    BOOST_CHECK_EQUAL(error.field(), "shape");
    BOOST_CHECK_EQUAL(error.found(), nwm::io::to_string(shape));
  }
}

BOOST_AUTO_TEST_CASE(what_is_not_read_is_told_what_to_do) {
  Folder folder;
  const auto told = [&](const std::string& descr, const std::string& shape, std::size_t bytes,
                        const std::string& field, const std::string& remedy) {
    put(folder / "images", npy(header_of(descr, shape), std::string(bytes, '\0')));
    const auto error = error_of([&] { load_npy(folder / "images"); });
    BOOST_CHECK_EQUAL(error.where(), (folder / "images").string());
    BOOST_CHECK_EQUAL(error.field(), field);
    BOOST_CHECK_MESSAGE(error.expected().ends_with(remedy), error.expected());
  };
  told("<u2", "(1, 2, 3)", 12, "descr", "in numpy: images.astype(numpy.float32) / 65535");
  told("|b1", "(1, 2, 3)", 6, "descr", "in numpy: images.astype(numpy.float32)");
  for (const char* type : {"<i4", "<u4"})
    told(type, "(1, 2, 3)", 24, "descr", "in numpy: images.astype(numpy.uint8) where they are 0 to 255");
  told("<i8", "(1, 2, 3)", 48, "descr", "in numpy: images.astype(numpy.uint8) where they are 0 to 255");
  for (const char* type : {"<f2", ">f4", "<c8"})
    told(type, "(1, 2, 3)", 48, "descr", "in numpy: array.astype('<f4')");
  told("|u1", "(2, 3, 8, 8)", 384, "shape", "in numpy: images.transpose(0, 2, 3, 1)");
  told("|u1", "(2, 1, 8, 8)", 128, "shape", "in numpy: images.transpose(0, 2, 3, 1)");
  told("|u1", "(2, 8, 8, 5)", 640, "shape", "not empty");
  told("|u1", "(8, 8)", 64, "shape", "in numpy, image[None]");

  const auto scale = [&](std::vector<float> values) {
    write_npy(folder / "images", {1, 1, values.size()}, values);
    return error_of([&] { load_npy(folder / "images"); });
  };
  BOOST_CHECK_EQUAL(scale({0, 7, 255}).expected(), "numbers near [0, 1]; in numpy: images / 255");
  BOOST_CHECK_EQUAL(scale({0.5f, 16.5f}).found(), "numbers up to 16.5");
  BOOST_CHECK_EQUAL(scale({0, 7, 60000}).expected(), "numbers near [0, 1]; in numpy: images / 65535");
  // Numbers that were meant: some below zero, or none far off.
  for (const std::vector<float>& fine : {std::vector<float>{-1, 200}, {0, 16}, {0, 1}}) {
    write_npy(folder / "images", {1, 1, fine.size()}, fine);
    BOOST_CHECK_EQUAL(load_npy(folder / "images").size(), 1u);
  }
  write_npy(folder / "masks", {1, 1, 2}, std::vector<double>(2));
  BOOST_CHECK(error_of([&] { load_npy(folder / "images", folder / "masks"); })
                  .expected()
                  .ends_with("in numpy: masks.astype(numpy.uint8)"));
}

BOOST_AUTO_TEST_CASE(pictures_alone_have_masks_of_background) {
  Folder folder;
  write_npy(folder / "images", {2, 1, 2, 3}, std::vector<std::uint8_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
  const Dataset set = load_npy(folder / "images");
  BOOST_CHECK((set.extent() == Extent{.images = 2, .channels = 3, .height = 1, .width = 2}));
  BOOST_CHECK_EQUAL(set.classes(), 1u);
  std::vector<double> picture(6);
  set.picture<double>(1, picture);
  BOOST_CHECK_EQUAL(picture[1], 9.0 / 255);  // planar
}

BOOST_AUTO_TEST_CASE(values_that_cannot_be) {
  Folder folder;
  const auto load = [&] { return error_of([&] { load_npy(folder / "images", folder / "masks"); }); };
  const std::vector<std::uint8_t> zeros(6);
  write_npy(folder / "images", {1, 2, 3}, zeros);
  for (const std::int64_t wrong : {std::int64_t{-1}, std::int64_t{256}, std::int64_t{1} << 40}) {
    write_npy(folder / "masks", {1, 2, 3}, std::vector<std::int64_t>{0, 1, wrong, 0, 0, 0});
    const auto error = load();
    BOOST_CHECK_EQUAL(error.where(), (folder / "masks").string());
    BOOST_CHECK_EQUAL(error.field(), "mask value 2");
    BOOST_CHECK_EQUAL(error.found(), std::to_string(wrong));
  }
  write_npy(folder / "masks", {1, 2, 3}, std::vector<float>(6));
  BOOST_CHECK_EQUAL(load().where(), (folder / "masks").string());
  BOOST_CHECK_EQUAL(load().field(), "descr");
  write_npy(folder / "masks", {1, 2, 3}, zeros);
  write_npy(folder / "images", {1, 2, 3}, std::vector<std::int64_t>(6));
  BOOST_CHECK_EQUAL(load().where(), (folder / "images").string());
  BOOST_CHECK_EQUAL(load().field(), "descr");
  for (const double wrong :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(), 1e39}) {
    write_npy(folder / "images", {1, 2, 3}, std::vector<double>{0, 1, wrong, 0, 0, 0});
    const auto error = load();
    BOOST_CHECK_EQUAL(error.where(), (folder / "images").string());
    BOOST_CHECK_EQUAL(error.expected(), "finite values");
  }
  write_npy(folder / "images", {1, 2, 3}, std::vector<float>{0, 1, std::nanf(""), 0, 0, 0});
  BOOST_CHECK_EQUAL(load().expected(), "finite values");
}
