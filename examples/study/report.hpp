// The comparison as an HTML page: every seed a dot beside the published mean and deviation.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "results.hpp"

namespace study {

/// Writes the page, whole or not at all: for each data set, foreground IoU and accuracy of every model, and a
/// table of all figures, with those of saying nothing but background where they are given.
/// `results` must be in the order of the study; `budget` as for table(). Without results, nothing is written.
void write_report(const std::filesystem::path& path, const std::vector<Result>& results,
                  const std::string& budget, const Backgrounds& backgrounds = {});

}  // namespace study
