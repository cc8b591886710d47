// What the library throws. The core prints nothing and never aborts. Every exception tells the place, the
// field, what was expected and what was found.
#pragma once

#include <array>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

#if (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__) || defined(__ASSOCIATIVE_MATH__)
// Compilers take tests for NaN and infinity for false then, or calculate them away: nothing would be told.
#error "nwm needs NaN, infinity and sums as written: no -ffast-math, -Ofast, -funsafe-math-optimizations"
#endif

namespace nwm {

/// A number in the text of an error, with nine digits, so that 1e-8 does not read as zero. With 17 digits
/// every double has a text of its own. What is no number is "nan", whatever its sign.
inline std::string shown(double value, int digits = 9) {
  if (value != value) return "nan";
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.*g", digits, value);
  return text.data();
}

/// The shortest text that reads back as this number: 0.1, and not 0.10000000000000001.
inline std::string shown_exactly(double value) {
  int digits = 1;
  while (digits < 17 && std::strtod(shown(value, digits).c_str(), nullptr) != value) ++digits;
  return shown(value, digits);
}

/// An amount of memory in the text of an error, in kB, MB or GB (powers of 1000).
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
  /// Views and not strings: a throw with literals makes no temporary strings, which every program compiles.
  [[gnu::cold]] Error(std::string_view where, std::string_view field, std::string_view expected,
                      std::string_view found)
      : std::runtime_error(sentence(where, field, expected, found)),
        where_(where),
        field_(field),
        expected_(expected),
        found_(found) {}

  /// The place.
  const std::string& where() const noexcept { return where_; }
  /// What did not fit.
  const std::string& field() const noexcept { return field_; }
  /// What was expected.
  const std::string& expected() const noexcept { return expected_; }
  /// What was found.
  const std::string& found() const noexcept { return found_; }

 private:
  [[gnu::cold]] static std::string sentence(std::string_view where, std::string_view field,
                                            std::string_view expected, std::string_view found) {
    std::string text(where);
    for (const std::string_view part : {std::string_view(": "), field, std::string_view(": expected "),
                                        expected, std::string_view(", found "), found})
      text += part;
    return text;
  }

  std::string where_, field_, expected_, found_;
};

/// A computation left the range it can work in: a loss is not finite, or a step's dt exceeds the scheme's
/// stability limit. `field()` names the quantity; during training `where()` names epoch and step.
class Unstable : public Error {
 public:
  using Error::Error;
};

}  // namespace nwm
