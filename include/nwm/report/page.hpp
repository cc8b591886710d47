// A page to send to a colleague: one HTML file with all pictures and sounds inside. It is readable in light
// and dark and needs no network.
#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nwm/io/atomic_file.hpp"
#include "nwm/plot/colour.hpp"
#include "nwm/plot/gif.hpp"
#include "nwm/plot/image.hpp"
#include "nwm/plot/png.hpp"
#include "nwm/report/html.hpp"
#include "nwm/report/style.hpp"
#include "nwm/sound/wav.hpp"

namespace nwm::report {

/// A picture or sound with its caption.
struct Figure {
  std::string content;                   ///< HTML
  std::string title = {}, caption = {};  ///< plain text; the title is set bold before the caption
  std::optional<Table> data = {};        ///< the same in numbers, folded away
};

/// A picture, shown `width` CSS pixels wide (0: its own width), or narrower where there is less room. pixels:
/// enlarge without smoothing. alt: text for readers who cannot see the picture. Throws Error as
/// plot::encode_png.
inline std::string picture(const plot::Image& image, const std::string& alt, std::size_t width = 0,
                           bool pixels = true) {
  const std::string data = data_uri("image/png", plot::encode_png(image));  // first: it refuses an empty one
  const std::size_t shown = width == 0 ? image.width() : width;
  return "<img" + std::string(pixels ? " class=\"pixels\"" : "") + " width=\"" + std::to_string(shown) +
         "\" height=\"" + std::to_string(image.height() * shown / image.width()) + "\" alt=\"" + escape(alt) +
         "\" src=\"" + data + "\">\n";
}

/// An animated GIF from its bytes.
inline std::string film(std::span<const std::byte> gif, const std::string& alt) {
  return "<img alt=\"" + escape(alt) + "\" src=\"" + data_uri("image/gif", gif) + "\">\n";
}

/// A player for a sound.
inline std::string player(const sound::Clip& clip) {
  return "<audio controls preload=\"metadata\" title=\"" + escape(clip.title) + "\" src=\"" +
         data_uri("audio/wav", sound::encode_wav(clip)) + "\"></audio>\n";
}
/// A sound with its title. The sound's file says how it was made.
inline Figure heard(const sound::Clip& clip, std::string caption = {}) {
  return {player(clip), clip.title, std::move(caption)};
}

/// A bar with the colours between two values: colour(part) for part in [0, 1].
template <class Colour>
std::string scale(const std::string& from, const std::string& to, const Colour& colour) {
  std::string result = "<div class=\"scale\"><span>" + escape(from) +
                       "</span><span class=\"bar\" style=\"background:linear-gradient(90deg";
  for (int i = 0; i <= 8; ++i) {
    const plot::Rgb c = colour(i / 8.0);
    result += ",rgb(" + std::to_string(c.r) + " " + std::to_string(c.g) + " " + std::to_string(c.b) + ")";
  }
  return result + ")\">&nbsp;</span><span>" + escape(to) + "</span></div>\n";
}

/// An HTML page, built section by section. Each method appends its content and returns the page.
class Page {
 public:
  /// An empty page with a title and the words below it, plain text both.
  Page(std::string title, std::string lead) : title_(std::move(title)), lead_(std::move(lead)) {}

  /// Begins a section. The top of the page lists all sections.
  Page& section(const std::string& heading) {
    sections_.push_back(heading);
    body_ += "<h2 id=\"s" + std::to_string(sections_.size()) + "\">" + escape(heading) + "</h2>\n";
    return *this;
  }
  /// A paragraph of plain text.
  Page& text(const std::string& words) { return html("<p>" + escape(words) + "</p>\n"); }
  /// Names and values side by side.
  Page& facts(const std::vector<std::pair<std::string, std::string>>& list) {
    body_ += "<ul class=\"facts\">";
    for (const auto& [name, value] : list)
      body_ += "<li><span>" + escape(name) + "</span><b>" + escape(value) + "</b></li>";
    return html("</ul>\n");
  }
  /// Adds a table.
  Page& table(const Table& table) { return html(table.html()); }
  /// Adds a figure.
  Page& figure(const Figure& f) { return html(figure_html(f)); }
  /// Figures side by side, as many in a row as fit.
  Page& row(const std::vector<Figure>& figures) {
    body_ += "<div class=\"row\">\n";
    for (const Figure& f : figures) body_ += figure_html(f);
    return html("</div>\n");
  }
  /// Adds HTML unchanged; the caller must have escaped it.
  Page& html(const std::string& markup) {
    body_ += markup;
    return *this;
  }

  /// The whole page as HTML.
  std::string str() const {
    std::string page =
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>" +
        escape(title_) + "</title>\n<style>" + std::string(style) +
        "</style>\n</head>\n<body>\n<header>\n<h1>" + escape(title_) + "</h1>\n<p class=\"lead\">" +
        escape(lead_) + "</p>\n";
    if (!sections_.empty()) {
      page += "<nav aria-label=\"Sections\"><ol>";
      for (std::size_t i = 0; i < sections_.size(); ++i)
        page += "<li><a href=\"#s" + std::to_string(i + 1) + "\">" + escape(sections_[i]) + "</a></li>";
      page += "</ol></nav>\n";
    }
    return page + "</header>\n<main>\n" + body_ +
           "</main>\n<footer><p>Made by nwm, a library for Neural Wave Machines. Pictures and sounds are "
           "inside "
           "this file.</p></footer>\n</body>\n</html>\n";
  }

  /// Writes the page, whole or not at all. Throws Error when the file cannot be written.
  void write(const std::filesystem::path& path) const { io::write_whole(path, std::string_view(str())); }

 private:
  static std::string figure_html(const Figure& f) {
    std::string result = "<figure>\n" + f.content;
    if (!f.title.empty() || !f.caption.empty() || f.data) {
      result += "<figcaption>";
      if (!f.title.empty()) result += "<b>" + escape(f.title) + "</b> ";
      result += escape(f.caption);
      if (f.data) result += "\n<details><summary>As a table</summary>\n" + f.data->html() + "</details>";
      result += "</figcaption>\n";
    }
    return result + "</figure>\n";
  }

  std::string title_, lead_, body_;
  std::vector<std::string> sections_;
};

}  // namespace nwm::report
