// The comparison: every configuration's figures over its seeds, beside the published ones.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "published.hpp"
#include "results.hpp"

namespace study {

/// Of the values of a configuration's seeds. sd is the sample's (n − 1), NaN for one value; the median of an
/// even number is the middle of the two. Any NaN makes all NaN.
struct Statistics {
  std::size_t count = 0;
  double mean = 0, sd = 0, median = 0, smallest = 0, largest = 0;
};
Statistics statistics(std::vector<double> values);

/// The runs of one configuration.
struct Group {
  Configuration configuration;
  std::vector<Result> runs;
};
/// `results`, which are in the order of the study, by data set and configuration.
std::vector<std::vector<Group>> grouped(const std::vector<Result>& results);

/// "1 collapsed, 2 diverged", or nothing.
std::string failures(const std::vector<Result>& runs);

const Published* published_of(const Configuration& configuration);

/// A Markdown table a data set, columns aligned for the terminal, with a note for every run that collapsed or
/// diverged. `results` in the order of the study; parameters(configuration) is the number of trained values;
/// `budget` is a line that says what the runs were given.
std::string table(const std::vector<Result>& results,
                  const std::function<std::size_t(const Configuration&)>& parameters,
                  const std::string& budget);

}  // namespace study
