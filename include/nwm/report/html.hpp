// The small parts of an HTML page: escaped text, embedded data, tables.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nwm/error.hpp"
#include "nwm/plot/series.hpp"

namespace nwm::report {

/// Text with HTML's special characters escaped, for use between tags and in quoted attributes.
inline std::string escape(std::string_view text) {
  std::string result;
  for (const char c : text) switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      default:
        result += c;
    }
  return result;
}

/// Base64 (RFC 4648), with padding.
inline std::string base64(std::span<const std::byte> bytes) {
  static constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string result;
  result.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k)
      group = group << 8 | (i + k < bytes.size() ? static_cast<std::uint32_t>(bytes[i + k]) : 0u);
    for (std::size_t k = 0; k < 4; ++k)
      result += i + k <= bytes.size() ? alphabet[group >> (18 - 6 * k) & 63u] : '=';
  }
  return result;
}

/// "data:<type>;base64,…"
inline std::string data_uri(std::string_view type, std::span<const std::byte> bytes) {
  return "data:" + std::string(type) + ";base64," + base64(bytes);
}

/// A number with `digits` significant digits, the same in every locale; "–" for NaN.
inline std::string number(double value, int digits = 4) {
  return std::isnan(value) ? "–" : plot::detail::number(value, digits);
}
/// A share of 1 as "12.5 %".
inline std::string percent(double share, int digits = 4) { return number(100 * share, digits) + " %"; }
/// The distance of found/truth from 1 in per cent, with its sign: "+0.42 %".
inline std::string deviation(double found, double truth) {
  if (!std::isfinite(found) || !std::isfinite(truth)) return "–";
  const double apart = 100 * (found / truth - 1);
  // Two digits below a per cent. Rounding noise is shown as 0.
  const std::string text = std::abs(apart) < 5e-5 ? "0" : plot::detail::number(std::abs(apart), 2);
  return (text == "0" ? "" : apart < 0 ? "−" : "+") + text + " %";
}

/// Rows of plain-text cells under a head.
struct Table {
  std::vector<std::string> head;                    ///< names of the columns
  std::vector<std::vector<std::string>> rows = {};  ///< cells of each row, as plain text
  std::string caption = {};                         ///< below the table
  std::size_t text_columns = 1;  ///< this many columns from the left are text, the others numbers

  /// The table as HTML. Throws Error when a row has another number of cells than the head.
  std::string html() const {
    std::string result = "<div class=\"wide\"><table>\n";
    if (!caption.empty()) result += "<caption>" + escape(caption) + "</caption>\n";
    const auto cells = [&](const std::vector<std::string>& row, const char* tag) {
      if (row.size() != head.size())
        throw Error("nwm::report::Table", "row", std::to_string(head.size()) + " cells",
                    std::to_string(row.size()));
      result += "<tr>";
      for (std::size_t i = 0; i < row.size(); ++i)
        result.append("<")
            .append(tag)
            .append(i < text_columns ? "" : " class=\"n\"")
            .append(">")
            .append(escape(row[i]))
            .append("</")
            .append(tag)
            .append(">");
      result += "</tr>\n";
    };
    result += "<thead>";
    cells(head, "th");
    result += "</thead>\n<tbody>\n";
    for (const auto& row : rows) cells(row, "td");
    if (rows.empty()) result += "<tr><td colspan=\"" + std::to_string(head.size()) + "\">none</td></tr>\n";
    return result + "</tbody></table></div>\n";
  }
};

}  // namespace nwm::report
