// nwm_study: the comparisons of arXiv 2502.06034 as one command. OUT/runs/<run>/ gets each run's weights,
// learning curve and result; OUT/results.csv, OUT/scores.csv (in the authors' names), OUT/table.md and
// OUT/report.html collect all runs.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "../command_line.hpp"
#include "../disk.hpp"
#include "data.hpp"
#include "figures.hpp"
#include "journal.hpp"
#include "nwm/backend/threads.hpp"
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
    for (const char* name : {"settings.txt", "results.csv", "scores.csv", "table.md", "report.html"})
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
      std::vector<Numbered> runs;
      for (const std::uint64_t seed : seeds)
        for (auto of = c; of != end; ++of) runs.push_back({{*of, seed}, label(++number, all, {*of, seed})});
      each(runs, [&](const Numbered& run) { one(run, data); });
      c = end;
    }
    write();
  }

  /// The table of all finished runs.
  std::string table() const { return table(finished(o_.out / "runs")); }

 private:
  struct Numbered {
    Run run;
    std::string label;
  };

  static std::string label(std::size_t number, std::size_t all, const Run& run) {
    std::string out = "[";
    return out.append(std::to_string(number))
        .append("/")
        .append(std::to_string(all))
        .append("] ")
        .append(run.name());
  }

  /// Calls act(run) for each, at most o_.parallel at a time, in order. The first error ends it, once the runs
  /// beside it have ended.
  template <class Act>
  void each(const std::vector<Numbered>& runs, const Act& act) {
    std::atomic<std::size_t> next{0};
    std::exception_ptr failure;
    const auto work = [&] {
      for (std::size_t i = next++; i < runs.size(); i = next++) try {
          act(runs[i]);
        } catch (...) {
          const std::scoped_lock lock(mutex_);
          if (!failure) failure = std::current_exception();
          next = runs.size();
        }
    };
    std::vector<std::thread> beside;
    for (std::size_t i = 1; i < std::min(o_.parallel, runs.size()); ++i) beside.emplace_back(work);
    work();
    for (std::thread& thread : beside) thread.join();
    if (failure) std::rethrow_exception(failure);
  }

  /// One run; what all share (the data, settings, tables, the terminal) is used by one at a time.
  void one(const Numbered& numbered, std::optional<Data>& data) {
    const Run& run = numbered.run;
    const std::string& label = numbered.label;
    const std::filesystem::path folder = o_.out / "runs" / run.name();
    const Files files(folder);
    std::unique_lock lock(mutex_);
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
    lock.unlock();

    const auto resumed = [&](const nwm::TrainerState& state) {
      std::printf("%s: goes on in epoch %zu after %zu steps\n", label.c_str(),
                  static_cast<std::size_t>(state.epoch + 1), static_cast<std::size_t>(state.step));
      std::fflush(stdout);
    };
    std::function<void(const nwm::Progress&)> progress = [](const nwm::Progress&) {};
    if (o_.parallel == 1) progress = nwm::progress_bar(stderr, false);
    const auto begin = std::chrono::steady_clock::now();
    const Result result = entry.run({run, o_, data->split, folder, resumed, progress});
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    lock.lock();
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

  /// Writes results.csv, scores.csv, table.md and report.html of all finished runs.
  void write() const {
    std::string rows = csv_header(), theirs = authors_header();
    const std::vector<Result> results = finished(o_.out / "runs");
    for (const Result& result : results) rows += csv_row(result), theirs += authors_row(result);
    nwm::io::write_whole(o_.out / "results.csv", rows);
    nwm::io::write_whole(o_.out / "scores.csv", theirs);
    nwm::io::write_whole(o_.out / "table.md", table(results));
    write_report(o_.out / "report.html", results, budget());
  }

  const Options& o_;
  Settings settings_;
  std::mutex mutex_;
};

/// Measures files of weights on the test set of the data set that they belong to, and prints a row each.
void evaluate(const Options& o) {
  const auto selected = selected_configurations(o.selection);
  std::map<std::string, Data> data;
  std::printf("%s", csv_header().c_str());
  for (const std::string& path : o.evaluate) {
    const nwm::io::Safetensors file = nwm::io::read_safetensors(path);
    const bool says = file.metadata.contains("nwm.version");
    std::vector<const Entry*> owners;
    for (const Entry& entry : registry())
      if (entry.backend == o.backend &&
          (says || std::ranges::find(selected, entry.configuration) != selected.end()) && entry.owns(file))
        owners.push_back(&entry);
    std::string names;
    for (const Entry* entry : owners) names += (names.empty() ? "" : ", ") + entry->configuration.name();
    if (owners.size() != 1)
      throw nwm::Error(path, "machine",
                       owners.empty()
                           ? "weights of a machine that this program was built with, and that --data, "
                             "--model and their like name where the file says nothing"
                           : "--model to name one, as in --model nwm:linear",
                       owners.empty() ? "none it fits" : names);
    const Configuration& c = owners.front()->configuration;
    if (!data.contains(c.data)) data.emplace(c.data, load(c.data, o));
    const nwm::data::Dataset& test = data.at(c.data).split.test;
    Result result{.run = {c, 0}, .metrics = owners.front()->evaluate(path, test, o.threads)};
    if (collapsed(result.metrics)) result.verdict = "collapsed";
    // The file in place of a run's name.
    const std::string row = csv_row(result);
    std::printf("%s%s", path.c_str(), row.c_str() + row.find(','));
    std::fflush(stdout);
  }
}

/// Draws finished runs, each in a folder of its own name, and what they have in common.
void draw(const Options& o) {
  std::vector<std::filesystem::path> folders;
  for (const std::string& given : o.figures) {
    const std::size_t before = folders.size();
    for (const std::filesystem::path& place :
         {std::filesystem::path(given), std::filesystem::path(given) / "runs"})
      if (std::filesystem::is_directory(place))
        for (const auto& item : std::filesystem::directory_iterator(place))
          if (disk::exists(Files(item.path()).result)) folders.push_back(item.path());
    if (disk::exists(Files(given).result)) folders.emplace_back(given);
    if (folders.size() == before)
      throw nwm::Error("nwm_study", "--figures", "a folder of a finished run, or of a study",
                       "'" + given + "'");
  }
  std::vector<Result> results;
  for (const auto& folder : folders) results.push_back(read_result(Files(folder).result));
  std::map<std::string, Data> data;
  std::vector<Losses> losses;
  const std::filesystem::path out = o.out / "figures";
  for (std::size_t i = 0; i < folders.size(); ++i) {
    const Run& run = results[i].run;
    const Files files(folders[i]);
    if (!data.contains(run.configuration.data))
      data.emplace(run.configuration.data, load(run.configuration.data, o));
    std::vector<float> matrix;
    if (run.configuration.readout == "linear")
      matrix = nwm::io::read_safetensors(files.weights.string()).values<float>("classifier.fc_time.weight");
    write_network(out / run.name(), entry_of(run.configuration, o.backend).open(files.weights),
                  data.at(run.configuration.data).split.test, matrix);
    if (disk::exists(files.curve))
      losses.push_back({run, Curve(files.curve, Curve::all).validation_losses()});
    std::printf("%s: drawn\n", run.name().c_str());
    std::fflush(stdout);
  }
  std::ranges::sort(results, {},
                    [](const Result& r) { return std::pair(position(r.run.configuration), r.run.seed); });
  std::ranges::sort(losses, {},
                    [](const Losses& l) { return std::pair(position(l.run.configuration), l.run.seed); });
  write_curves(out, losses);
  write_bars(out, results);
  std::printf("figures are in %s\n", out.string().c_str());
}

int run(Options o) {
  if (!o.write_data.empty()) {
    std::vector<std::string> done;
    for (const Configuration& c : selected_configurations(o.selection)) {
      if (std::ranges::find(done, c.data) != done.end()) continue;
      done.push_back(c.data);
      const Data data = load(c.data, o);
      write(data.split, o.write_data, c.data);
      std::printf("%s: %s, %s, written to %s\n", c.data.c_str(), data.source.c_str(),
                  data.fingerprint.c_str(), o.write_data.string().c_str());
    }
    return 0;
  }
  if (!o.evaluate.empty()) return evaluate(o), 0;
  if (!o.figures.empty()) return draw(o), 0;
  if (o.parallel > 1) o.threads = std::max<std::size_t>(1, nwm::thread_count(o.threads) / o.parallel);
  const auto configurations = selected_configurations(o.selection);
  const auto seeds = selected_seeds(o.selection);
  for (const Configuration& c : configurations) entry_of(c, o.backend);
  disk::make_folder(o.out / "runs");
  const Lock lock(o.out);
  Study study(o);
  study.run(configurations, seeds);
  std::printf(
      "\n%s\nresults.csv, scores.csv (in the authors' names), table.md, report.html and the runs are in %s\n",
      study.table().c_str(), o.out.string().c_str());
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
    return command_line::failed("nwm_study", error);
  }
}
