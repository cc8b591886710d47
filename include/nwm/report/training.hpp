// Training and final metrics of a machine, as a section of a report.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "nwm/error.hpp"
#include "nwm/loss/segmentation_metrics.hpp"
#include "nwm/report/chart.hpp"
#include "nwm/report/page.hpp"

namespace nwm::report {

/// The losses (cross-entropy per pixel) after each epoch, all of one length.
struct LearningCurve {
  std::vector<double> epoch, training, validation;  ///< of the same length each
};

/// Adds facts about the run, metrics on `images` held-out images (loss/segmentation_metrics.hpp says
/// what they are), and the curve. An empty curve is left out. Throws Error when its parts differ in length,
/// or no loss can be drawn.
inline void add_training(Page& page, std::vector<std::pair<std::string, std::string>> facts,
                         const SegmentationMetrics& metrics, std::size_t images, const LearningCurve& curve) {
  for (const auto* losses : {&curve.training, &curve.validation})
    if (losses->size() != curve.epoch.size())
      throw Error("nwm::report::add_training", "curve", std::to_string(curve.epoch.size()) + " losses",
                  std::to_string(losses->size()));
  page.section("What was learned");
  page.facts(facts);
  Figure table{Table{{"On " + std::to_string(images) + " held-out images", "All pixels", "Pixels in shapes"},
                     {{"accuracy", percent(metrics.acc), percent(metrics.acc_foreground)},
                      {"intersection over union", percent(metrics.iou), percent(metrics.iou_foreground)},
                      {"cross-entropy", number(metrics.loss), number(metrics.loss_foreground)}}}
                   .html()};
  if (curve.epoch.empty()) {
    page.figure(table);
    return;
  }
  double low = std::numeric_limits<double>::infinity(), high = 0;
  for (const auto* losses : {&curve.training, &curve.validation})
    for (const double v : *losses) low = std::min(low, v), high = std::max(high, v);
  Table numbers{{"Epoch", "Training", "Validation"}};
  for (std::size_t i = 0; i < curve.epoch.size(); ++i)
    numbers.rows.push_back({number(curve.epoch[i]), number(curve.training[i]), number(curve.validation[i])});
  page.row({{chart({{"training", curve.epoch, curve.training, 0, true},
                    {"validation", curve.epoch, curve.validation, 1, true}},
                   {.x_label = "epoch",
                    .y_label = "cross-entropy per pixel",
                    .logarithmic = low > 0 && high > 4 * low,
                    .counted = true}),
             "Learning curve.", "", numbers},
            table});
}

}  // namespace nwm::report

#include "nwm/pop_macros.inc"
