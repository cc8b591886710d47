// What the library throws. The core prints nothing and never aborts: whoever catches one of these knows the
// place, the field, what was expected there and what was found.
#pragma once

#include <array>
#include <cstddef>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <utility>

namespace nwm {

/// A number as errors tell it: nine digits, so that 1e-8 does not read as zero. 17 digits tell every double
/// apart.
inline std::string shown(double value, int digits = 9) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.*g", digits, value);
  return text.data();
}

/// An amount of memory as errors tell it, in units of 1000.
inline std::string shown_bytes(std::size_t bytes) {
  std::array<char, 32> text{};
  const auto value = static_cast<double>(bytes);
  if (bytes < 1000000) std::snprintf(text.data(), text.size(), "%.3g kB", value / 1e3);
  else if (bytes < 1000000000) std::snprintf(text.data(), text.size(), "%.3g MB", value / 1e6);
  else std::snprintf(text.data(), text.size(), "%.3g GB", value / 1e9);
  return text.data();
}

/// Input that does not fit: a file, a tensor, an option. `what()` reads
/// "<where>: <field>: expected <expected>, found <found>".
class Error : public std::runtime_error {
 public:
  /// where: file path or the name of the operation; field: tensor, option or header field that is wrong.
  Error(std::string where, std::string field, std::string expected, std::string found)
      : std::runtime_error(where + ": " + field + ": expected " + expected + ", found " + found),
        where_(std::move(where)),
        field_(std::move(field)),
        expected_(std::move(expected)),
        found_(std::move(found)) {}

  const std::string& where() const noexcept { return where_; }
  const std::string& field() const noexcept { return field_; }
  const std::string& expected() const noexcept { return expected_; }
  const std::string& found() const noexcept { return found_; }

 private:
  std::string where_, field_, expected_, found_;
};

/// A computation that left the numbers it can work with: a loss that is not finite, or a step whose dt
/// exceeds the scheme's stability limit. `where()` names epoch and step when training raised it, `field()`
/// the quantity.
class Unstable : public Error {
 public:
  using Error::Error;
};

}  // namespace nwm
