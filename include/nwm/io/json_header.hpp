// Strict parsing of the short headers of tensor files (the JSON of .safetensors, the dictionary of .npy). Any
// text outside the expected grammar gives an Error with its place, and never anything worse.
#pragma once

#include "nwm/push_macros.inc"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "nwm/error.hpp"

namespace nwm::io {

/// Position of the first byte that is not well-formed UTF-8 (overlong forms, surrogates and numbers above
/// U+10FFFF are not); text.size() when all bytes are.
inline std::size_t utf8_prefix(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    const auto byte = [&](std::size_t k) { return static_cast<unsigned char>(text[k]); };
    const unsigned first = byte(i);
    const std::size_t length = first < 0x80   ? 1
                               : first < 0xC2 ? 0
                               : first < 0xE0 ? 2
                               : first < 0xF0 ? 3
                               : first < 0xF5 ? 4
                                              : 0;
    if (length == 0 || length > text.size() - i) return i;
    for (std::size_t k = 1; k < length; ++k)
      if ((byte(i + k) & 0xC0) != 0x80) return i;
    if (length > 2) {
      const unsigned second = byte(i + 1);
      const bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
      const bool outside = (first == 0xED && second > 0x9F) || (first == 0xF4 && second > 0x8F);
      if (overlong || outside) return i;
    }
    i += length;
  }
  return i;
}

/// `text` (UTF-8) as a JSON string with its quotes.
inline std::string json_quoted(std::string_view text) {
  constexpr char hex[] = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') (out += '\\') += c;
    else if (static_cast<unsigned char>(c) < 0x20) ((out += "\\u00") += hex[c >> 4]) += hex[c & 15];
    else out += c;
  }
  return out += '"';
}

/// A reading position in a header. Every reader skips blanks, moves past what it read, and throws
/// Error(where, field, expected, found with its byte) when the text does not match.
class HeaderText {
 public:
  /// text must outlive the reader; where is the file's path. Throws Error when the text is not UTF-8.
  HeaderText(std::string_view text, std::string where) : text_(text), where_(std::move(where)) {
    at_ = utf8_prefix(text_);
    if (at_ != text_.size()) fail("UTF-8 text");
    at_ = 0;
  }

  /// Sets the field that later errors name ("header", "header of tensor 'x'").
  void set_field(std::string field) { field_ = std::move(field); }

  /// Skips `wanted` if it comes next, and says whether it did.
  bool accept(std::string_view wanted) {
    blanks();
    if (!text_.substr(at_).starts_with(wanted)) return false;
    at_ += wanted.size();
    return true;
  }
  /// Skips `wanted`, which must come next.
  void expect(std::string_view wanted) {
    if (!accept(wanted)) fail("'" + std::string(wanted) + "'");
  }

  /// Reads a whole number without sign, fraction, exponent or leading zeros.
  std::size_t natural() {
    blanks();
    if (!digit()) fail("a whole number");
    constexpr std::size_t most = std::numeric_limits<std::size_t>::max();
    const std::size_t start = at_;
    std::size_t value = 0;
    do {
      const auto next = static_cast<std::size_t>(text_[at_] - '0');
      if (value > (most - next) / 10) at_ = start, fail("a whole number up to " + std::to_string(most));
      value = value * 10 + next;
      ++at_;
    } while (value != 0 && digit());
    return value;
  }

  /// Reads a JSON string, with escapes resolved to UTF-8 (also \u0000 and surrogate pairs; half a pair is an
  /// Error).
  std::string json_string() {
    expect("\"");
    std::string out;
    for (;;) {
      if (at_ == text_.size()) fail("the end of a string");
      const char c = text_[at_];
      if (static_cast<unsigned char>(c) < 0x20) fail("no bare control character in a string");
      ++at_;
      if (c == '"') return out;
      if (c == '\\') escape(out);
      else out += c;
    }
  }

  /// Reads a Python string in single or double quotes, of printable characters without escapes.
  std::string python_string() {
    const char quote = accept("'") ? '\'' : '"';
    if (quote == '"') expect("\"");
    const std::size_t start = at_;
    while (at_ < text_.size() && text_[at_] != quote && text_[at_] >= ' ' && text_[at_] != '\\') ++at_;
    if (at_ == text_.size() || text_[at_] != quote) fail("the end of a string");
    return std::string(text_.substr(start, at_++ - start));
  }

  /// Reads a JSON object; member(key) must read the value. Keys must differ.
  template <std::invocable<const std::string&> Member>
  void json_object(Member&& member) {
    expect("{");
    if (accept("}")) return;
    std::set<std::string> seen;
    do {
      const auto [key, fresh] = seen.insert(json_string());
      if (!fresh) throw Error(where_, field_, "every name once", "'" + *key + "' again" + place());
      expect(":");
      member(*key);
    } while (accept(","));
    expect("}");
  }

  /// Reads elements separated by commas between `open` and `close`; element() must read one. With
  /// `trailing_comma`, a comma may follow the last. Returns the number of commas.
  template <std::invocable<> Element>
  std::size_t sequence(std::string_view open, std::string_view close, Element&& element,
                       bool trailing_comma = false) {
    expect(open);
    std::size_t commas = 0;
    if (accept(close)) return commas;
    for (;; ++commas) {
      element();
      if (!accept(",")) break;
      if (trailing_comma && accept(close)) return commas + 1;
    }
    expect(close);
    return commas;
  }

  /// Throws Error unless only blanks follow.
  void end() {
    blanks();
    if (at_ != text_.size()) fail("the end of the header");
  }

  /// Throws Error, saying what was expected and what stands there.
  [[noreturn]] void fail(std::string expected) const {
    throw Error(where_, field_, std::move(expected), next() + place());
  }

 private:
  void blanks() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos)
      ++at_;
  }
  bool digit() const { return at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; }
  std::string place() const { return " at byte " + std::to_string(at_) + " of the header"; }

  // The next few characters in printable form.
  std::string next() const {
    if (at_ >= text_.size()) return "the end";
    std::string shown;
    for (const char c : text_.substr(at_, 12)) shown += c >= ' ' && c <= '~' ? c : '?';
    return "'" + shown + "'";
  }

  std::uint32_t hex4() {
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const std::size_t digit = at_ < text_.size()
                                    ? std::string_view("0123456789abcdefABCDEF").find(text_[at_])
                                    : std::string_view::npos;
      if (digit == std::string_view::npos) fail("four hexadecimal digits after \\u");
      value = value * 16 + static_cast<std::uint32_t>(digit < 16 ? digit : digit - 6);
    }
    return value;
  }

  // Reads an escape after its backslash.
  void escape(std::string& out) {
    constexpr std::string_view letters = "\"\\/bfnrt", values = "\"\\/\b\f\n\r\t";
    const std::size_t letter = at_ < text_.size() ? letters.find(text_[at_]) : std::string_view::npos;
    if (letter != std::string_view::npos) {
      out += values[letter];
      ++at_;
      return;
    }
    if (at_ == text_.size() || text_[at_] != 'u') fail("a JSON escape");
    const std::size_t start = at_++;
    std::uint32_t code = hex4();
    const bool low = code >= 0xDC00 && code < 0xE000, high = code >= 0xD800 && code < 0xDC00;
    if (high && text_.substr(at_).starts_with("\\u")) {
      at_ += 2;
      const std::uint32_t second = hex4();
      if (second < 0xDC00 || second >= 0xE000) at_ = start, fail("both halves of a surrogate pair");
      code = 0x10000 + ((code - 0xD800) << 10) + (second - 0xDC00);
    } else if (high || low) {
      at_ = start, fail("both halves of a surrogate pair");
    }
    append_utf8(out, code);
  }

  static void append_utf8(std::string& out, std::uint32_t code) {
    const auto put = [&](std::uint32_t byte) { out += static_cast<char>(static_cast<unsigned char>(byte)); };
    const auto tail = [&](int shift) { put(0x80 | ((code >> shift) & 0x3F)); };
    if (code < 0x80) return put(code);
    if (code < 0x800) return put(0xC0 | (code >> 6)), tail(0);
    if (code < 0x10000) return put(0xE0 | (code >> 12)), tail(6), tail(0);
    put(0xF0 | (code >> 18)), tail(12), tail(6), tail(0);
  }

  std::string_view text_;
  std::string where_, field_ = "header";
  std::size_t at_ = 0;
};

}  // namespace nwm::io

#include "nwm/pop_macros.inc"
