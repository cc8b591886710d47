// Shared by the tests of reports: standard programs that judge the files, where installed.
#pragma once

#include <array>
#include <boost/test/unit_test.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <random>
#include <string>

namespace report_test {

namespace fs = std::filesystem;

struct Folder {
  fs::path path = fs::temp_directory_path() / ("nwm_report_" + std::to_string(std::random_device{}()));
  Folder() { fs::create_directory(path); }
  ~Folder() { fs::remove_all(path); }
};

inline std::string read_text(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// A program's output and exit status. Without the program, run() returns nothing and prints a message
/// (judge/NAME of ctest then says "Skipped").
struct Ran {
  int status = 0;
  std::string output;
};
inline std::optional<Ran> run(const std::string& program, const std::string& arguments) {
  if (std::system(("command -v " + program + " > /dev/null 2>&1").c_str()) != 0) {
    std::cerr << "skipped: what " << program << " says; it is not there\n";
    return std::nullopt;
  }
  Ran result;
  std::FILE* pipe = popen((program + " " + arguments + " 2>&1").c_str(), "r");
  std::array<char, 256> part;
  while (std::fgets(part.data(), part.size(), pipe)) result.output += part.data();
  result.status = pclose(pipe);
  return result;
}

/// Fails the test if HTML Tidy complains about a page.
inline void check_valid(const fs::path& page) {
  const auto tidy = run("tidy", "-q -e -utf8 " + page.string());
  if (tidy) BOOST_TEST(tidy->output == "", tidy->output.substr(0, 2000));
}

/// The decoded data URIs of one type in a page.
inline std::vector<std::string> embedded(const std::string& html, const std::string& type) {
  static const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::vector<std::string> result;
  const std::string head = "data:" + type + ";base64,";
  for (std::size_t at = html.find(head); at != std::string::npos; at = html.find(head, at + 1)) {
    std::string bytes;
    unsigned group = 0;
    int bits = 0;
    for (std::size_t i = at + head.size(); html[i] != '"' && html[i] != '='; ++i) {
      group = group << 6 | static_cast<unsigned>(alphabet.find(html[i]));
      if ((bits += 6) >= 8) bytes += static_cast<char>(group >> (bits -= 8) & 0xff);
    }
    result.push_back(bytes);
  }
  return result;
}

inline fs::path save(const Folder& folder, const std::string& name, const std::string& bytes) {
  const fs::path path = folder.path / name;
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

/// Checks that standard programs read every picture and sound in a page to the end.
inline void check_media(const Folder& folder, const std::string& html, std::size_t pictures,
                        std::size_t films, std::size_t sounds) {
  const auto png = embedded(html, "image/png"), gif = embedded(html, "image/gif"),
             wav = embedded(html, "audio/wav");
  BOOST_TEST(png.size() >= pictures);
  BOOST_TEST(gif.size() >= films);
  BOOST_TEST(wav.size() >= sounds);
  for (const auto& bytes : png)
    if (const auto ran = run("pngcheck", "-q " + save(folder, "a.png", bytes).string())) {
      BOOST_TEST(ran->status == 0, ran->output);
    } else break;
  for (const auto& bytes : gif)
    if (const auto ran = run("giftext", save(folder, "a.gif", bytes).string())) {
      BOOST_TEST(ran->status == 0, ran->output);
      BOOST_TEST(ran->output.find("GIF file terminated normally") != std::string::npos);
    } else break;
  for (const auto& bytes : wav)
    if (const auto ran = run("sox", save(folder, "a.wav", bytes).string() + " -n stat")) {
      BOOST_TEST(ran->status == 0, ran->output);
      BOOST_TEST(ran->output.find("0.799988") != std::string::npos, ran->output);
    } else break;
  // The page loads nothing from elsewhere.
  for (const char* outside : {"src=\"http", "href=\"http", "url(http", "<script", "@import"})
    BOOST_TEST(html.find(outside) == std::string::npos, outside);
}

}  // namespace report_test
