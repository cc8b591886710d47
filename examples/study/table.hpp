// The comparison as a table: every configuration's statistics over its seeds, beside the published ones.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "published.hpp"
#include "results.hpp"

namespace study {

/// Statistics of a configuration's values over seeds. sd is the sample's (n − 1), NaN for one value. The
/// median of an even number of values is the mean of the middle two. Any NaN makes all NaN.
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
/// `results`, in the order of the study, grouped by data set and configuration.
std::vector<std::vector<Group>> grouped(const std::vector<Result>& results);

/// "1 collapsed, 2 diverged", or nothing.
std::string failures(const std::vector<Result>& runs);

const Published* published_of(const Configuration& configuration);

/// All six figures of every configuration of a data set, mean ± sd, and below them those of saying nothing
/// but background, where they are given. The first row has the columns' names.
std::vector<std::vector<std::string>> all_figures(const std::vector<Group>& groups,
                                                  const Backgrounds& backgrounds);

/// Two Markdown tables per data set, the second of all_figures, with columns aligned for the terminal and a
/// note for every run that collapsed or diverged. `results` must be in the order of the study.
/// parameters(configuration) is the number of trained values. `budget` is a line that describes the training
/// budget; `backgrounds` are those of saying nothing but background.
std::string table(const std::vector<Result>& results,
                  const std::function<std::size_t(const Configuration&)>& parameters,
                  const std::string& budget, const Backgrounds& backgrounds = {});

}  // namespace study
