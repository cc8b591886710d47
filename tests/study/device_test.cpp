// nwm_study --backend device: the results of the CPU's, within rounding, and its own settings.
#define BOOST_TEST_MODULE study_device
#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "results.hpp"
#include "tools.hpp"

namespace {

const tools::Folder& folder() {
  static const tools::Folder f;
  return f;
}

/// The exit status; the program's words go to the file NAME.txt.
int run_study(const std::string& name, const std::string& backend, const std::string& out,
              const std::string& seeds = "1", const std::string& parallel = "1",
              const std::string& precision = "float32") {
  std::vector<std::string> line{NWM_STUDY};
  for (const auto& [option, value] :
       std::vector<std::pair<std::string, std::string>>{{"backend", backend},
                                                        {"precision", precision},
                                                        {"data", "polygons"},
                                                        {"model", "lstm:last"},
                                                        {"seeds", seeds},
                                                        {"parallel", parallel},
                                                        {"epochs", "1"},
                                                        {"batch", "8"},
                                                        {"train-images", "16"},
                                                        {"val-images", "2"},
                                                        {"test-images", "5"},
                                                        {"out", (folder() / out).string()}}) {
    line.push_back("--" + option);
    line.push_back(value);
  }
  return tools::wait_for(tools::start(line, folder() / (name + ".txt")));
}

nwm::SegmentationMetrics metrics(const std::string& out) {
  return study::read_result(folder() / out / "runs" / "polygons-lstm-last-seed1" / "result.csv").metrics;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_same_numbers_as_the_cpu) {
  BOOST_REQUIRE_MESSAGE(run_study("cpu", "cpu", "a") == 0, tools::content(folder() / "cpu.txt"));
  BOOST_REQUIRE_MESSAGE(run_study("device", "device", "b") == 0, tools::content(folder() / "device.txt"));
  const auto a = metrics("a"), b = metrics("b");
  BOOST_TEST(std::abs(a.loss - b.loss) < 1e-3 * a.loss);
  BOOST_TEST(std::abs(a.acc - b.acc) < 5e-3);
  BOOST_TEST(a.loss != b.loss);  // it was another backend that ran
}

BOOST_AUTO_TEST_CASE(products_are_rounded_as_asked_for) {
  BOOST_REQUIRE_MESSAGE(run_study("bf16", "device", "d", "1", "1", "bf16") == 0,
                        tools::content(folder() / "bf16.txt"));
  const auto full = metrics("b"), rounded = metrics("d");
  const double apart = std::abs(full.loss - rounded.loss) / full.loss;
  BOOST_TEST(apart > 1e-6);
  BOOST_TEST(apart < 2e-2);
  // Another precision is another study; one that was not built is told, and so is one of a processor.
  BOOST_TEST(run_study("other_precision", "device", "d") == 1);
  BOOST_TEST(tools::has(tools::content(folder() / "other_precision.txt"),
                        "settings.txt: backend: expected device, as now"));
  BOOST_TEST(run_study("not_built", "device", "e", "1", "1", "tf32") == 1);
  BOOST_TEST(tools::has(tools::content(folder() / "not_built.txt"), "polygons-lstm-last on the device-tf32"));
  BOOST_TEST(run_study("of_cpu", "cpu", "e", "1", "1", "bf16") == 1);
  BOOST_TEST(tools::has(tools::content(folder() / "of_cpu.txt"),
                        "--precision: expected --backend device with it, found 'bf16' on the cpu"));
}

BOOST_AUTO_TEST_CASE(runs_beside_each_other_leave_the_same_bytes) {
  BOOST_REQUIRE(run_study("in_turn", "device", "in_turn", "0-2") == 0);
  BOOST_REQUIRE_MESSAGE(run_study("beside", "device", "beside", "0-2", "3") == 0,
                        tools::content(folder() / "beside.txt"));
  tools::require_same(folder() / "beside", folder() / "in_turn");
}

BOOST_AUTO_TEST_CASE(a_folder_belongs_to_one_backend) {
  BOOST_TEST(run_study("other", "device", "a") == 1);
  BOOST_TEST(tools::has(tools::content(folder() / "other.txt"), "settings.txt: backend: expected device"));
}

BOOST_AUTO_TEST_CASE(a_backend_that_is_not_there) {
  BOOST_TEST(run_study("none", "gpu", "c") == 1);
  BOOST_TEST(
      tools::has(tools::content(folder() / "none.txt"), "--backend: expected cpu or device, found 'gpu'"));
}
