// What the programs' command lines share: numbers that are what an option can hold.
#pragma once

#include <CLI/CLI.hpp>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

namespace command_line {

namespace detail {
inline std::string refusal(const char* expected, const std::string& text) {
  return std::string("expected ") + expected + ", found '" + text + "'";
}
inline bool whole(const std::string& text, std::uint64_t least) {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end && value >= least;
}
inline double number(const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  return text.empty() || *end != 0 ? NAN : value;
}
}  // namespace detail

/// For options that are whole numbers: else -1 would be read as 2^64 − 1, and what is too large as the
/// largest.
inline const CLI::Validator natural(
    [](const std::string& text) {
      if (detail::whole(text, 0)) return std::string();
      const bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
      return detail::refusal(digits ? "a whole number below 2^64" : "a whole number, not negative", text);
    },
    "");
/// The same, from 1 on.
inline const CLI::Validator count(
    [](const std::string& text) {
      return detail::whole(text, 1) ? std::string() : detail::refusal("a whole number, at least 1", text);
    },
    "");
/// For options that are numbers: else nan and inf would pass.
inline const CLI::Validator finite(
    [](const std::string& text) {
      return std::isfinite(detail::number(text)) ? std::string() : detail::refusal("a finite number", text);
    },
    "");
/// The same, above 0.
inline const CLI::Validator positive(
    [](const std::string& text) {
      const double value = detail::number(text);
      return std::isfinite(value) && value > 0 ? std::string() : detail::refusal("a positive number", text);
    },
    "");

/// What a program says of an error, before it ends with 1: its name, once, and the error's text.
inline std::string message(const std::string& program, const std::exception& error) {
  const std::string name = program + ": ", text = error.what();
  return text.starts_with(name) ? text : name + text;
}
inline int failed(const char* program, const std::exception& error) {
  std::fprintf(stderr, "%s\n", message(program, error).c_str());
  return 1;
}

}  // namespace command_line
