#include "results/plot/reliability.h"

#include <fmt/format.h>

namespace archsweep::results {

Chart reliability_chart(const Calibration& calibration, const std::string& title,
                        std::size_t images) {
  Chart chart{.title = title,
              .subtitle = fmt::format(
                  "{} validation images in {} bins of confidence; expected calibration error "
                  "{:.2f} %, Brier score {:.4f}",
                  images, calibration.bins.size(), 100 * calibration.error, calibration.brier),
              .note =
                  "Below the dotted line it is surer than it is right. The area of a mark is "
                  "in proportion to its images."};
  chart.x = {"confidence: probability of what is predicted", "%", Better::neither, false};
  chart.y = {"accuracy", "%", Better::neither, false};
  chart.draw_frontier = false;
  chart.lines.push_back({{{0, 0}, {1, 1}}, "", "", Line::Style::dashed});
  for (const auto& bin : calibration.bins)
    if (bin.images > 0)
      chart.points.push_back({.x = bin.confidence,
                              .y = bin.accuracy,
                              .y_low = bin.interval.low,
                              .y_high = bin.interval.high,
                              .size = static_cast<double>(bin.images),
                              .full_name = fmt::format("{} images", bin.images)});
  return chart;
}

}  // namespace archsweep::results
