// Files that may be gzipped, read from the beginning on: what .npy and IDX are read through. Needs zlib
// (target nwm::data).
#pragma once

#include "nwm/push_macros.inc"

#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "nwm/error.hpp"
#include "nwm/io/atomic_file.hpp"

namespace nwm::data::detail {

/// A file read through zlib, which decompresses gzip and passes any other file through unchanged.
class GzStream {
 public:
  explicit GzStream(const std::filesystem::path& path) : where_(path.string()) {
    errno = 0;
    file_.reset(gzopen(where_.c_str(), "rb"));
    if (!file_) throw Error(where_, "file", "a readable file", io::system_message());
    gzbuffer(file_.get(), 1u << 17);
  }

  /// Fills `out`. Throws Error (…, field, bytes wanted, bytes found) when the file ends earlier.
  void read(std::span<std::byte> out, const std::string& field) {
    const std::size_t found = some(out);
    if (found != out.size())
      throw Error(where_, field, std::to_string(out.size()) + " bytes",
                  "the end of the file after " + std::to_string(found));
  }

  /// Exactly `size` bytes, followed by the end of the file. Memory grows with the bytes read, not with
  /// `size`: a header may be wrong.
  std::vector<std::byte> rest(std::size_t size, const std::string& expected) {
    std::vector<std::byte> bytes;
    while (bytes.size() < size) {
      const std::size_t have = bytes.size();
      const std::size_t want =
          std::min(size - have, std::clamp(have, std::size_t{1} << 16, std::size_t{1} << 26));
      if (bytes.capacity() < have + want) bytes.reserve(std::min(size, 2 * (have + want)));
      bytes.resize(have + want);
      const std::size_t found = some(std::span(bytes).subspan(have));
      if (found != want) throw Error(where_, "data", expected, std::to_string(have + found) + " bytes");
    }
    std::byte more{};
    if (some({&more, 1}) != 0) throw Error(where_, "data", expected, "more bytes behind them");
    return bytes;
  }

 private:
  struct Closer {
    void operator()(gzFile file) const { gzclose_r(file); }
  };

  // Reads bytes into `out`; fewer than its size only at the end of the file. A damaged or cut off gzip stream
  // is an Error.
  std::size_t some(std::span<std::byte> out) {
    errno = 0;
    const int found = gzread(file_.get(), out.data(), static_cast<unsigned>(out.size()));
    int code = Z_OK;
    std::string message = gzerror(file_.get(), &code);
    if (found < 0 || (code != Z_OK && code != Z_STREAM_END)) {
      if (code == Z_ERRNO) message = io::system_message();
      if (message.starts_with(where_ + ": ")) message.erase(0, where_.size() + 2);  // zlib's own prefix
      throw Error(where_, "file", "readable, undamaged content", message);
    }
    return static_cast<std::size_t>(found);
  }

  std::string where_;
  std::unique_ptr<std::remove_pointer_t<gzFile>, Closer> file_;
};

}  // namespace nwm::data::detail

#include "nwm/pop_macros.inc"
