// The figures of a test set as the command line asks for them, and those of saying nothing but background.
#pragma once

#include <functional>

#include "nwm/data/dataset.hpp"
#include "nwm/loss/segmentation_metrics.hpp"
#include "nwm/memory/array.hpp"
#include "options.hpp"

namespace study {

/// Scores (n, classes, H, W) of a part of a set.
using Scores = std::function<nwm::Array<float>(const nwm::data::Dataset&)>;

/// `measured`, the library's metrics of the set, with the foreground loss and the IoU over all pixels that
/// the options ask for (nwm/loss/authors_metrics.hpp). Where they ask for the library's own, `scores` is not
/// called. Images without a pixel of either mask count in no IoU of class bits.
nwm::SegmentationMetrics as_asked(const Options& options, nwm::SegmentationMetrics measured,
                                  const nwm::data::Dataset& set, const Scores& scores);

/// What saying the background for sure at every pixel scores, measured as a machine is. Its losses are
/// infinite: what it rules out is there.
nwm::SegmentationMetrics background_metrics(const Options& options, const nwm::data::Dataset& set);

}  // namespace study
