// Parameter names usable at compile time, so that a model's layout is a constant.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace nwm {

/// A string of at most 79 characters, usable in constant expressions. A longer one fails to compile.
class Name {
 public:
  constexpr Name() = default;
  /// A name from a text.
  constexpr Name(const char* text) : Name(std::string_view(text)) {}  // NOLINT: meant to convert
  /// A name from a text.
  constexpr Name(std::string_view text) {  // NOLINT: meant to convert
    for (const char c : text) push(c);
  }

  /// The text.
  constexpr std::string_view view() const { return {text_.data(), size_}; }

  friend constexpr Name operator+(Name left, const Name& right) {
    for (const char c : right.view()) left.push(c);
    return left;
  }
  friend constexpr Name operator+(Name left, std::size_t number) {
    if (number >= 10) left = left + number / 10;
    left.push(static_cast<char>('0' + number % 10));
    return left;
  }

 private:
  constexpr void push(char c) { text_.at(size_++) = c; }

  std::array<char, 79> text_{};
  std::size_t size_ = 0;
};

}  // namespace nwm
