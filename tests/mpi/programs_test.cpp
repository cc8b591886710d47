// The programs that mpirun starts on many ranks: what they leave is what one process leaves, also when a rank
// is killed. This program starts mpirun itself.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE mpi_programs

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "../study/tools.hpp"
#include "mpiexec.hpp"

namespace {

using tools::count, tools::Folder, tools::require_same, tools::run;
using tools::fs::path;
using Arguments = std::vector<std::string>;

#ifdef __linux__  // by /proc
/// The process that is this rank of those that carry our mark; 0: none is there.
pid_t process_of(int rank, const std::string& mark) {
  std::error_code code;
  for (const auto& entry : tools::fs::directory_iterator("/proc", code)) {
    const std::string name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const std::string all = '\0' + tools::content(entry.path() / "environ");
    if (all.find('\0' + mark + '\0') == std::string::npos) continue;
    for (const char* variable : {"OMPI_COMM_WORLD_RANK=", "PMI_RANK="})
      if (all.find('\0' + (variable + std::to_string(rank)) + '\0') != std::string::npos)
        return static_cast<pid_t>(std::stol(name));
  }
  return 0;
}

/// Starts a program over ranks and kills one of them as soon as `ready()`. The output; nothing where the
/// program has ended before.
template <class Ready>
std::string killed(const Folder& folder, const Arguments& arguments, int rank, const Ready& ready) {
  const path output = folder / "killed.txt";
  tools::fs::remove(output);
  const std::string mark = "NWM_RANKS_OF=" + std::to_string(::getpid());
  ::setenv("NWM_RANKS_OF", std::to_string(::getpid()).c_str(), 1);
  const pid_t launcher = tools::start(arguments, output);
  bool sent = false;
  for (int waited = 0; !sent && waited < 60000; ++waited) {
    siginfo_t ended{};
    ::waitid(P_PID, static_cast<id_t>(launcher), &ended, WEXITED | WNOHANG | WNOWAIT);
    if (ended.si_pid != 0) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (!ready()) continue;
    const pid_t process = process_of(rank, mark);
    sent = process != 0 && ::kill(process, SIGKILL) == 0;
  }
  const int status = tools::wait_for(launcher);
  if (!sent || status == 0) return {};
  return tools::content(output);
}
#endif

#if defined(NWM_WAVES_OVER_RANKS) && defined(__linux__)
BOOST_AUTO_TEST_CASE(a_simulation_of_which_a_rank_is_killed_goes_on_to_the_same_bytes) {
  const Folder folder;
  const auto waves = [&](int ranks, const std::string& name) {
    tools::fs::create_directories(folder / name);
    return ranks::command(ranks, {NWM_WAVES_OVER_RANKS, "10000", (folder / name).string()});
  };
  run(folder, waves(1, "whole"));
  for (const int rank : {0, 2}) {
    tools::fs::remove_all(folder / "killed");
    const path state = folder / "killed" / "waves.safetensors";
    const std::string told =
        killed(folder, waves(3, "killed"), rank, [&] { return tools::fs::exists(state); });
    BOOST_REQUIRE_MESSAGE(!told.empty(), "it ended before it was killed");
    BOOST_CHECK_MESSAGE(tools::has(told, "rank " + std::to_string(rank)), told);
    BOOST_CHECK(!tools::fs::exists(folder / "killed" / "field.npy"));
    // On other ranks than before.
    const std::string again = run(folder, waves(rank == 0 ? 3 : 2, "killed"));
    BOOST_CHECK_MESSAGE(tools::has(again, "goes on after "), again);
    require_same(folder / "killed", folder / "whole");
  }
}
#endif

#ifdef NWM_STUDY
/// Eight runs; their state is saved after every step.
Arguments study(const path& out, const Arguments& more = {}) {
  Arguments a{NWM_STUDY, "--data",       "polygons", "--model",       "cnn:2+4",   "--seeds",
              "0-3",     "--epochs",     "2",        "--batch",       "2",         "--train-images",
              "4",       "--val-images", "1",        "--test-images", "1",         "--save-every",
              "0",       "--threads",    "1",        "--out",         out.string()};
  a.insert(a.end(), more.begin(), more.end());
  return a;
}

BOOST_AUTO_TEST_CASE(eight_runs_over_three_ranks_leave_the_files_of_one) {
  const Folder folder;
  run(folder, study(folder / "one"));
  const std::string told = run(folder, ranks::command(3, study(folder / "ranks")));
  require_same(folder / "ranks", folder / "one");
  for (int i = 1; i <= 8; ++i)
    BOOST_CHECK_EQUAL(count(told, "[" + std::to_string(i) + "/8]"), 2u);  // begun once, ended once
  BOOST_CHECK_MESSAGE(
      count(told, "parameters, on rank 1\n") > 0 && count(told, "parameters, on rank 2\n") > 0, told);
  BOOST_CHECK_EQUAL(count(told, "polygons: drawn"), 1u);
  // A second time there is nothing to do.
  BOOST_CHECK_EQUAL(count(run(folder, ranks::command(2, study(folder / "ranks"))), "done before"), 8u);
  require_same(folder / "ranks", folder / "one");

  // What is wrong is told once, and nobody waits.
  const auto refused = [&](const Arguments& more, const std::string& text) {
    const std::string output = run(folder, ranks::command(3, study(folder / "ranks", more)), 1);
    BOOST_CHECK_MESSAGE(count(output, text) == 1, output);
    require_same(folder / "ranks", folder / "one");
  };
  refused({"--epochs", "9"}, "settings.txt: epochs: expected 9, as now");
  refused({"--epochs", "0"}, "nwm_study: --epochs: expected at least 1, found 0");
  refused({"--parallel", "2"}, "nwm_study: --parallel: expected 1 over ranks");
}

#ifdef __linux__
BOOST_AUTO_TEST_CASE(a_study_of_which_a_rank_is_killed_loses_nothing) {
  const Folder folder;
  const Arguments longer{"--epochs", "6"};
  run(folder, study(folder / "one", longer));
  const path errors = folder / "errors.txt";
  for (const int rank : {0, 2}) {
    const path out = folder / "killed";
    tools::fs::remove_all(out), tools::fs::remove(errors);
    std::vector<std::string> begun;  // runs in their middle, with a saved state
    std::size_t done = 0;
    const auto look = [&] {
      begun.clear(), done = 0;
      std::error_code code;
      for (const auto& entry : tools::fs::directory_iterator(out / "runs", code)) {
        const bool ended = tools::fs::exists(entry.path() / "result.csv");
        done += ended;
        if (!ended && tools::fs::exists(entry.path() / "training.safetensors"))
          begun.push_back(entry.path().filename().string());
      }
      return begun.size() > 1 && done > 0;
    };
    const std::string told =
        killed(folder, ranks::command(3, study(out, longer), errors.string()), rank, look);
    BOOST_REQUIRE_MESSAGE(!told.empty(), "it ended before it was killed");
    BOOST_CHECK_MESSAGE(tools::has(told, "rank " + std::to_string(rank)), told);
    if (rank > 0) {
      const std::string last = tools::content(errors);
      const std::size_t words = last.find("nwm_study: ended by SIGTERM. Rank 0 had ");
      BOOST_REQUIRE_MESSAGE(words != std::string::npos, told + last);
      BOOST_CHECK_MESSAGE(last.find(", rank " + std::to_string(rank) + " had ", words) != std::string::npos,
                          last);
    }
    look();  // as the ranks have left it
    const std::string again = run(folder, ranks::command(3, study(out, longer)));
    BOOST_CHECK_EQUAL(count(again, "done before"), done);
    for (const std::string& name : begun)
      BOOST_CHECK_MESSAGE(tools::has(again, name + ": goes on in epoch "), name << ": " << again);
    require_same(out, folder / "one");
  }
}
#endif

BOOST_AUTO_TEST_CASE(a_run_that_fails_names_its_rank_and_the_rest_ends) {
  const Folder folder;
  const path out = folder / "study", run_folder = out / "runs" / "polygons-cnn-2-seed1";
  tools::fs::create_directories(run_folder);
  tools::put(run_folder / "training.safetensors", "damaged");
  const std::string told = run(folder, ranks::command(3, study(out)), 1);
  BOOST_CHECK_MESSAGE(tools::has(told, ", polygons-cnn-2-seed1: " + run_folder.string()), told);
  BOOST_CHECK_MESSAGE(tools::has(told, "nwm_study: rank "), told);
  tools::fs::remove(run_folder / "training.safetensors");
  run(folder, ranks::command(3, study(out)));
  run(folder, study(folder / "one"));
  require_same(out, folder / "one");
}

// The lines of README.md: a folder for each job, one in which all are collected.
BOOST_AUTO_TEST_CASE(an_array_of_jobs_is_collected_to_the_files_of_one) {
  const Folder folder;
  run(folder, study(folder / "one"));
  const path all = folder / "all";
  tools::fs::create_directories(all);
  for (const std::string job : {"0", "1", "2", "3"}) {
    const path out = folder / ("job-" + job);
    run(folder, study(out, {"--seeds", job}));
    tools::fs::copy(out / "runs", all / "runs", tools::fs::copy_options::recursive);
    tools::fs::copy_file(out / "settings.txt", all / "settings.txt",
                         tools::fs::copy_options::overwrite_existing);
  }
  BOOST_CHECK_EQUAL(count(run(folder, study(all)), "done before"), 8u);
  require_same(all, folder / "one");
}
#endif

}  // namespace
