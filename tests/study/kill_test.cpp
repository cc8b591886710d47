// nwm_study killed at any moment, many times: it goes on where it was, does nothing twice, and leaves the
// same bytes as one that ran through.
#define BOOST_TEST_MODULE study_kill
#define BOOST_TEST_DYN_LINK
#include <sys/stat.h>

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cstdlib>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "nwm/random.hpp"
#include "tools.hpp"

namespace {

using tools::count, tools::Folder, tools::require_same, tools::run;
using tools::fs::path;
using Arguments = std::vector<std::string>;

/// Recurrent, convolutional and coupled by its batches; two of each. Its state is saved after every step.
Arguments study(const path& out, const Arguments& more = {}) {
  Arguments a{NWM_STUDY,
              "--data",
              "polygons",
              "--model",
              "nwm:last,cnn:2,unet:2",
              "--seeds",
              "0,3",
              "--epochs",
              "3",
              "--batch",
              "4",
              "--train-images",
              "11",
              "--val-images",
              "3",
              "--test-images",
              "4",
              "--save-every",
              "0",
              "--out",
              out.string()};
  a.insert(a.end(), more.begin(), more.end());
  return a;
}

/// The files that say a run is done, with what changes when one is written anew.
std::map<std::string, std::pair<ino_t, time_t>> done(const path& out) {
  std::map<std::string, std::pair<ino_t, time_t>> files;
  std::error_code code;
  for (const auto& entry : tools::fs::directory_iterator(out / "runs", code)) {
    struct stat status {};
    const path file = entry.path() / "result.csv";
    if (::stat(file.c_str(), &status) == 0) files[file.string()] = {status.st_ino, status.st_mtime};
  }
  return files;
}

}  // namespace

BOOST_AUTO_TEST_CASE(killed_again_and_again) {
  const Folder folder;
  const path whole = folder / "whole", killed = folder / "killed", output = folder / "killed.txt";
  const auto begin = std::chrono::steady_clock::now();
  run(folder, study(whole, {"--threads", "1"}));
  const std::chrono::duration<double> once = std::chrono::steady_clock::now() - begin;
  BOOST_REQUIRE_EQUAL(count(tools::content(whole / "results.csv"), "\n"), 7u);

  nwm::Random random(1);
  int kills = 0;
  std::size_t starts = 0;
  // Longer after each kill, so that it ends on the slowest machine, and shorter after each end, so that it is
  // killed on the fastest.
  double longest = 0.15 * once.count();
  const char* wanted = std::getenv("NWM_KILLS");
  for (const int enough = wanted ? std::atoi(wanted) : 40; kills < enough;) {
    tools::fs::remove_all(killed);
    for (bool ended = false; !ended;) {
      const auto before = done(killed);
      const pid_t child = tools::start(study(killed, {"--threads", ++starts % 2 == 0 ? "1" : "2"}), output);
      const int status = tools::kill_after(child, random.uniform(0, longest));
      const auto after = done(killed);
      for (const auto& [file, identity] : before)
        BOOST_CHECK_MESSAGE(after.contains(file) && after.at(file) == identity, file << " was written again");
      ended = status == 0;
      BOOST_REQUIRE_MESSAGE(ended || status == 128 + SIGKILL, tools::content(output));
      kills += !ended;
      longest *= ended ? 0.5 : 1.1;
    }
    require_same(killed, whole);
  }
  const std::string told = tools::content(output);
  BOOST_TEST_MESSAGE(kills << " kills, " << count(told, ": goes on in") << " runs gone on with");
  // In the middle of an epoch, and after one.
  BOOST_CHECK_GT(count(told, "after 1 steps"), 0u);
  BOOST_CHECK_GT(count(told, ": goes on in epoch 2") + count(told, ": goes on in epoch 3"), 0u);
  BOOST_CHECK_GT(count(told, "done before"), 0u);
}

BOOST_AUTO_TEST_CASE(the_quick_recipe) {
  const Folder folder;
  const path whole = folder / "whole", killed = folder / "killed", published = folder / "published";
  const Arguments few{"--model", "nwm:linear,cnn:2", "--seeds", "0"}, quick{"--recipe", "quick"};
  const auto with = [&](const path& out, Arguments more) {
    more.insert(more.end(), few.begin(), few.end());
    return study(out, more);
  };
  const auto begin = std::chrono::steady_clock::now();
  run(folder, with(whole, quick));
  const std::chrono::duration<double> once = std::chrono::steady_clock::now() - begin;
  // What the command line gives stands above the recipe.
  const std::string settings = tools::content(whole / "settings.txt");
  for (const char* line : {"batch = 4\n", "epochs = 3\n", "lr = 0.002\n", "schedule = cosine\n", "clip = 1\n",
                           "ground-share = 0.125\n", "omega-start = 0.5,1.5\n"})
    BOOST_CHECK_MESSAGE(tools::has(settings, line), settings);
  double longest = 0.3 * once.count();
  nwm::Random random(2);
  for (int status = 1; status != 0; longest *= 1.2) {
    const pid_t child = tools::start(with(killed, quick), folder / "killed.txt");
    status = tools::kill_after(child, random.uniform(0, longest));
    BOOST_REQUIRE(status == 0 || status == 128 + SIGKILL);
  }
  require_same(killed, whole);
  // Each of its parts makes other weights of the NWM; a CNN sees all pixels all the same.
  run(folder, with(published, {}));
  const auto weights = [&](const path& out, const std::string& name) {
    return tools::content(out / "runs" / (name + "-seed0") / "weights.safetensors");
  };
  const std::string one = weights(whole, "polygons-nwm-linear");
  for (const Arguments& part : {Arguments{"--ground-share", "1"}, Arguments{"--omega-start", "drawn"},
                                Arguments{"--beta2", "0.999"}}) {
    const path out = folder / part.front();
    Arguments all = part;
    all.insert(all.end(), quick.begin(), quick.end());
    run(folder, with(out, all));
    BOOST_CHECK_MESSAGE(weights(out, "polygons-nwm-linear") != one, part.front());
    if (part.front() != "--beta2")
      BOOST_CHECK(weights(out, "polygons-cnn-2") == weights(whole, "polygons-cnn-2"));
  }
  BOOST_CHECK(tools::has(tools::content(published / "settings.txt"), "omega-start = drawn\n"));
  BOOST_CHECK(weights(published, "polygons-cnn-2") != weights(whole, "polygons-cnn-2"));
}

BOOST_AUTO_TEST_CASE(runs_beside_each_other_leave_the_same_bytes) {
  const Folder folder;
  run(folder, study(folder / "one-by-one", {"--threads", "1"}));
  const std::string told = run(folder, study(folder / "beside", {"--parallel", "3"}));
  BOOST_CHECK_EQUAL(count(told, " s\n") + count(told, " s  collapsed\n"), 6u);
  require_same(folder / "beside", folder / "one-by-one");
}

BOOST_AUTO_TEST_CASE(weights_are_measured_and_drawn_and_data_written) {
  const Folder folder;
  const path out = folder / "study", paper = folder / "paper", drawn = folder / "drawn";
  run(folder, study(out, {"--model", "nwm:last,cnn:2", "--seeds", "0"}));
  const auto behind_name = [](const std::string& text) {  // the last row without its first field
    const std::size_t start = text.rfind('\n', text.size() - 2) + 1;
    return text.substr(text.find(',', start));
  };
  run(folder, study(paper, {"--data", "polygons", "--write-data", drawn.string()}));
  for (const std::string name : {"polygons-nwm-last-seed0", "polygons-cnn-2-seed0"}) {
    const path weights = out / "runs" / name / "weights.safetensors";
    const std::string row = behind_name(tools::content(out / "runs" / name / "result.csv"));
    BOOST_CHECK_EQUAL(behind_name(run(folder, study(paper, {"--evaluate", weights.string()}))), row);
    BOOST_CHECK_EQUAL(behind_name(run(folder, study(paper, {"--evaluate", weights.string(), "--data-dir",
                                                            drawn.string()}))),
                      row);
  }
  BOOST_CHECK(!tools::fs::exists(paper));  // nothing was trained
  run(folder, study(paper, {"--figures", out.string()}));
  const auto figures = tools::tree(paper / "figures");
  for (const char* name :
       {"bars-polygons.svg", "curves-polygons-cnn-2.png", "polygons-cnn-2-seed0/strip.png",
        "polygons-nwm-last-seed0/waves.gif", "polygons-nwm-last-seed0/receptive-field.png"})
    BOOST_CHECK_MESSAGE(figures.contains(name), name);
  BOOST_CHECK(tools::has(run(folder, study(paper, {"--figures", paper.string()}), 1), "a finished run"));
}

BOOST_AUTO_TEST_CASE(a_run_that_diverges_is_told_and_done) {
  const Folder folder;
  const path out = folder / "wild";
  const Arguments wild = study(out, {"--lr", "1e30"});
  run(folder, wild);
  const std::string rows = tools::content(out / "results.csv"), table = tools::content(out / "table.md");
  BOOST_CHECK_EQUAL(count(rows, "\n"), 7u);
  BOOST_CHECK_GE(count(rows, ",diverged at epoch 1 step 2"), 2u);
  BOOST_CHECK_MESSAGE(tools::has(table, "2 (2 diverged)"), table);
  BOOST_CHECK_MESSAGE(tools::has(table, "- polygons-cnn-2-seed3: diverged at epoch 1 step 2 ("), table);
  BOOST_CHECK_EQUAL(count(run(folder, wild), "done before"), 6u);
  BOOST_CHECK_EQUAL(tools::content(out / "results.csv"), rows);
}

BOOST_AUTO_TEST_CASE(more_seeds_join_those_that_are_there) {
  const Folder folder;
  const path out = folder / "more", at_once = folder / "at-once";
  run(folder, study(out, {"--model", "cnn:2"}));
  const std::string output = run(folder, study(out, {"--model", "cnn:2+4", "--seeds", "0-1"}));
  BOOST_CHECK_EQUAL(count(output, "done before"), 1u);
  run(folder, study(at_once, {"--model", "cnn:4,cnn:2", "--seeds", "3,0-1"}));
  // All but cnn-4-seed3, which only one of them was asked for.
  std::string rows = tools::content(at_once / "results.csv");
  const std::size_t row = rows.find("polygons-cnn-4-seed3");
  BOOST_REQUIRE(row != std::string::npos);
  rows.erase(row, rows.find('\n', row) + 1 - row);
  BOOST_CHECK_EQUAL(tools::content(out / "results.csv"), rows);
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_ends_with_a_message_and_changes_nothing) {
  const Folder folder;
  const path out = folder / "study";
  run(folder, study(out, {"--model", "cnn:2"}));
  const auto before = tools::tree(out);
  const auto refused = [&](const Arguments& more, const std::string& message) {
    const std::string output = run(folder, study(out, more), 1);
    BOOST_CHECK_MESSAGE(tools::has(output, message), output);
    BOOST_CHECK(tools::tree(out) == before);
  };
  refused({"--epochs", "4"},
          "settings.txt: epochs: expected 4, as now; other settings need another --out, found 3");
  refused({"--test-images", "5"}, "settings.txt: test-images: expected 5");
  refused({"--epochs", "0"}, "nwm_study: --epochs: expected at least 1, found 0");
  refused({"--lr", "-1"}, "--lr: expected a positive number, found -1");
  refused({"--schedule", "steps"}, "--schedule: expected constant or cosine, found 'steps'");
  refused({"--model", "cnn:3"}, "--model cnn: expected one of 2, 4, 8, 16, 32, found '3'");
  tools::put(out / "runs" / "polygons-cnn-2-seed0" / "result.csv", "damaged");
  const std::string output = run(folder, study(out, {"--model", "cnn:2"}), 1);
  BOOST_CHECK_MESSAGE(tools::has(output, "polygons-cnn-2-seed0/result.csv: header: expected run_name,"),
                      output);
}
