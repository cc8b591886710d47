// nwm_study --backend device: the results of the CPU's, within rounding, and its own settings.
#define BOOST_TEST_MODULE study_device
#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <string>

#include "results.hpp"
#include "tools.hpp"

namespace {

const tools::Folder& folder() {
  static const tools::Folder f;
  return f;
}

/// The exit status; the program's words go to the file NAME.txt.
int run_study(const std::string& name, const std::string& backend, const std::string& out) {
  return tools::wait_for(tools::start({NWM_STUDY,
                                       "--backend",
                                       backend,
                                       "--data",
                                       "polygons",
                                       "--model",
                                       "lstm:last",
                                       "--seeds",
                                       "1",
                                       "--epochs",
                                       "1",
                                       "--batch",
                                       "8",
                                       "--train-images",
                                       "16",
                                       "--val-images",
                                       "2",
                                       "--test-images",
                                       "5",
                                       "--out",
                                       (folder() / out).string()},
                                      folder() / (name + ".txt")));
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

BOOST_AUTO_TEST_CASE(a_folder_belongs_to_one_backend) {
  BOOST_TEST(run_study("other", "device", "a") == 1);
  BOOST_TEST(tools::has(tools::content(folder() / "other.txt"), "settings.txt: backend: expected device"));
}

BOOST_AUTO_TEST_CASE(a_backend_that_is_not_there) {
  BOOST_TEST(run_study("none", "gpu", "c") == 1);
  BOOST_TEST(
      tools::has(tools::content(folder() / "none.txt"), "--backend: expected cpu or device, found 'gpu'"));
}
