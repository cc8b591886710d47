#include "journal.hpp"

#include <algorithm>
#include <array>
#include <sstream>
#include <string>
#include <utility>

#include "../disk.hpp"
#include "numbers.hpp"
#include "nwm/error.hpp"
#include "nwm/io/atomic_file.hpp"
#include "nwm/plot/chart.hpp"
#include "nwm/plot/png.hpp"
#include "settings.hpp"

namespace study {
namespace {

constexpr std::array<double nwm::SegmentationMetrics::*, 6> columns{
    &nwm::SegmentationMetrics::loss,
    &nwm::SegmentationMetrics::iou,
    &nwm::SegmentationMetrics::acc,
    &nwm::SegmentationMetrics::loss_foreground,
    &nwm::SegmentationMetrics::iou_foreground,
    &nwm::SegmentationMetrics::acc_foreground};
const std::string header =
    "epoch,loss,validation_loss,validation_iou,validation_acc,validation_loss_foreground,validation_iou_"
    "foreground,"
    "validation_acc_foreground";

/// The `count` numbers of a line; empty when the line does not have exactly so many.
std::vector<double> numbers(const std::string& line, std::size_t count) {
  std::vector<double> out;
  for (std::size_t start = 0; start <= line.size();) {
    const std::size_t end = std::min(line.find(',', start), line.size());
    const auto value = number(std::string_view(line).substr(start, end - start));
    if (!value) return {};
    out.push_back(*value);
    start = end + 1;
  }
  return out.size() == count ? out : std::vector<double>{};
}

}  // namespace

Curve::Curve(std::filesystem::path path, std::size_t epochs) : path_(std::move(path)) {
  if (epochs == 0) return;
  std::istringstream in(disk::content(path_).value_or(""));
  std::string line;
  if (!std::getline(in, line) || line != header)
    throw nwm::Error(path_.string(), "header", header, line.empty() ? "none" : "another");
  while (epochs_.size() < epochs && std::getline(in, line)) {
    const auto values = numbers(line, 2 + columns.size());
    if (values.empty() || values[0] != static_cast<double>(epochs_.size() + 1))
      throw nwm::Error(path_.string(), "row " + std::to_string(epochs_.size() + 1), "that epoch's numbers",
                       line);
    Epoch epoch{.loss = values[1], .validation = {}};
    for (std::size_t i = 0; i < columns.size(); ++i) epoch.validation.*columns[i] = values[2 + i];
    epochs_.push_back(epoch);
  }
  if (epochs != all && epochs_.size() < epochs)
    throw nwm::Error(path_.string(), "rows",
                     "at least " + std::to_string(epochs) + ", as the saved state has epochs",
                     std::to_string(epochs_.size()));
}

void Curve::add(const nwm::Progress& progress) {
  epochs_.push_back({progress.loss, progress.validation});
  std::string table = header + "\n";
  for (std::size_t e = 0; e < epochs_.size(); ++e) {
    table += std::to_string(e + 1) + "," + text(epochs_[e].loss);
    for (const auto column : columns) table.append(",").append(text(epochs_[e].validation.*column));
    table += "\n";
  }
  nwm::io::write_whole(path_, table);
}

void Curve::draw(const std::filesystem::path& picture, const std::string& title) const {
  if (epochs_.empty()) return;
  nwm::plot::Curve training{"training", {0, 114, 178}}, validation{"validation", {213, 94, 0}};
  for (std::size_t e = 0; e < epochs_.size(); ++e) {
    for (nwm::plot::Curve* curve : {&training, &validation}) curve->x.push_back(static_cast<double>(e + 1));
    training.y.push_back(epochs_[e].loss);
    validation.y.push_back(epochs_[e].validation.loss);
  }
  nwm::plot::write_png(
      picture, nwm::plot::chart(
                   std::vector{training, validation},
                   {.title = title, .x_label = "epoch", .y_label = "cross-entropy", .logarithmic = true}));
}

std::vector<double> Curve::validation_losses() const {
  std::vector<double> losses;
  for (const Epoch& e : epochs_) losses.push_back(e.validation.loss);
  return losses;
}

void remove_leftovers(const Files& files) {
  for (const auto* file :
       {&files.state, &files.weights, &files.curve, &files.picture, &files.background, &files.result})
    remove_leftovers(*file);
}

double time_step(const nwm::io::Safetensors& file, double otherwise) {
  const auto said = file.metadata.find("nwm.cell.dt");
  return said == file.metadata.end() ? otherwise : number(said->second).value_or(otherwise);
}

nwm::TrainerOptions trainer_options(const Options& o, std::uint64_t seed) {
  return {.learning_rate = o.learning_rate,
          .batch = o.batch,
          .epochs = o.epochs,
          .schedule = o.schedule == "cosine" ? nwm::schedule::cosine(0.02, 0.1) : nwm::Schedule{},
          .clip_norm = o.clip,
          .patience = o.patience,
          .improvement = o.improvement,
          .seed = seed,
          .threads = o.threads};
}

std::string verdict(const nwm::Unstable& error) {
  std::string out = "diverged at " + error.where() + " (" + error.field() + ": " + error.found() + ")";
  std::erase(out, ',');
  std::ranges::replace(out, '\n', ' ');
  return out;
}

}  // namespace study
