// The files of nwm_study: results, settings, learning curves.
#include "../../../examples/study/journal.hpp"
#include "../../../examples/study/results.hpp"
#include "../../../examples/study/settings.hpp"
#include "../target.hpp"

namespace {

void read_study_result(fuzz::Bytes bytes) {
  static fuzz::File file("result.csv");
  (void)study::read_result(file.put(bytes));
}

void read_study_background(fuzz::Bytes bytes) {
  static fuzz::File file("background.csv");
  (void)study::read_background(file.put(bytes));
}

void read_study_settings(fuzz::Bytes bytes) {
  static fuzz::File file("settings.txt");
  study::Settings settings(file.put(bytes));
  settings.require("epochs", "3");
}

void read_study_curve(fuzz::Bytes bytes) {
  static fuzz::File file("study_curve.csv");
  const study::Curve curve(file.put(bytes), 2);
}

const fuzz::Add study_result({.name = "study_result", .read = read_study_result});
const fuzz::Add study_background({.name = "study_background", .read = read_study_background});
const fuzz::Add study_settings({.name = "study_settings", .read = read_study_settings});
const fuzz::Add study_curve({.name = "study_curve", .read = read_study_curve});

}  // namespace
