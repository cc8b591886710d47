#include "report.hpp"

#include "nwm/report/comparison.hpp"
#include "nwm/report/page.hpp"
#include "table.hpp"

namespace study {

void write_report(const std::filesystem::path& path, const std::vector<Result>& results,
                  const std::string& budget, const Backgrounds& backgrounds) {
  if (results.empty()) return;
  nwm::report::Page page("The study",
                         "Waves, other recurrent networks and convolutions on the same tasks. " + budget);
  for (const std::vector<Group>& groups : grouped(results)) {
    page.section(groups[0].configuration.data);
    const auto add = [&](const std::string& quantity, double nwm::SegmentationMetrics::*figure,
                         double Published::*mean, double Published::*sd) {
      std::vector<nwm::report::Compared> models;
      for (const Group& g : groups) {
        nwm::report::Compared m{.name = g.configuration.title(), .found = {}, .remark = failures(g.runs)};
        for (const Result& r : g.runs) m.found.push_back(r.metrics.*figure);
        if (const Published* p = published_of(g.configuration))
          m.published = p->*mean, m.published_sd = p->*sd;
        models.push_back(m);
      }
      page.figure(nwm::report::comparison(
          models,
          {.title = quantity + " on the test set.",
           .caption = "Over the pixels that are not background. The published runs had the full protocol.",
           .quantity = quantity}));
    };
    add("Foreground IoU", &nwm::SegmentationMetrics::iou_foreground, &Published::iou_mean,
        &Published::iou_sd);
    add("Foreground accuracy", &nwm::SegmentationMetrics::acc_foreground, &Published::acc_mean,
        &Published::acc_sd);
    std::vector<std::vector<std::string>> rows = all_figures(groups, backgrounds);
    nwm::report::Table table{.head = rows[0], .rows = {rows.begin() + 1, rows.end()}};
    if (backgrounds.contains(groups[0].configuration.data))
      table.caption =
          "All figures on the test set. Background everywhere: what saying the background for sure at every "
          "pixel scores; its losses are ∞, as it rules out classes that are there.";
    page.table(table);
  }
  page.write(path);
}

}  // namespace study
