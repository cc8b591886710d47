// nwm_study: the comparisons of arXiv 2502.06034 as one command. OUT/runs/<run>/ gets each run's weights,
// learning curve and result; OUT/results.csv, OUT/table.md and OUT/report.html collect all runs.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../disk.hpp"
#include "data.hpp"
#include "journal.hpp"
#include "nwm/error.hpp"
#include "nwm/io/atomic_file.hpp"
#include "nwm/train/progress.hpp"
#include "registry.hpp"
#include "report.hpp"
#include "settings.hpp"
#include "table.hpp"

namespace study {
namespace {

const Entry& entry_of(const Configuration& c, const std::string& backend) {
  for (const Entry& entry : registry())
    if (entry.configuration == c && entry.backend == backend) return entry;
  throw nwm::Error("nwm_study", "model",
                   "one that this program was built with (CMake: NWM_STUDY_DATA, NWM_STUDY_DEVICE)",
                   c.name() + " on the " + backend);
}

/// A study's folder: its common settings, runs, results.csv and table.md.
class Study {
 public:
  explicit Study(const Options& o) : o_(o), settings_(o.out / "settings.txt") {
    for (const char* name : {"settings.txt", "results.csv", "table.md", "report.html"})
      remove_leftovers(o.out / name);
    for (const auto& [name, value] : decisive(o)) settings_.require(name, value);
    settings_.write();
  }

  /// Performs those runs that are not done yet.
  void run(const std::vector<Configuration>& configurations, const std::vector<std::uint64_t>& seeds) {
    const std::size_t all = configurations.size() * seeds.size();
    std::size_t number = 0;
    for (auto c = configurations.begin(); c != configurations.end();) {
      const std::string data_name = c->data;
      const auto end =
          std::find_if(c, configurations.end(), [&](const Configuration& o) { return o.data != data_name; });
      std::optional<Data> data;  // loaded when a run needs it
      for (const std::uint64_t seed : seeds)
        for (auto of = c; of != end; ++of) one({*of, seed}, ++number, all, data);
      c = end;
    }
    write();
  }

  /// The table of all finished runs.
  std::string table() const { return table(finished(o_.out / "runs")); }

 private:
  void one(const Run& run, std::size_t number, std::size_t all, std::optional<Data>& data) {
    const std::filesystem::path folder = o_.out / "runs" / run.name();
    const Files files(folder);
    std::string label = "[";
    label.append(std::to_string(number))
        .append("/")
        .append(std::to_string(all))
        .append("] ")
        .append(run.name());
    if (disk::exists(files.result)) {
      report(label, read_result(files.result), "done before");
      std::filesystem::remove(files.state);
      return;
    }
    const Entry& entry = entry_of(run.configuration, o_.backend);
    if (!data) {
      data = load(run.configuration.data, o_);
      settings_.require("data " + run.configuration.data, data->fingerprint);
      settings_.write();
      std::printf("%s: %s, %s\n", run.configuration.data.c_str(), data->source.c_str(),
                  data->fingerprint.c_str());
    }
    disk::make_folder(folder);
    remove_leftovers(files);
    std::printf("%s, %zu parameters\n", label.c_str(), entry.parameters);
    std::fflush(stdout);
    const auto resumed = [&](const nwm::TrainerState& state) {
      std::printf("%s: goes on in epoch %zu after %zu steps\n", label.c_str(),
                  static_cast<std::size_t>(state.epoch + 1), static_cast<std::size_t>(state.step));
      std::fflush(stdout);
    };
    const auto begin = std::chrono::steady_clock::now();
    const Result result =
        entry.run({run, o_, data->split, folder, resumed, nwm::progress_bar(stderr, false)});
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    report(label, result, std::to_string(static_cast<long>(seconds + 0.5)) + " s");
    write();
  }

  static void report(const std::string& label, const Result& r, const std::string& remark) {
    std::printf("%s: loss %.4f  foreground accuracy %.4f  IoU %.4f  %s%s%s\n", label.c_str(), r.metrics.loss,
                r.metrics.acc_foreground, r.metrics.iou_foreground, remark.c_str(),
                r.verdict.empty() ? "" : "  ", r.verdict.c_str());
    std::fflush(stdout);
  }

  std::string table(const std::vector<Result>& results) const {
    return study::table(
        results, [this](const Configuration& c) { return entry_of(c, o_.backend).parameters; }, budget());
  }

  std::string budget() const {
    std::string line;
    for (const auto& [name, value] : decisive(o_)) line += (line.empty() ? "" : ", ") + name + " " + value;
    return line + ".";
  }

  /// Writes results.csv, table.md and report.html of all finished runs.
  void write() const {
    std::string rows = csv_header();
    const std::vector<Result> results = finished(o_.out / "runs");
    for (const Result& result : results) rows += csv_row(result);
    nwm::io::write_whole(o_.out / "results.csv", rows);
    nwm::io::write_whole(o_.out / "table.md", table(results));
    write_report(o_.out / "report.html", results, budget());
  }

  const Options& o_;
  Settings settings_;
};

int run(const Options& o) {
  const auto configurations = selected_configurations(o.selection);
  const auto seeds = selected_seeds(o.selection);
  for (const Configuration& c : configurations) entry_of(c, o.backend);
  disk::make_folder(o.out / "runs");
  const Lock lock(o.out);
  Study study(o);
  study.run(configurations, seeds);
  std::printf("\n%s\nresults.csv, table.md, report.html and the runs are in %s\n", study.table().c_str(),
              o.out.string().c_str());
  return 0;
}

}  // namespace
}  // namespace study

int main(int argc, char** argv) {
  try {
    study::Options options;
    if (const int status = study::parse(argc, argv, options); status >= 0) return status;
    return study::run(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "nwm_study: %s\n", error.what());
    return 1;
  }
}
