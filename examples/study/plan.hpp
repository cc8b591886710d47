// The study's comparisons: data sets, models with their variants, seeds; their names and order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace study {

/// A data set that there are machines for: one of the study's, or other machines on the same pictures under a
/// name of their own.
struct DataSet {
  std::string name, pictures;                     ///< whose pictures: a data set of the study
  std::size_t steps = 100, recurrent_steps = 20;  ///< of NWM; of the other recurrent networks
  std::size_t encoder_width = 16;                 ///< c_mid
  std::string unet_grid = {};                     ///< empty where a U-Net fits, else the grid that does not

  bool operator==(const DataSet&) const = default;
};

/// Those of the study, and those that were added.
const std::vector<DataSet>& data_sets();
/// The data set of that name; throws nwm::Error where there is none.
const DataSet& data_set(const std::string& name);
/// Adds one, before configurations() is first called. Again the same: nothing happens. Throws nwm::Error
/// where another has the name, or `pictures` is no data set of the study.
void add_data_set(const DataSet& data);

/// A model variant on a data set; one row of a table.
struct Configuration {
  std::string data, model;
  std::string readout = {};  ///< recurrent models only
  std::size_t layers = 0;    ///< CNN only
  std::size_t width = 0;     ///< U-Net only

  bool operator==(const Configuration&) const = default;
  /// The readout, number of layers or width, as in the published tables.
  std::string variant() const;
  /// "tetrominoes-cnn-8".
  std::string name() const;
  /// The name in the study: "ConvLSTM linear".
  std::string title() const;
  /// Recurrent steps; 0 for models without.
  std::size_t steps() const;
};

struct Run {
  Configuration configuration;
  std::uint64_t seed = 0;

  bool operator==(const Run&) const = default;
  /// "tetrominoes-cnn-8-seed3".
  std::string name() const { return configuration.name() + "-seed" + std::to_string(seed); }
};

/// Every configuration of the study, in the order of its tables, and those of data sets that were added.
const std::vector<Configuration>& configurations();

/// Position in configurations().
std::size_t position(const Configuration& configuration);

/// The study's run of that name, if there is one.
std::optional<Run> run_named(const std::string& name);

/// The command line's selection, as comma-separated lists.
struct Selection {
  std::string data = "tetrominoes", model = "nwm", readout = "linear,fft,last,mean_time,max_time",
              layers = "2,4,8,16,32", width = "2-5", seeds = "0-9";
};

/// The configurations and seeds of a selection. A model may list its variants: "lstm:linear+last,cnn:2+8".
/// Numbers may be ranges, "0-9". Data sets and configurations come in the order of the study, each once;
/// seeds are sorted. Throws nwm::Error naming the option, the allowed values and the value found.
std::vector<Configuration> selected_configurations(const Selection& selection);
std::vector<std::uint64_t> selected_seeds(const Selection& selection);

}  // namespace study
