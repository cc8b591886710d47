// The study's four data sets, from files or drawn.
#pragma once

#include <string>

#include "nwm/data/dataset.hpp"
#include "options.hpp"

namespace study {

struct Data {
  nwm::data::Split split;
  std::string source;       ///< in words, for people
  std::string fingerprint;  ///< sizes and a number that changes with the pictures' masks
};

/// Loads or draws a data set, with as many images as the options say. Throws nwm::Error naming the folder or
/// file, what was expected and found, and how to get it.
Data load(const std::string& name, const Options& options);

}  // namespace study
