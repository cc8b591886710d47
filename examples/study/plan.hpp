// What the study compares: data sets, models and their variants, seeds; their names and their order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace study {

/// A model with all that makes it another row of the table.
struct Configuration {
  std::string data, model;
  std::string readout = {};  ///< of the recurrent models
  std::size_t layers = 0;    ///< of the CNN
  std::size_t width = 0;     ///< of the U-Net

  bool operator==(const Configuration&) const = default;
  /// The readout, the layers or the width: what the published figures are listed by.
  std::string variant() const;
  /// "tetrominoes-cnn-8".
  std::string name() const;
  /// As the study calls it: "ConvLSTM linear".
  std::string title() const;
  /// Recurrent steps; 0 where there are none.
  std::size_t steps() const;
};

struct Run {
  Configuration configuration;
  std::uint64_t seed = 0;

  bool operator==(const Run&) const = default;
  /// "tetrominoes-cnn-8-seed3".
  std::string name() const { return configuration.name() + "-seed" + std::to_string(seed); }
};

/// Every configuration of the study, in the order of its tables.
const std::vector<Configuration>& configurations();

/// Position in configurations().
std::size_t position(const Configuration& configuration);

/// The run of that name, if it is one of the study's.
std::optional<Run> run_named(const std::string& name);

/// What is asked for on the command line: comma lists.
struct Selection {
  std::string data = "tetrominoes", model = "nwm", readout = "linear,fft,last,mean_time,max_time",
              layers = "2,4,8,16,32", width = "2-5", seeds = "0-9";
};

/// The configurations and seeds of a selection. A model may bring its own variants:
/// "lstm:linear+last,cnn:2+8". Numbers may be ranges, "0-9". Data sets in the order of the study, then
/// configurations so, each once; the seeds sorted. Throws nwm::Error naming the option, what it may be and
/// what it was.
std::vector<Configuration> selected_configurations(const Selection& selection);
std::vector<std::uint64_t> selected_seeds(const Selection& selection);

}  // namespace study
