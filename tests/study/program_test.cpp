// nwm_study as a laboratory: other time steps, figures as the authors' programs compute them, machines of
// one's own, and what saying nothing but background scores.
#define BOOST_TEST_MODULE study_program
#define BOOST_TEST_DYN_LINK
#include <array>
#include <boost/test/unit_test.hpp>
#include <cstdio>
#include <string>
#include <vector>

#include "results.hpp"
#include "tools.hpp"

namespace {

using tools::count, tools::Folder, tools::has, tools::run;
using tools::fs::path;
using Arguments = std::vector<std::string>;

/// One short run.
Arguments short_study(const path& out, const std::string& model, const Arguments& more = {}) {
  Arguments a{NWM_STUDY, "--data",       "polygons",  "--model",       model, "--seeds",
              "1",       "--epochs",     "1",         "--batch",       "4",   "--train-images",
              "8",       "--val-images", "2",         "--test-images", "70",  "--threads",
              "1",       "--out",        out.string()};
  a.insert(a.end(), more.begin(), more.end());
  return a;
}

/// The last row of what is printed or written, without the name of its run or file.
std::string last_row(const std::string& text) {
  const std::size_t start = text.rfind('\n', text.size() - 2) + 1;
  return text.substr(text.find(',', start));
}

/// The result of a run.
study::Result result(const path& out, const std::string& name) {
  return study::read_result(out / "runs" / name / "result.csv");
}
/// Its row, as last_row gives it.
std::string row_of(const path& out, const std::string& name) {
  return last_row(tools::content(out / "runs" / name / "result.csv"));
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_background_stays_beside_runs_that_are_done) {
  const Folder folder;
  const path out = folder / "study", jobs = folder / "jobs";
  const std::string first = run(folder, short_study(out, "cnn:2"));
  BOOST_CHECK_MESSAGE(has(first, "polygons: drawn, 8 + 2 + 70 images"), first);
  const auto whole = tools::tree(out);
  const std::string table = whole.at("table.md"), row = table.substr(table.find("| background everywhere"));
  // Its accuracy is the share of background in this very test set.
  const nwm::SegmentationMetrics m =
      study::read_background(out / "runs" / "polygons-cnn-2-seed1" / "background.csv");
  BOOST_CHECK(m.acc > 0.5 && m.acc < 1 && m.iou < m.acc && m.iou > m.acc / 2);
  std::array<char, 16> shown{};
  std::snprintf(shown.data(), shown.size(), "%.3f", m.acc);
  BOOST_CHECK_MESSAGE(has(row, " " + std::string(shown.data()) + " |"), table);
  BOOST_CHECK(has(whole.at("report.html"), ">background everywhere<"));
  BOOST_CHECK_EQUAL(count(whole.at("results.csv"), "\n"), 2u);  // runs only
  BOOST_CHECK_EQUAL(count(whole.at("scores.csv"), "\n"), 2u);
  // Again, without the tables, and where only runs and settings were copied; no data are loaded.
  for (const char* name : {"table.md", "report.html"}) tools::fs::remove(out / name);
  const std::string told = run(folder, short_study(out, "cnn:2"));
  BOOST_CHECK_MESSAGE(
      has(told, "done before") && has(told, "background everywhere") && !has(told, "polygons: drawn"), told);
  BOOST_CHECK(tools::tree(out) == whole);
  tools::fs::create_directory(jobs);
  tools::fs::copy(out / "runs", jobs / "runs", tools::fs::copy_options::recursive);
  tools::fs::copy_file(out / "settings.txt", jobs / "settings.txt");
  run(folder, short_study(jobs, "cnn:2"));
  BOOST_CHECK(tools::tree(jobs) == whole);
}

BOOST_AUTO_TEST_CASE(another_time_step_is_another_study) {
  const Folder folder;
  const path out = folder / "study", finer = folder / "finer";
  const std::string name = "polygons-nwm-last-seed1";
  const path weights = finer / "runs" / name / "weights.safetensors";
  run(folder, short_study(out, "nwm:last"));
  run(folder, short_study(finer, "nwm:last", {"--dt", "0.05"}));
  BOOST_CHECK(result(out, name).metrics.loss != result(finer, name).metrics.loss);
  BOOST_CHECK(has(tools::content(finer / "settings.txt"), "dt = 0.05\n"));
  BOOST_CHECK(has(tools::content(finer / "table.md"), "dt 0.05"));
  const std::string refused = run(folder, short_study(finer, "nwm:last"), 1);
  BOOST_CHECK_MESSAGE(has(refused, "settings.txt: dt: expected 0.1, as now"), refused);
  // A folder of a version that had no such option.
  std::string settings = tools::content(out / "settings.txt");
  settings.erase(settings.find("dt = 0.1\n"), 9);
  tools::put(out / "settings.txt", settings);
  const std::string older = run(folder, short_study(out, "nwm:last", {"--dt", "0.05"}), 1);
  BOOST_CHECK_MESSAGE(has(older, "settings.txt: dt: expected 0.05, as now"), older);
  run(folder, short_study(out, "nwm:last"));
  // Weights that say their time step need no option; it is drawn with it, too.
  const std::string row =
      run(folder, short_study(folder / "none", "nwm:last", {"--evaluate", weights.string()}));
  BOOST_CHECK_EQUAL(last_row(row), row_of(finer, name));
  run(folder, short_study(folder / "paper", "nwm:last", {"--figures", finer.string()}));
  BOOST_CHECK(tools::fs::exists(folder / "paper" / "figures" / name / "waves.gif"));
  const std::string none = run(folder, short_study(folder / "none", "nwm:last", {"--dt", "0"}), 1);
  BOOST_CHECK_MESSAGE(has(none, "--dt: expected a positive number, found 0"), none);
}

BOOST_AUTO_TEST_CASE(figures_as_the_authors_have_them) {
  const Folder folder;
  const path out = folder / "study", theirs = folder / "theirs";
  const std::string name = "polygons-cnn-2-seed1";
  const Arguments options{"--foreground-loss", "batch", "--iou", "class-bits"};
  run(folder, short_study(out, "cnn:2"));
  run(folder, short_study(theirs, "cnn:2", options));
  const path own_folder = out / "runs" / name, their_folder = theirs / "runs" / name;
  // The training is the same, bit for bit; two figures are not.
  for (const char* file : {"weights.safetensors", "curve.csv"})
    BOOST_CHECK(tools::content(own_folder / file) == tools::content(their_folder / file));
  const auto own = result(out, name).metrics, other = result(theirs, name).metrics;
  BOOST_CHECK(own.loss == other.loss && own.acc == other.acc && own.acc_foreground == other.acc_foreground &&
              own.iou_foreground == other.iou_foreground);
  BOOST_CHECK(own.iou != other.iou && own.loss_foreground != other.loss_foreground);
  BOOST_CHECK_CLOSE(own.loss_foreground, other.loss_foreground, 20);
  BOOST_CHECK_EQUAL(study::read_background(their_folder / "background.csv").iou, 0);
  // So are they of weights alone.
  Arguments more{"--evaluate", (own_folder / "weights.safetensors").string()};
  more.insert(more.end(), options.begin(), options.end());
  const std::string row = run(folder, short_study(folder / "none", "cnn:2", more));
  BOOST_CHECK_EQUAL(last_row(row), row_of(theirs, name));
  // Those of a set of 70 images as one group, and by 64, differ.
  more[3] = "set";
  tools::put(folder / "set.csv",
             study::csv_header() + name + last_row(run(folder, short_study(folder / "none", "cnn:2", more))));
  const auto set = study::read_result(folder / "set.csv").metrics;
  BOOST_CHECK(set.loss_foreground != other.loss_foreground && set.iou == other.iou);
}

#ifdef NWM_STUDY_OWN_SETTING
BOOST_AUTO_TEST_CASE(a_machine_of_one_s_own_stands_beside_the_study_s) {
  const Folder folder;
  const path out = folder / "study";
  run(folder, short_study(out, "nwm:linear", {"--data", "polygons,polygons-t20"}));
  const std::string table = tools::content(out / "table.md"), scores = tools::content(out / "scores.csv"),
                    settings = tools::content(out / "settings.txt");
  BOOST_CHECK_MESSAGE(has(table, "## polygons\n") && has(table, "## polygons-t20\n"), table);
  BOOST_CHECK_EQUAL(count(table, "| background everywhere"), 2u);
  // Steps and c_mid.
  BOOST_CHECK_MESSAGE(
      has(scores, "polygons-t20-nwm-linear-seed1,polygons-t20,cornn_model2,linear,20,16,8,1,"), scores);
  BOOST_CHECK_MESSAGE(has(scores, "polygons-nwm-linear-seed1,polygons,cornn_model2,linear,100,16,16,1,"),
                      scores);
  // The same pictures.
  const auto fingerprint = [&](const std::string& name) {
    const std::size_t at = settings.find("data " + name + " = ") + name.size() + 8;
    return settings.substr(at, settings.find('\n', at) - at);
  };
  BOOST_CHECK_EQUAL(fingerprint("polygons"), fingerprint("polygons-t20"));
  // Weights say whose they are, among all machines.
  const std::string name = "polygons-t20-nwm-linear-seed1";
  const path weights = out / "runs" / name / "weights.safetensors";
  const std::string row =
      run(folder, short_study(folder / "none", "cnn:2", {"--evaluate", weights.string()}));
  BOOST_CHECK_EQUAL(last_row(row), row_of(out, name));
  run(folder, short_study(folder / "paper", "nwm:linear", {"--figures", out.string()}));
  BOOST_CHECK(tools::fs::exists(folder / "paper" / "figures" / name / "strip.png"));
  const std::string absent =
      run(folder, short_study(folder / "none", "nwm:fft", {"--data", "polygons-t20"}), 1);
  BOOST_CHECK_MESSAGE(has(absent, "polygons-t20-nwm-fft on the cpu"), absent);
}
#endif
