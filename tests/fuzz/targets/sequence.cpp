// The files of nwm_sequence: learning curves, a run's settings, the table of results.
#include "../../../examples/sequence/journal.hpp"
#include "../target.hpp"

namespace {

void read_sequence_curve(fuzz::Bytes bytes) {
  static fuzz::File file("sequence_curve.csv");
  const sequence::Curve curve(file.put(bytes), 2);
}

/// A folder with a run that is gone on with, and with a table that its result is added to.
void read_sequence_folder(fuzz::Bytes bytes) {
  // Opened anew each time: the program puts other files in their place.
  fuzz::File state("training.safetensors"), settings("settings.txt"), table("results.csv");
  static const sequence::Entry entry{.task = "copy", .model = "rnn", .defaults = {}, .published = 0.5};
  static const sequence::Options options = [] {
    sequence::Options resumed;
    resumed.resume = true;
    return resumed;
  }();
  const auto [first, second] = fuzz::halves(bytes);
  settings.put(first);
  const std::string& path = table.put(second);
  sequence::open_folder(sequence::Files("."), entry, {}, options);
  sequence::add_result(path, "copy-rnn", entry, {}, {});
}

const fuzz::Add sequence_curve({.name = "sequence_curve", .read = read_sequence_curve});
const fuzz::Add sequence_folder({.name = "sequence_folder", .read = read_sequence_folder});

}  // namespace
