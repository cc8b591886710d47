// The study's four data sets, loaded from files or generated.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "nwm/data/dataset.hpp"
#include "options.hpp"

namespace study {

struct Data {
  nwm::data::Split split;
  std::string source;       ///< description for people
  std::string fingerprint;  ///< sizes and a hash of the masks
};

/// Loads or generates the pictures of a data set (DataSet::pictures), with the number of images in the
/// options. Throws nwm::Error naming the folder or file, what was expected and found, and how to get the
/// data.
Data load(const std::string& name, const Options& options);

/// Writes a split as <name>_{train,val,test}_{images,masks}.npy, bytes where the pictures are such, else
/// float32, so that `load` finds it in that folder, and numpy reads it.
void write(const nwm::data::Split& split, const std::filesystem::path& folder, const std::string& name);

/// The numbers below `count` in the order of torch.randperm(count) after torch.manual_seed(seed), on the
/// processor. `count` is below 2^32.
std::vector<std::size_t> torch_permutation(std::size_t count, std::uint32_t seed);

}  // namespace study
