#include "journal.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>
#include <sstream>
#include <utility>

#include "../disk.hpp"
#include "nwm/error.hpp"
#include "nwm/io/atomic_file.hpp"
#include "nwm/plot/chart.hpp"
#include "nwm/plot/png.hpp"

namespace sequence {
namespace {

const std::string header = "epoch,loss,validation_loss,validation_accuracy";

/// The shortest text that reads back as the same number; empty for NaN.
std::string text(double value) {
  if (std::isnan(value)) return "";
  std::array<char, 40> out{};
  return {out.data(), std::to_chars(out.data(), out.data() + out.size(), value).ptr};
}

/// The numbers of a line with commas, NaN for an empty field; nothing where one is not a number.
std::vector<double> numbers(const std::string& line) {
  std::vector<double> all;
  for (std::size_t start = 0; start <= line.size();) {
    const std::size_t end = std::min(line.find(',', start), line.size());
    double value = std::numeric_limits<double>::quiet_NaN();
    if (end > start) {
      const auto [stop, code] = std::from_chars(line.data() + start, line.data() + end, value);
      if (code != std::errc() || stop != line.data() + end) return {};
    }
    all.push_back(value);
    start = end + 1;
  }
  return all;
}

}  // namespace

Curve::Curve(std::filesystem::path path, std::size_t epochs) : path_(std::move(path)) {
  if (epochs == 0) return;
  std::istringstream in(disk::content(path_).value_or(""));
  std::string line;
  if (!std::getline(in, line) || line != header)
    throw nwm::Error(path_.string(), "header", header, line.empty() ? "none" : line);
  while (rows_.size() < epochs && std::getline(in, line)) {
    const auto values = numbers(line);
    if (values.size() != 4 || values[0] != static_cast<double>(rows_.size() + 1))
      throw nwm::Error(path_.string(), "row " + std::to_string(rows_.size() + 1), "that epoch's numbers",
                       line);
    rows_.push_back({values[1], values[2], values[3]});
  }
  if (rows_.size() < epochs)
    throw nwm::Error(path_.string(), "rows",
                     "at least " + std::to_string(epochs) + ", as the saved state has epochs",
                     std::to_string(rows_.size()));
}

void Curve::add(const Row& row) {
  rows_.push_back(row);
  std::string all = header + "\n";
  for (std::size_t e = 0; e < rows_.size(); ++e)
    all += std::to_string(e + 1) + "," + text(rows_[e].loss) + "," + text(rows_[e].validation_loss) + "," +
           text(rows_[e].accuracy) + "\n";
  nwm::io::write_whole(path_, all);
}

void Curve::draw(const std::filesystem::path& picture, const std::string& title, double guess) const {
  if (rows_.empty()) return;
  nwm::plot::Curve training{"training", {0, 114, 178}}, validation{"validation", {213, 94, 0}},
      guessing{"guessing", {150, 150, 150}};
  for (std::size_t e = 0; e < rows_.size(); ++e) {
    for (nwm::plot::Curve* curve : {&training, &validation, &guessing})
      curve->x.push_back(static_cast<double>(e + 1));
    training.y.push_back(rows_[e].loss);
    validation.y.push_back(rows_[e].validation_loss);
    guessing.y.push_back(guess);
  }
  std::vector curves{training, validation};
  if (guess > 0) curves.push_back(guessing);
  nwm::plot::write_png(
      picture,
      nwm::plot::chart(curves, {.title = title, .x_label = "epoch", .y_label = "loss", .logarithmic = true}));
}

void open_folder(const Files& files, const Entry& entry, const Settings& settings, const Options& options) {
  const std::filesystem::path folder = files.state.parent_path();
  const std::string now = "run = " + entry.name() +
                          "\ntraining sequences = " + std::to_string(settings.train) +
                          "\nseed = " + std::to_string(options.seed) + "\n";
  if (disk::exists(files.state)) {
    if (!options.resume)
      throw nwm::Error("nwm_sequence", "--out",
                       "a folder without this run, or --resume, to go on with the one that is there",
                       folder.string());
    if (const std::string before = disk::content(files.settings).value_or(""); before != now)
      throw nwm::Error(files.settings.string(), "settings of the run", now, before);
  }
  disk::make_folder(folder);
  nwm::io::write_whole(files.settings, now);
}

std::string add_result(const std::filesystem::path& path, const std::string& run, const Entry& entry,
                       const Data& data, const Outcome& outcome) {
  std::string all = disk::content(path).value_or(""), beside = "no published figure", known;
  if (all.empty())
    all = "run,parameters,epochs,seconds,test_loss,test_accuracy,known_loss,known_accuracy,known_from\n";
  std::array<char, 96> words{};
  if (entry.published > 0) {
    std::snprintf(words.data(), words.size(), "published: accuracy %.2f %%", 100 * entry.published);
    known = "," + text(entry.published) + ",authors' log";
    beside = words.data();
  } else if (data.guess > 0) {
    std::snprintf(words.data(), words.size(), "%s: loss %.4f", data.guess_name.c_str(), data.guess);
    known = text(data.guess) + ",," + data.guess_name;
    beside = words.data();
  } else {
    known = ",,";
  }
  all += run + "," + std::to_string(entry.parameters) + "," + std::to_string(outcome.epochs) + "," +
         text(outcome.seconds) + "," + text(outcome.loss) + "," + text(outcome.accuracy) + "," + known + "\n";
  nwm::io::write_whole(path, all);
  return beside;
}

}  // namespace sequence
