// The comparison as a page to look at: every seed a dot beside the published mean and deviation.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "results.hpp"

namespace study {

/// Writes the page, whole or not at all: for each data set foreground IoU and accuracy of every model.
/// `results` in the order of the study, `budget` as for table(). Nothing is written where there is no result.
void write_report(const std::filesystem::path& path, const std::vector<Result>& results,
                  const std::string& budget);

}  // namespace study
