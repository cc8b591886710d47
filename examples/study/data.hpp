// The study's four data sets, loaded from files or generated.
#pragma once

#include <string>

#include "nwm/data/dataset.hpp"
#include "options.hpp"

namespace study {

struct Data {
  nwm::data::Split split;
  std::string source;       ///< description for people
  std::string fingerprint;  ///< sizes and a hash of the masks
};

/// Loads or generates a data set, with the number of images in the options. Throws nwm::Error naming the
/// folder or file, what was expected and found, and how to get the data.
Data load(const std::string& name, const Options& options);

}  // namespace study
