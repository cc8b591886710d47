// The shapes nwm_conformance can run: each source file of this folder registers a few machines, main.cpp
// finds the one a file asks for.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "nwm/io/safetensors.hpp"

namespace conformance {

/// What a case came to. Errors are relative, in the 2-norm; the gradient's is the worst over the parameters.
struct Result {
  double logits_error = 0, gradient_error = 0;
};

struct Entry {
  std::string configuration, backend, precision;
  std::size_t images;  ///< the backend takes in one pass
  std::function<Result(const nwm::io::Safetensors&)> run;
};

inline std::vector<Entry>& registry() {
  static std::vector<Entry> entries;
  return entries;
}

/// The fields of a case's metadata that decide which type can run it, in one line.
inline std::string configuration(const std::map<std::string, std::string>& metadata) {
  // Cases of sequences and other targets name a system; the study's name a model.
  static const std::vector<const char*> study{"model", "readout", "cell",  "head",    "layers", "n",
                                              "c_in",  "c_mid",   "c_out", "classes", "steps"};
  static const std::vector<const char*> pictures{"system", "loss",  "c_in",     "steps",
                                                 "height", "width", "channels", "out"};
  static const std::vector<const char*> sequences{"system",   "loss", "act",   "scheme", "kernel",
                                                  "channels", "n_in", "steps", "each"};
  const auto system = metadata.find("system");
  const auto& keys = system == metadata.end()                                          ? study
                     : system->second == "plain_nwm" || system->second == "driven_nwm" ? pictures
                                                                                       : sequences;
  std::string line;
  for (const char* key : keys) {
    const auto found = metadata.find(key);
    line += std::string(key) + "=" + (found == metadata.end() ? "" : found->second) + " ";
  }
  return line;
}

}  // namespace conformance
