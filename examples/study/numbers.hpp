// Converts numbers to text and back without loss.
#pragma once

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace study {

/// The shortest text that reads back as the same number; "nan" for any NaN.
inline std::string text(double value) {
  if (std::isnan(value)) return "nan";
  std::array<char, 40> out{};
  const auto [end, code] = std::to_chars(out.data(), out.data() + out.size(), value);
  return {out.data(), end};
}

inline std::optional<double> number(std::string_view text) {
  if (text == "nan") return std::numeric_limits<double>::quiet_NaN();
  double value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace study
