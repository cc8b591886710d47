#include "results.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string_view>
#include <system_error>
#include <utility>

#include "../disk.hpp"
#include "numbers.hpp"
#include "nwm/error.hpp"
#include "nwm/io/atomic_file.hpp"

namespace study {
namespace {

constexpr std::array<double nwm::SegmentationMetrics::*, 6> columns{
    &nwm::SegmentationMetrics::loss,
    &nwm::SegmentationMetrics::iou,
    &nwm::SegmentationMetrics::acc,
    &nwm::SegmentationMetrics::loss_foreground,
    &nwm::SegmentationMetrics::iou_foreground,
    &nwm::SegmentationMetrics::acc_foreground};

std::string width_text(const Configuration& c) {
  return c.width > 0 ? "width=" + std::to_string(c.width) : "";
}

std::string fields_of(const nwm::SegmentationMetrics& metrics) {
  std::string out;
  for (const auto column : columns) out.append(out.empty() ? "" : ",").append(text(metrics.*column));
  return out;
}

const std::string background_header = "loss,iou,acc,loss_foreground,iou_foreground,acc_foreground\n";

}  // namespace

bool collapsed(const nwm::SegmentationMetrics& metrics) { return metrics.acc_foreground < 1e-3; }

std::string csv_header() {
  return "run_name,dataset,model_type,readout_type,max_iters,num_layers,extension,loss,iou,acc,loss_"
         "foreground,"
         "iou_foreground,acc_foreground\n";
}

std::string csv_row(const Result& result) {
  const Configuration& c = result.run.configuration;
  const auto count = [](std::size_t n) { return n > 0 ? std::to_string(n) : std::string(); };
  const std::string width = width_text(c);
  std::string row = result.run.name() + "," + c.data + "," + c.model + "," + c.readout + "," +
                    count(c.steps()) + "," + count(c.layers) + "," + width +
                    (width.empty() || result.verdict.empty() ? "" : " ") + result.verdict;
  return row + "," + fields_of(result.metrics) + "\n";
}

std::string authors_header() {
  return "run_name,dataset,model_type,readout_type,max_iters,num_layers,c_mid,extension,loss,iou,acc,loss_"
         "foreground,iou_foreground,acc_foreground,verdict\n";
}

std::string authors_row(const Result& result) {
  const Configuration& c = result.run.configuration;
  const auto named = [](const std::string& own,
                        std::initializer_list<std::pair<const char*, const char*>> names) {
    for (const auto& [ours, theirs] : names)
      if (own == ours) return std::string(theirs);
    return own;
  };
  // Where a key that their notebooks group by does not tell variants apart, the name of the model does.
  const bool told = c.data == "multi-mnist" ? c.model == "unet" || (c.model == "nwm" && c.readout == "linear")
                                            : c.model != "unet";
  std::string model = named(c.model, {{"nwm", "cornn_model2"},
                                      {"lstm", "conv_recurrent2"},
                                      {"gru", "conv_recurrent2_gru"},
                                      {"rnn", "conv_recurrent2_rnn"},
                                      {"cnn", "baseline1_flexible"},
                                      {"unet", "unet2"}});
  if (!told) model += "_" + c.variant();
  const std::string data =
      named(c.data, {{"tetrominoes", "new_tetronimoes"}, {"multi-mnist", "multi_mnist"}});
  // What a model does not have their programs set all the same: their defaults.
  std::string row =
      result.run.name() + "," + data + "," + model + "," + (c.readout.empty() ? "linear" : c.readout) + "," +
      std::to_string(c.steps() > 0 ? c.steps() : 100) + "," + std::to_string(c.layers > 0 ? c.layers : 16) +
      "," + std::to_string(c.width > 0 ? c.width : data_set(c.data).encoder_width) + "," +
      std::to_string(result.run.seed);
  return row + "," + fields_of(result.metrics) + "," + (result.verdict.empty() ? "none" : result.verdict) +
         "\n";
}

Result read_result(const std::filesystem::path& path) {
  const std::string content = disk::content(path).value_or("");
  const auto wrong = [&](const std::string& field, const std::string& expected, const std::string& found) {
    return nwm::Error(path.string(), field, expected + " (remove the file to have the run done again)",
                      found);
  };
  const std::string header = csv_header();
  if (!content.starts_with(header)) throw wrong("header", header.substr(0, header.size() - 1), "another");
  const std::string row = content.substr(header.size());
  std::vector<std::string> fields;
  for (std::size_t start = 0; start < row.size();) {
    const std::size_t end = std::min(row.find_first_of(",\n", start), row.size());
    fields.push_back(row.substr(start, end - start));
    start = end + 1;
  }
  if (fields.size() != 13) throw wrong("row", "13 fields", std::to_string(fields.size()));
  const auto run = run_named(fields[0]);
  if (!run) throw wrong("run_name", "a run of the study", "'" + fields[0] + "'");
  Result result{.run = *run, .metrics = {}};
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const auto value = number(fields[7 + i]);
    if (!value) throw wrong("row", "numbers", "'" + fields[7 + i] + "'");
    result.metrics.*columns[i] = *value;
  }
  const std::size_t width = width_text(run->configuration).size();
  result.verdict = fields[6].substr(std::min(fields[6].size(), width > 0 ? width + 1 : 0));
  if (csv_row(result) != row) throw wrong("row", "what this program writes", "'" + row + "'");
  return result;
}

void write_result(const std::filesystem::path& path, const Result& result) {
  nwm::io::write_whole(path, csv_header() + csv_row(result));
}

nwm::SegmentationMetrics read_background(const std::filesystem::path& path) {
  const std::string content = disk::content(path).value_or("");
  const auto wrong = [&](const std::string& field, const std::string& expected) {
    return nwm::Error(path.string(), field, expected + " (remove the file: its row is then left out)",
                      "another");
  };
  if (!content.starts_with(background_header))
    throw wrong("header", background_header.substr(0, background_header.size() - 1));
  nwm::SegmentationMetrics metrics;
  std::size_t start = background_header.size();
  for (const auto column : columns) {
    const std::size_t end = std::min(content.find_first_of(",\n", start), content.size());
    const auto value =
        number(std::string_view(content).substr(std::min(start, end), end - std::min(start, end)));
    if (!value) throw wrong("row", "six numbers");
    metrics.*column = *value;
    start = end + 1;
  }
  if (background_header + fields_of(metrics) + "\n" != content)
    throw wrong("row", "what this program writes");
  return metrics;
}

void write_background(const std::filesystem::path& path, const nwm::SegmentationMetrics& metrics) {
  nwm::io::write_whole(path, background_header + fields_of(metrics) + "\n");
}

Backgrounds backgrounds(const std::filesystem::path& runs, const std::vector<Result>& results) {
  Backgrounds all;
  for (const Result& r : results) {
    const std::filesystem::path path = runs / r.run.name() / "background.csv";
    if (!all.contains(r.run.configuration.data) && disk::exists(path))
      all[r.run.configuration.data] = read_background(path);
  }
  return all;
}

std::vector<Result> finished(const std::filesystem::path& runs) {
  std::vector<Result> all;
  std::error_code code;
  // A folder that cannot be read must not count as one without results: the table would lose them.
  for (std::filesystem::directory_iterator entry(runs, code), end; !code && entry != end;
       entry.increment(code)) {
    const std::filesystem::path path = entry->path() / "result.csv";
    if (run_named(entry->path().filename().string()) && disk::exists(path)) all.push_back(read_result(path));
  }
  if (code && code != std::errc::no_such_file_or_directory)
    throw nwm::Error(runs.string(), "folder", "one that can be read", code.message());
  std::ranges::sort(all, {},
                    [](const Result& r) { return std::pair(position(r.run.configuration), r.run.seed); });
  return all;
}

}  // namespace study
