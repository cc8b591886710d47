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
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "../command_line.hpp"
#include "../disk.hpp"
#include "data.hpp"
#include "figures.hpp"
#include "journal.hpp"
#include "measures.hpp"
#include "nwm/backend/threads.hpp"
#include "nwm/error.hpp"
#include "nwm/io/atomic_file.hpp"
#include "nwm/train/progress.hpp"
#include "registry.hpp"
#include "report.hpp"
#include "settings.hpp"
#include "table.hpp"
#ifdef NWM_STUDY_MPI
#include "ranks.hpp"
#endif

namespace study {
namespace {

const Entry& entry_of(const Configuration& c, const std::string& backend) {
  for (const Entry& entry : registry())
    if (entry.configuration == c && entry.backend == backend) return entry;
  throw nwm::Error("nwm_study", "model",
                   "one that this program was built with (CMake: NWM_STUDY_DATA, NWM_STUDY_DEVICE)",
                   c.name() + " on the " + backend);
}

struct Numbered {
  Run run;
  std::string label;  ///< "[3/8] polygons-cnn-2-seed0"
};

/// Every run of a study, in its order: data set by data set, seed by seed.
std::vector<Numbered> numbered(const std::vector<Configuration>& configurations,
                               const std::vector<std::uint64_t>& seeds) {
  const std::string all = "/" + std::to_string(configurations.size() * seeds.size()) + "] ";
  std::vector<Numbered> runs;
  for (auto c = configurations.begin(); c != configurations.end();) {
    const auto end =
        std::find_if(c, configurations.end(), [&](const Configuration& o) { return o.data != c->data; });
    for (const std::uint64_t seed : seeds)
      for (auto of = c; of != end; ++of) {
        const Run run{*of, seed};
        runs.push_back({run, "[" + std::to_string(runs.size() + 1) + all + run.name()});
      }
    c = end;
  }
  return runs;
}

/// Trains and measures a run in its folder, from its last saved state on.
Result train(const Numbered& numbered, const Options& o, const nwm::data::Split& data) {
  const std::filesystem::path folder = o.out / "runs" / numbered.run.name();
  disk::make_folder(folder);
  remove_leftovers(Files(folder));
  if (!disk::exists(Files(folder).background))
    write_background(Files(folder).background, background_metrics(o, data.test));
  const auto resumed = [&](const nwm::TrainerState& state) {
    std::printf("%s: goes on in epoch %zu after %zu steps\n", numbered.label.c_str(),
                static_cast<std::size_t>(state.epoch + 1), static_cast<std::size_t>(state.step));
    std::fflush(stdout);
  };
  std::function<void(const nwm::Progress&)> progress = [](const nwm::Progress&) {};
  if (o.alone) progress = nwm::progress_bar(stderr, false);
  return entry_of(numbered.run.configuration, o.place())
      .run({numbered.run, o, data, folder, resumed, progress});
}

/// A study's folder: its common settings, runs, results.csv and table.md.
class Study {
 public:
  explicit Study(const Options& o) : o_(o), settings_(o.out / "settings.txt") {
    for (const char* name : {"settings.txt", "results.csv", "scores.csv", "table.md", "report.html"})
      remove_leftovers(o.out / name);
    const auto initial = decisive(Options{});
    const std::map<std::string, std::string> before(initial.begin(), initial.end());
    for (const auto& [name, value] : decisive(o)) settings_.require(name, value, before.at(name));
    settings_.write();
  }

  /// Performs those runs that are not done yet.
  void run(const std::vector<Numbered>& all) {
    for (auto first = all.begin(); first != all.end();) {
      const std::string name = first->run.configuration.data;
      const auto end =
          std::find_if(first, all.end(), [&](const Numbered& n) { return n.run.configuration.data != name; });
      std::optional<Data> data;  // loaded when a run needs it
      each({first, end}, [&](const Numbered& run) { one(run, data); });
      first = end;
    }
    write();
  }

#ifdef NWM_STUDY_MPI
  /// Whether a file that another rank has written is there: file systems of several machines may take a
  /// while.
  static bool appears(const std::filesystem::path& file) {
    for (int tenths = 0; tenths < 100 && !disk::exists(file); ++tenths)
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    return disk::exists(file);
  }

  /// The same over ranks, of which this is the first.
  void run(const std::vector<Numbered>& all, const nwm::mpi::Communicator& ranks) {
    std::optional<Data> data;  // of rank 0's own run
    std::string data_name;
    std::size_t dealt = 0;
    const auto at = [&](int run) -> const Numbered& { return all[static_cast<std::size_t>(run)]; };
    deal(ranks, {.next =
                     [&] {
                       const std::scoped_lock lock(mutex_);
                       while (dealt < all.size() && done_before(all[dealt])) ++dealt;
                       return dealt < all.size() ? static_cast<int>(dealt++) : -1;
                     },
                 .name = [&](int run) { return at(run).run.name(); },
                 .here =
                     [&](int run) {
                       const std::string& needed = at(run).run.configuration.data;
                       if (std::exchange(data_name, needed) != needed) data.reset();
                       one(at(run), data);
                     },
                 .begins = [&](int run, int rank) { announce(at(run), ", on rank " + std::to_string(rank)); },
                 .loaded =
                     [&](const std::string& name, const std::string& source, const std::string& fingerprint) {
                       const std::scoped_lock lock(mutex_);
                       require_data(name, source, fingerprint);
                     },
                 .ends =
                     [&](int run, int rank, double seconds) {
                       const Files files(o_.out / "runs" / at(run).run.name());
                       if (!appears(files.result))
                         throw nwm::Error(files.result.string(), "file",
                                          "a folder --out that all ranks share", "none that rank 0 sees");
                       const std::scoped_lock lock(mutex_);
                       report(at(run).label, read_result(files.result),
                              whole_seconds(seconds) + ", on rank " + std::to_string(rank));
                       write();
                     }});
    write();
  }
#endif

  /// The table of all finished runs.
  std::string table() const { return table(finished(o_.out / "runs")); }

 private:
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
    std::unique_lock lock(mutex_);
    if (done_before(numbered)) return;
    const std::string& name = numbered.run.configuration.data;
    if (!data) {
      data = load(name, o_);
      require_data(name, data->source, data->fingerprint);
    }
    announce(numbered, "");
    lock.unlock();
    const auto begin = std::chrono::steady_clock::now();
    const Result result = train(numbered, o_, data->split);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    lock.lock();
    report(numbered.label, result, whole_seconds(seconds));
    write();
  }

  /// Whether a run has its result, which is then told.
  bool done_before(const Numbered& numbered) {
    const Files files(o_.out / "runs" / numbered.run.name());
    if (!disk::exists(files.result)) return false;
    report(numbered.label, read_result(files.result), "done before");
    std::filesystem::remove(files.state);
    return true;
  }

  /// Throws nwm::Error where the folder's runs have had other data.
  void require_data(const std::string& name, const std::string& source, const std::string& fingerprint) {
    settings_.require("data " + name, fingerprint);
    if (!told_.insert(name).second) return;
    settings_.write();
    std::printf("%s: %s, %s\n", name.c_str(), source.c_str(), fingerprint.c_str());
  }

  void announce(const Numbered& numbered, const std::string& where) const {
    std::printf("%s, %zu parameters%s\n", numbered.label.c_str(),
                entry_of(numbered.run.configuration, o_.place()).parameters, where.c_str());
    std::fflush(stdout);
  }
  static std::string whole_seconds(double seconds) {
    return std::to_string(static_cast<long>(seconds + 0.5)) + " s";
  }

  static void report(const std::string& label, const Result& r, const std::string& remark) {
    std::printf("%s: loss %.4f  foreground accuracy %.4f  IoU %.4f  %s%s%s\n", label.c_str(), r.metrics.loss,
                r.metrics.acc_foreground, r.metrics.iou_foreground, remark.c_str(),
                r.verdict.empty() ? "" : "  ", r.verdict.c_str());
    std::fflush(stdout);
  }

  std::string table(const std::vector<Result>& results) const {
    return study::table(
        results, [this](const Configuration& c) { return entry_of(c, o_.place()).parameters; }, budget(),
        backgrounds(o_.out / "runs", results));
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
    write_report(o_.out / "report.html", results, budget(), backgrounds(o_.out / "runs", results));
  }

  const Options& o_;
  Settings settings_;
  std::set<std::string> told_;  // data sets whose source has been told
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
    const double dt = time_step(file, o.dt);
    std::vector<const Entry*> owners;
    for (const Entry& entry : registry())
      if (entry.backend == o.place() &&
          (says || std::ranges::find(selected, entry.configuration) != selected.end()) &&
          entry.owns(file, dt))
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
    const Scores scores = [&](const nwm::data::Dataset& part) {
      return owners.front()->open(path, dt).scores(part);
    };
    Result result{.run = {c, 0},
                  .metrics = as_asked(o, owners.front()->evaluate(path, test, o.threads, dt), test, scores)};
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
    const nwm::io::Safetensors weights = nwm::io::read_safetensors(files.weights.string());
    std::vector<float> matrix;
    if (run.configuration.readout == "linear") matrix = weights.values<float>("classifier.fc_time.weight");
    write_network(out / run.name(),
                  entry_of(run.configuration, o.place()).open(files.weights, time_step(weights, o.dt)),
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

/// What needs no ranks. False where runs are asked for.
bool done_alone(const Options& o) {
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
    return true;
  }
  if (!o.evaluate.empty()) return evaluate(o), true;
  if (!o.figures.empty()) return draw(o), true;
  return false;
}

/// The runs of the command line. Throws nwm::Error where one is not built in.
std::vector<Numbered> asked_for(const Options& o) {
  const auto configurations = selected_configurations(o.selection);
  for (const Configuration& c : configurations) entry_of(c, o.place());
  return numbered(configurations, selected_seeds(o.selection));
}

/// Performs the runs: `perform(study)`.
template <class Perform>
void run(const Options& o, const Perform& perform) {
  disk::make_folder(o.out / "runs");
  const Lock lock(o.out);
  Study study(o);
  perform(study);
  std::printf(
      "\n%s\nresults.csv, scores.csv (in the authors' names), table.md, report.html and the runs are in %s\n",
      study.table().c_str(), o.out.string().c_str());
}

int run(Options o) {
  if (done_alone(o)) return 0;
  o.alone = o.parallel == 1;
  if (!o.alone) o.threads = std::max<std::size_t>(1, nwm::thread_count(o.threads) / o.parallel);
  const std::vector<Numbered> runs = asked_for(o);
  run(o, [&](Study& study) { study.run(runs); });
  return 0;
}

#ifdef NWM_STUDY_MPI
int run(Options o, const nwm::mpi::Communicator& ranks) {
  if (ranks.size() == 1) return run(o);
  if (!o.write_data.empty() || !o.evaluate.empty() || !o.figures.empty())
    return ranks.is_first() && done_alone(o), 0;
  if (o.threads == 0) o.threads = threads_of_a_rank(ranks);
  if (!ranks.is_first()) {
    std::optional<Data> data;
    std::string data_name;
    std::vector<Numbered> runs;  // the first rank tells what is wrong with the command line
    serve(ranks, {.perform = [&](int run, const Serving::Tell& tell) {
            if (runs.empty()) runs = asked_for(o);
            const Numbered& mine = runs.at(static_cast<std::size_t>(run));
            const std::string& name = mine.run.configuration.data;
            if (std::exchange(data_name, name) != name) data.reset();
            if (!data) data = load(name, o);
            if (tell(name, data->source, data->fingerprint)) train(mine, o, data->split);
          }});
    return 0;
  }
  bool dealt = false;
  try {
    if (o.parallel > 1)
      throw nwm::Error("nwm_study", "--parallel", "1 over ranks: each does one run at a time",
                       std::to_string(o.parallel));
    const std::vector<Numbered> runs = asked_for(o);
    run(o, [&](Study& study) { dealt = true, study.run(runs, ranks); });
  } catch (...) {
    if (!dealt) dismiss(ranks);
    throw;
  }
  return 0;
}
#endif

}  // namespace
}  // namespace study

namespace {
/// f's status; that of an error, once it is told.
template <class F>
int guarded(const F& f) {
  try {
    return f();
  } catch (const std::exception& error) {
    return command_line::failed("nwm_study", error);
  }
}
}  // namespace

int main(int argc, char** argv) {
  study::Options options;
  const auto parse = [&] { return study::parse(argc, argv, options); };
#ifdef NWM_STUDY_MPI
  if (study::begun_by_mpi()) {
    const nwm::mpi::Session session(argc, argv);
    const nwm::mpi::Communicator ranks = nwm::mpi::Communicator::world();
    int status = 0;
    if (ranks.is_first()) status = guarded(parse);  // what is wrong with the command line is told once
    ranks.broadcast(status);
    if (status < 0 && !ranks.is_first()) status = guarded(parse);
    return status >= 0 ? status : guarded([&] { return study::run(options, ranks); });
  }
#endif
  const int status = guarded(parse);
  return status >= 0 ? status : guarded([&] { return study::run(options); });
}
