// Checkpoint files: what is written is what is read, and no damage passes for a file.
#define BOOST_TEST_MODULE safetensors
#define BOOST_TEST_DYN_LINK
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nwm/io/atomic_file.hpp>
#include <nwm/io/safetensors.hpp>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

namespace fs = std::filesystem;
using namespace nwm::io;

namespace {

// A folder of its own for each test, removed afterwards.
struct Folder {
  fs::path path = fs::temp_directory_path() / ("nwm-safetensors-" + std::to_string(::getpid()));
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

std::string file_of(const std::string& json, const std::string& data, std::uint64_t length) {
  std::string out;
  for (int i = 0; i < 8; ++i) out += static_cast<char>(length >> (8 * i) & 0xFF);
  return out + json + data;
}
std::string file_of(const std::string& json, const std::string& data = "") {
  return file_of(json, data, json.size());
}

// The error that `action` ends in, its parts in `what`; fails the test when there is none.
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

// Writing beyond `bytes` fails while this lives, as on a full disk.
struct SmallDisk {
  rlimit before{};
  explicit SmallDisk(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    BOOST_REQUIRE_EQUAL(getrlimit(RLIMIT_FSIZE, &before), 0);
    rlimit now = before;
    now.rlim_cur = bytes;
    BOOST_REQUIRE_EQUAL(setrlimit(RLIMIT_FSIZE, &now), 0);
  }
  ~SmallDisk() { setrlimit(RLIMIT_FSIZE, &before); }
};

Safetensors sample() {
  Safetensors out;
  out.metadata = {{"format", "pt"}, {"quote \" \\ \n\x01", "Wellen \xC3\xA4 \xF0\x9F\x8C\x8A"}};
  out.add("bytes", {3}, std::vector<std::uint8_t>{1, 2, 255});
  out.add("a.weight", {2, 3}, std::vector<float>{1, 2, 3, 4, 5, -6.5f});
  out.add("double", {2}, std::array<double, 2>{0.1, -1e300});
  out.add("scalar", {}, std::vector<std::int64_t>{-7});
  out.add("none", {0, 4}, std::vector<float>{});
  out.add("short", {1, 1}, std::vector<std::int16_t>{-300});
  out.tensors["half"] = {DType::BF16, {2}, std::vector<std::byte>(4, std::byte{0x3F})};
  out.tensors["packed"] = {DType::F4, {3, 2}, std::vector<std::byte>(3, std::byte{0x21})};
  out.tensors["mask"] = {DType::BOOL, {2}, {std::byte{0}, std::byte{1}}};
  return out;
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_is_written_is_read) {
  Folder folder;
  const Safetensors written = sample();
  write_safetensors(folder / "x.safetensors", written);
  const Safetensors read = read_safetensors(folder / "x.safetensors");
  BOOST_CHECK(read.tensors == written.tensors);
  BOOST_CHECK(read.metadata == written.metadata);
  BOOST_CHECK_EQUAL(read.source, (folder / "x.safetensors").string());
  BOOST_CHECK((read.values<float>("a.weight") == std::vector<float>{1, 2, 3, 4, 5, -6.5f}));
  BOOST_CHECK((read.values<double>("double") == std::vector<double>{0.1, -1e300}));
  BOOST_CHECK_EQUAL(read.values<std::int64_t>("scalar").at(0), -7);
  BOOST_CHECK_EQUAL(read.at("scalar").count(), 1u);
  BOOST_CHECK_EQUAL(read.at("none").count(), 0u);
  BOOST_CHECK((read.values<std::uint8_t>("mask") == std::vector<std::uint8_t>{0, 1}));
  BOOST_CHECK_EQUAL(folder.entries(), 1u);

  write_safetensors(folder / "empty", Safetensors{});
  BOOST_CHECK(read_safetensors(folder / "empty").tensors.empty());
}

BOOST_AUTO_TEST_CASE(the_file_is_the_documented_one) {
  Folder folder;
  Safetensors small;
  small.add("b", {2}, std::vector<std::uint8_t>{7, 8});
  small.add("a", {1}, std::vector<float>{1.0f});
  small.metadata["k"] = "v";
  write_safetensors(folder / "x", small);
  std::string json = R"({"__metadata__":{"k":"v"},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                     R"("b":{"dtype":"U8","shape":[2],"data_offsets":[4,6]}})";
  while (json.size() % 8 != 0) json += ' ';
  BOOST_CHECK(content(folder / "x") == file_of(json, std::string("\0\0\x80\x3F\x07\x08", 6)));
}

BOOST_AUTO_TEST_CASE(every_dtype_has_its_name_and_size) {
  Folder folder;
  const std::vector<std::pair<std::string, std::size_t>> published = {
      {"BOOL", 8},    {"U8", 8},      {"I8", 8},          {"I16", 16},       {"U16", 16},    {"I32", 32},
      {"U32", 32},    {"I64", 64},    {"U64", 64},        {"F16", 16},       {"BF16", 16},   {"F32", 32},
      {"F64", 64},    {"C64", 64},    {"F4", 4},          {"F6_E2M3", 6},    {"F6_E3M2", 6}, {"F8_E5M2", 8},
      {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8}, {"F8_E5M2FNUZ", 8}};
  for (const auto& [name, bits] : published) {
    const std::string size = std::to_string(bits);  // 8 values are `bits` bytes
    put(folder / "x",
        file_of(R"({"t":{"dtype":")" + name + R"(","shape":[8],"data_offsets":[0,)" + size + "]}}",
                std::string(bits, 'z')));
    const Safetensors read = read_safetensors(folder / "x");
    BOOST_CHECK_EQUAL(name_of(read.at("t").dtype), name);
    write_safetensors(folder / "y", read);
    BOOST_CHECK(read_safetensors(folder / "y").tensors == read.tensors);
  }
  BOOST_CHECK_EQUAL(published.size(), std::size(dtype_table));
}

BOOST_AUTO_TEST_CASE(other_writers_spell_it_differently) {
  Folder folder;
  put(folder / "x",
      file_of(
          "{ \"\\u0062\\ud83c\\udf0a\\n\\u00e4\\u20ac\" :\t{\"data_offsets\": [ 1 , 3 ], \"shape\": [2],\r\n"
          " \"dtype\": \"I\\u0038\"}, \"a\" : {\"dtype\":\"U8\",\"shape\":[ ],\"data_offsets\":[0,1]},"
          "\"__metadata__\" : { } }  \n",
          "\x05\xFF\x01"));
  const Safetensors read = read_safetensors(folder / "x");
  BOOST_CHECK((read.values<std::int8_t>("b\xF0\x9F\x8C\x8A\n\xC3\xA4\xE2\x82\xAC") ==
               std::vector<std::int8_t>{-1, 1}));
  BOOST_CHECK_EQUAL(read.values<std::uint8_t>("a").at(0), 5);
}

BOOST_AUTO_TEST_CASE(no_metadata_may_be_said_by_null) {
  Folder folder;
  put(folder / "x", file_of("{\"__metadata__\":null,\"a\":{\"dtype\":\"U8\",\"shape\":[],"
                            "\"data_offsets\":[0,1]}}",
                            "\x05"));
  const Safetensors read = read_safetensors(folder / "x");
  BOOST_CHECK(read.metadata.empty());
  BOOST_CHECK_EQUAL(read.values<std::uint8_t>("a").at(0), 5);
}

BOOST_AUTO_TEST_CASE(a_missing_or_other_tensor_is_named) {
  Folder folder;
  write_safetensors(folder / "x", sample());
  const Safetensors read = read_safetensors(folder / "x");
  const auto missing = error_of([&] { read.at("b.weight"); });
  BOOST_CHECK_EQUAL(missing.where(), (folder / "x").string());
  BOOST_CHECK_EQUAL(missing.field(), "tensor 'b.weight'");
  const auto other = error_of([&] { read.values<double>("a.weight"); });
  BOOST_CHECK_EQUAL(other.where(), (folder / "x").string());
  BOOST_CHECK_EQUAL(other.field(), "tensor 'a.weight'");
  BOOST_CHECK_EQUAL(other.expected(), "F64");
  BOOST_CHECK_EQUAL(other.found(), "F32");
  BOOST_CHECK_EQUAL(error_of([&] { read.at("a.weight").as<std::int32_t>(); }).expected(), "I32");
  Tensor wrong = read.at("a.weight");
  wrong.shape = {7};
  BOOST_CHECK_EQUAL(error_of([&] { wrong.view<float>(); }).found(), "24");
}

BOOST_AUTO_TEST_CASE(adding_checks_name_and_count) {
  Safetensors s = sample();
  const std::vector<float> six(6);
  BOOST_CHECK_EQUAL(error_of([&] { s.add("double", {6}, six); }).field(), "tensor 'double'");
  BOOST_CHECK_EQUAL(error_of([&] { s.add("new", {7}, six); }).found(), "6");
  const std::size_t huge = std::size_t{1} << 32;
  BOOST_CHECK(has(error_of([&] { s.add("new", {huge, huge, 6}, six); }).what(), "new"));
  BOOST_CHECK(!s.contains("new"));
}

BOOST_AUTO_TEST_CASE(headers_take_memory_as_their_length) {
  std::string names, tensors, ones = "1";
  for (int i = 0; i <= 1 << 16; ++i) {
    const std::string key = "\"" + std::to_string(i) + "\":";
    names += (i > 0 ? "," : "") + key + "\"\"";
    tensors += (i > 0 ? "," : "") + key + R"({"dtype":"U8","shape":[0],"data_offsets":[0,0]})";
  }
  for (int i = 0; i < 64; ++i) ones += ",1";
  for (const auto& [json, text] :
       {std::pair(R"({"__metadata__":{)" + names + "}}", "65536 names"),
        std::pair("{" + tensors + "}", "65536 names"),
        std::pair(R"({"a":{"dtype":"U8","shape":[)" + ones + R"(],"data_offsets":[0,1]}})",
                  "64 dimensions")}) {
    Folder folder;
    put(folder / "x", file_of(json, "x"));
    BOOST_CHECK(error_of([&] { read_safetensors(folder / "x"); }).expected().find(text) != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(what_would_not_be_read_is_not_written) {
  Folder folder;
  Safetensors deep, wordy;
  deep.add("a", std::vector<std::size_t>(65, 1), std::vector<float>{1});
  for (int i = 0; i <= 1 << 16; ++i) wordy.metadata[std::to_string(i)] = "";
  BOOST_CHECK_EQUAL(error_of([&] { write_safetensors(folder / "x", deep); }).found(), "65");
  BOOST_CHECK_EQUAL(error_of([&] { write_safetensors(folder / "x", wordy); }).found(), "65537");
  BOOST_CHECK_EQUAL(folder.entries(), 0u);
}

BOOST_AUTO_TEST_CASE(headers_that_lie_are_refused) {
  struct Case {
    std::string json, data, field, text;
  };
  const std::string ok = R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})";
  const auto one = [](const std::string& inside) { return R"({"a":{)" + inside + "}}"; };
  const auto b = [&](const std::string& offsets, const std::string& shape) {
    return ok + R"(,"b":{"dtype":"U8","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}";
  };
  const std::string eight(8, 'x'), twelve(12, 'x');
  const std::vector<Case> cases = {
      // ranges
      {b("[7,11]", "[4]"), twelve, "tensor 'b'", "begin at 8"},
      {b("[9,13]", "[4]"), twelve + "x", "tensor 'b'", "begin at 8"},
      {b("[0,8]", "[8]"), eight, "tensor 'b'", "begin at 8"},
      {b("[8,12]", "[4]"), eight, "tensor 'b'", "end within the 8 bytes"},
      {b("[8,12]", "[4]"), twelve + "x", "data", "12 bytes"},
      {ok + "}", "", "tensor 'a'", "end within the 0 bytes"},
      {b("[12,8]", "[4]"), twelve, "tensor 'b'", "[12, 8]"},
      {b("[8,11]", "[4]"), twelve, "tensor 'b'", "4 bytes for shape (4) of U8"},
      {b("[8,1152921504606846984]", "[1152921504606846976]"), twelve, "tensor 'b'", "end within"},
      {"{}", "x", "data", "0 bytes"},
      {one(R"("dtype":"F4","shape":[3],"data_offsets":[0,1])"), "x", "tensor 'a'", "whole number of bytes"},
      // shapes whose product wraps round to 0, 4 and 8 bytes
      {one(R"("dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0])"), "", "tensor 'a'",
       "4294967296"},
      {one(R"("dtype":"F32","shape":[4611686018427387905],"data_offsets":[0,4])"), "xxxx", "tensor 'a'",
       "F32"},
      {one(R"("dtype":"F64","shape":[2305843009213693953],"data_offsets":[0,8])"), eight, "tensor 'a'",
       "F64"},
      {one(R"("dtype":"U8","shape":[18446744073709551616],"data_offsets":[0,0])"), "", "tensor 'a'",
       "up to 18446744073709551615"},
      // types and members
      {one(R"("dtype":"F128","shape":[2],"data_offsets":[0,8])"), eight, "tensor 'a'", "F128"},
      {one(R"("dtype":"f32","shape":[2],"data_offsets":[0,8])"), eight, "tensor 'a'", "f32"},
      {one(R"("dtype":7,"shape":[2],"data_offsets":[0,8])"), eight, "tensor 'a'", "expected '\"', found '7"},
      {one(R"("shape":[2],"data_offsets":[0,8])"), eight, "tensor 'a'", "2 of them"},
      {one(""), "", "tensor 'a'", "0 of them"},
      {one(R"("dtype":"F32","shape":[2],"data_offsets":[0,8],"extra":1)"), eight, "tensor 'a'", "extra"},
      {one(R"("dtype":"F32","shape":[2],"shape":[2],"data_offsets":[0,8])"), eight, "tensor 'a'",
       "'shape' again"},
      {one(R"("dtype":"F32","shape":[2],"data_offsets":[0,8,8])"), eight, "tensor 'a'", "expected ']'"},
      {one(R"("dtype":"F32","shape":[2],"data_offsets":[0])"), eight, "tensor 'a'", "expected ','"},
      {ok + R"(,"a":{"dtype":"F32","shape":[0],"data_offsets":[8,8]}})", eight, "header", "'a' again"},
      {ok + R"(,"\u0061":{"dtype":"F32","shape":[0],"data_offsets":[8,8]}})", eight, "header", "'a' again"},
      {R"({"__metadata__":{"k":"1","k":"2"}})", "", "__metadata__", "'k' again"},
      {R"({"__metadata__":{},"__metadata__":{}})", "", "header", "again"},
      {R"({"__metadata__":{"k":1}})", "", "__metadata__", "found '1"},
      {R"({"__metadata__":none})", "", "__metadata__", "found 'none"},
      // numbers
      {one(R"("dtype":"F32","shape":[-2],"data_offsets":[0,8])"), eight, "tensor 'a'", "found '-2"},
      {one(R"("dtype":"F32","shape":[2.0],"data_offsets":[0,8])"), eight, "tensor 'a'", "found '.0"},
      {one(R"("dtype":"F32","shape":[2e0],"data_offsets":[0,8])"), eight, "tensor 'a'", "found 'e0"},
      {one(R"("dtype":"F32","shape":[02],"data_offsets":[0,8])"), eight, "tensor 'a'", "found '2]"},
      {one(R"("dtype":"F32","shape":[2,],"data_offsets":[0,8])"), eight, "tensor 'a'", "a whole number"},
      {one(R"("dtype":"F32","shape":[,2],"data_offsets":[0,8])"), eight, "tensor 'a'", "a whole number"},
      {one(R"("dtype":"F32","shape":2,"data_offsets":[0,8])"), eight, "tensor 'a'", "expected '['"},
      // the text itself
      {"", "", "header", "found the end"},
      {" {}", "", "header", "'{' as the first character"},
      {"[]", "", "header", "'{'"},
      {"{} {}", "", "header", "the end of the header"},
      {std::string("{}\0", 3), "", "header", "the end of the header"},
      {"{,}", "", "header", "found ',}"},
      {"{\"a\"}", "", "header", "expected ':'"},
      {ok, eight, "header", "found the end"},
      {ok + ",}", eight, "header", "found '}"},
      {"{'a':1}", "", "header", "found ''a"},
      {"{\"a", "", "header", "end of a string"},
      {"{\"a\n\":{}}", "", "header", "control character"},
      {R"({"\x":{}})", "", "header", "a JSON escape"},
      {R"({"\)", "", "header", "a JSON escape"},
      {R"({"\u12)", "", "header", "hexadecimal"},
      {R"({"\u12g4":{}})", "", "header", "hexadecimal"},
      {R"({"\ud83c":{}})", "", "header", "surrogate"},
      {R"({"\ud83cx":{}})", "", "header", "surrogate"},
      {R"({"\ud83c\n":{}})", "", "header", "surrogate"},
      {R"({"\ud83c\u0041":{}})", "", "header", "surrogate"},
      {R"({"\udf0a":{}})", "", "header", "surrogate"},
      {"{\"\xC3\":{}}", "", "header", "UTF-8"},
      {"{\"\xC0\xAF\":{}}", "", "header", "UTF-8"},
      {"{\"\xED\xA0\x80\":{}}", "", "header", "UTF-8"},
      {"{\"\xF4\x90\x80\x80\":{}}", "", "header", "UTF-8"},
      {"{\"\xE0\x80\x80\":{}}", "", "header", "UTF-8"},
  };
  Folder folder;
  for (const Case& c : cases) {
    BOOST_TEST_CONTEXT(c.json) {
      put(folder / "x", file_of(c.json, c.data));
      const auto error = error_of([&] { read_safetensors(folder / "x"); });
      BOOST_CHECK_EQUAL(error.where(), (folder / "x").string());
      BOOST_CHECK_EQUAL(error.field(), c.field);
      BOOST_CHECK_MESSAGE(has(error.what(), c.text), error.what() << " lacks " << c.text);
    }
  }
}

BOOST_AUTO_TEST_CASE(header_lengths_that_lie_are_refused) {
  Folder folder;
  const std::string json = "{}";
  for (const std::uint64_t length :
       {std::uint64_t{3}, std::uint64_t{1} << 40, ~std::uint64_t{0}, ~std::uint64_t{7}}) {
    put(folder / "x", file_of(json, "", length));
    const auto error = error_of([&] { read_safetensors(folder / "x"); });
    BOOST_CHECK_EQUAL(error.field(), "header length");
    BOOST_CHECK_EQUAL(error.expected(), "at most 2");
    BOOST_CHECK_EQUAL(error.found(), std::to_string(length));
  }
  put(folder / "x", file_of(json, "", 100'000'001));  // a file long enough for it, without taking room
  fs::resize_file(folder / "x", 100'000'100);
  const auto error = error_of([&] { read_safetensors(folder / "x"); });
  BOOST_CHECK_EQUAL(error.field(), "header length");
  BOOST_CHECK_EQUAL(error.expected(), "at most 100000000");
}

BOOST_AUTO_TEST_CASE(what_is_no_file_is_refused) {
  Folder folder;
  for (const fs::path& path : {folder / "absent", folder.path, folder / "absent/x"}) {
    const auto error = error_of([&] { read_safetensors(path); });
    BOOST_CHECK_EQUAL(error.where(), path.string());
    BOOST_CHECK_EQUAL(error.field(), "file");
  }
}

BOOST_AUTO_TEST_CASE(every_truncation_is_found) {
  Folder folder;
  write_safetensors(folder / "x", sample());
  const std::string whole = content(folder / "x");
  for (std::size_t n = 0; n < whole.size(); ++n) {
    put(folder / "y", whole.substr(0, n));
    BOOST_REQUIRE_THROW(read_safetensors(folder / "y"), nwm::Error);
  }
  put(folder / "y", whole + '\0');
  BOOST_CHECK_THROW(read_safetensors(folder / "y"), nwm::Error);
  put(folder / "y", whole);
  BOOST_CHECK(read_safetensors(folder / "y").tensors == sample().tensors);
}

BOOST_AUTO_TEST_CASE(flipped_bits_give_an_error_or_a_sound_file) {
  Folder folder;
  write_safetensors(folder / "x", sample());
  const std::string whole = content(folder / "x");
  const std::size_t header =
      8 + static_cast<unsigned char>(whole[0]) + 256u * static_cast<unsigned char>(whole[1]);
  BOOST_REQUIRE_LT(header, whole.size());
  std::size_t refused = 0, sound = 0;
  for (std::size_t i = 0; i < header; ++i)
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = whole;
      damaged[i] = static_cast<char>(damaged[i] ^ (1 << bit));
      put(folder / "y", damaged);
      try {  // anything but nwm::Error ends the test
        const Safetensors read = read_safetensors(folder / "y");
        std::size_t bytes = 0;
        for (const auto& [name, tensor] : read.tensors) {
          BOOST_REQUIRE(checked_bytes(tensor.dtype, tensor.shape) == tensor.bytes.size());
          bytes += tensor.bytes.size();
        }
        BOOST_REQUIRE_EQUAL(bytes, whole.size() - header);
        ++sound;
      } catch (const nwm::Error&) {
        ++refused;
      }
    }
  BOOST_CHECK_EQUAL(refused + sound, 8 * header);
  BOOST_CHECK_GT(refused, header);  // most of a header is structure
  BOOST_CHECK_GT(sound, 0u);        // a name may become another name
}

BOOST_AUTO_TEST_CASE(tensors_that_lie_are_not_written) {
  Folder folder;
  const auto refused = [&](const Safetensors& s, const std::string& text) {
    const auto error = error_of([&] { write_safetensors(folder / "x", s); });
    BOOST_CHECK_EQUAL(error.where(), (folder / "x").string());
    BOOST_CHECK_MESSAGE(has(error.what(), text), error.what() << " lacks " << text);
    BOOST_CHECK_EQUAL(folder.entries(), 0u);
  };
  Safetensors s = sample();
  s.tensors["double"].shape = {3};
  refused(s, "tensor 'double'");
  s = sample();
  s.add("__metadata__", {1}, std::vector<float>{1});
  refused(s, "__metadata__");
  s = sample();
  s.add("\xFF", {1}, std::vector<float>{1});
  refused(s, "UTF-8");
  s = sample();
  s.metadata["k"] = "v\xC3";
  refused(s, "UTF-8");
}

BOOST_AUTO_TEST_CASE(a_failed_write_leaves_the_old_file) {
  Folder folder;
  write_safetensors(folder / "x", sample());
  const std::string before = content(folder / "x");
  for (const std::size_t values : {20'000u, 2'000u}) {  // fails while writing, fails at the last flush
    Safetensors big;
    big.add("big", {values}, std::vector<float>(values, 1.0f));
    std::string message;
    {
      const SmallDisk disk(4096);
      try {
        write_safetensors(folder / "x", big);
      } catch (const nwm::Error& error) {
        message = error.what();
      }
    }
    BOOST_CHECK_MESSAGE(has(message, (folder / "x").string() + ": file: expected everything written"),
                        message);
    BOOST_CHECK(content(folder / "x") == before);
    BOOST_CHECK_EQUAL(folder.entries(), 1u);
    write_safetensors(folder / "y", big);  // the same with room
    BOOST_CHECK_EQUAL(read_safetensors(folder / "y").at("big").count(), values);
    fs::remove(folder / "y");
  }
}

BOOST_AUTO_TEST_CASE(targets_that_cannot_be_replaced) {
  Folder folder;
  fs::create_directory(folder / "dir");
  const auto error = error_of([&] { write_safetensors(folder / "dir", sample()); });
  BOOST_CHECK_EQUAL(error.where(), (folder / "dir").string());
  BOOST_CHECK_EQUAL(error.found(), "a folder");
  BOOST_CHECK(fs::is_directory(folder / "dir"));
  BOOST_CHECK_THROW(write_whole("/dev/null", "x"), nwm::Error);
  BOOST_CHECK(!fs::is_regular_file("/dev/null"));
  BOOST_CHECK_THROW(write_whole(folder / "absent/x", "x"), nwm::Error);
  BOOST_CHECK_THROW(write_whole("", "x"), nwm::Error);
  BOOST_CHECK_THROW(write_whole(folder.path / "", "x"), nwm::Error);
  fs::create_symlink(folder / "loop", folder / "loop");
  BOOST_CHECK_THROW(write_whole(folder / "loop", "x"), nwm::Error);
  BOOST_CHECK_EQUAL(folder.entries(), 2u);
}

BOOST_AUTO_TEST_CASE(whole_or_not_at_all) {
  Folder folder;
  write_whole(folder / "x", "old");
  BOOST_CHECK_EQUAL(content(folder / "x"), "old");
  const auto broken = [](AtomicFile& file) {
    file.write("half of it");
    throw std::runtime_error("the caller's own");
  };
  BOOST_CHECK_THROW(write_whole(folder / "x", broken), std::runtime_error);
  BOOST_CHECK_EQUAL(content(folder / "x"), "old");
  BOOST_CHECK_EQUAL(folder.entries(), 1u);

  AtomicFile other(folder / "x");  // another writer, at work
  other.write("another writer's");
  std::fflush(other.stream());
  fs::permissions(folder / "x", fs::perms(0640));
  fs::create_symlink("x", folder / "link");
  {
    AtomicFile file(folder / "link");
    std::fputs("new ", file.stream());
    file.write(std::as_bytes(std::span("text", 4)));
    BOOST_CHECK_EQUAL(content(folder / "x"), "old");
    BOOST_CHECK_EQUAL(folder.entries(), 4u);
    file.commit();
    BOOST_CHECK_THROW(file.write("more"), nwm::Error);
    BOOST_CHECK_THROW(file.commit(), nwm::Error);
  }
  BOOST_CHECK_EQUAL(content(folder / "x"), "new text");
  BOOST_CHECK(fs::is_symlink(folder / "link"));
  BOOST_CHECK(fs::status(folder / "x").permissions() == fs::perms(0640));
  BOOST_CHECK_EQUAL(content(folder / "x.0.tmp"), "another writer's");
  BOOST_CHECK_EQUAL(folder.entries(), 3u);
  other.commit();
  BOOST_CHECK_EQUAL(content(folder / "x"), "another writer's");
  BOOST_CHECK_EQUAL(folder.entries(), 2u);

  const std::string name(255, 'n');  // the longest a name can be: the temporary's must still fit
  write_whole(folder / name, "x");
  BOOST_CHECK_EQUAL(content(folder / name), "x");
}

// A thousand of them would leave no free name.
BOOST_AUTO_TEST_CASE(temporaries_of_killed_writers_are_removed) {
  Folder folder;
  const auto killed = [&] {
    const pid_t child = ::fork();
    if (child == 0) {
      AtomicFile file(folder / "x");
      file.write("half of it");
      std::fflush(file.stream());
      ::_exit(0);  // nothing is tidied up
    }
    int status = 0;
    ::waitpid(child, &status, 0);
  };
  for (int i = 0; i < 3; ++i) killed();
  BOOST_CHECK_EQUAL(content(folder / "x.0.tmp"), "half of it");
  BOOST_CHECK_EQUAL(folder.entries(), 1u);
  for (int n = 1; n < 1000; ++n)
    put(folder / ("x." + std::to_string(n) + ".tmp"), "as an older version left it");
  write_whole(folder / "x", "whole");
  BOOST_CHECK_EQUAL(content(folder / "x"), "whole");
  BOOST_CHECK_EQUAL(folder.entries(), 1u);  // all of them are gone
  // What is no writer's file stays: a folder, and what a link leads to.
  fs::remove(folder / "x.1.tmp");
  fs::create_directory(folder / "x.0.tmp");
  put(folder / "precious", "precious");
  fs::create_symlink("precious", folder / "x.1.tmp");
  write_whole(folder / "x", "again");
  BOOST_CHECK_EQUAL(content(folder / "x"), "again");
  BOOST_CHECK_EQUAL(content(folder / "precious"), "precious");
  BOOST_CHECK(fs::is_directory(folder / "x.0.tmp") && fs::is_symlink(folder / "x.1.tmp"));
}

BOOST_AUTO_TEST_CASE(a_link_that_leads_nowhere_yet) {
  Folder folder;
  fs::create_directory(folder / "deep");
  fs::create_symlink("deep/second", folder / "first");
  fs::create_symlink("target", folder / "deep/second");
  write_whole(folder / "first", "written");
  BOOST_CHECK_EQUAL(content(folder / "deep/target"), "written");
  BOOST_CHECK(fs::is_symlink(folder / "first") && fs::is_symlink(folder / "deep/second"));
  fs::create_symlink(folder / "absolute target", folder / "absolute");
  write_whole(folder / "absolute", "written");
  BOOST_CHECK_EQUAL(content(folder / "absolute target"), "written");
  fs::create_symlink("no folder/target", folder / "lost");
  BOOST_CHECK_EQUAL(error_of([&] { write_whole(folder / "lost", "x"); }).field(), "folder");
}

BOOST_AUTO_TEST_CASE(the_system_s_own_reason_stands_in_the_error) {
  Folder folder;
  const auto found = [](const fs::path& path) { return error_of([&] { write_whole(path, "x"); }).found(); };
  const auto reason = [](int error) { return std::generic_category().message(error); };
  BOOST_CHECK_EQUAL(found(folder / std::string(256, 'n')), reason(ENAMETOOLONG));
  fs::create_symlink(folder / "loop", folder / "loop");
  BOOST_CHECK_EQUAL(found(folder / "loop"), reason(ELOOP));
  fs::create_directory(folder / "closed");
  fs::permissions(folder / "closed", fs::perms::none);
  if (::access((folder / "closed/x").c_str(), F_OK) != 0 && errno == EACCES) {  // root may do anything
    BOOST_CHECK_EQUAL(found(folder / "closed/x"), reason(EACCES));
    BOOST_CHECK_EQUAL(error_of([&] { read_safetensors(folder / "closed/x"); }).found(), reason(EACCES));
  }
  fs::permissions(folder / "closed", fs::perms::owner_all);
  BOOST_CHECK_EQUAL(error_of([&] { read_safetensors(folder / "closed"); }).found(), reason(EISDIR));
}

BOOST_AUTO_TEST_CASE(a_swallowed_write_error_is_not_committed) {
  Folder folder;
  write_whole(folder / "x", "old");
  bool committed = true;
  {
    const SmallDisk disk(4096);
    AtomicFile file(folder / "x");
    const std::string big(1 << 20, 'b');
    std::fwrite(big.data(), 1, big.size(), file.stream());  // a library that does not look
    try {
      file.commit();
    } catch (const nwm::Error&) {
      committed = false;
    }
  }
  BOOST_CHECK(!committed);
  BOOST_CHECK_EQUAL(content(folder / "x"), "old");
  BOOST_CHECK_EQUAL(folder.entries(), 1u);
}
