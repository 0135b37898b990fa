#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "results/hypervolume.h"
#include "results/plot/pictures.h"

namespace archsweep::results {
namespace {

// The trials that raised the most have their names.
constexpr std::size_t most_named = 8;

void name_largest(Chart& chart, const std::vector<double>& raises) {
  std::vector<std::size_t> order(raises.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::stable_sort(order, std::greater(), [&](std::size_t i) { return raises[i]; });
  for (std::size_t i = most_named; i < order.size(); ++i) chart.points[order[i]].name.clear();
}

}  // namespace

Chart over_time_chart(const Reader& reader, const PictureRequest& request) {
  const auto rows = comparable(reader, request.selection);
  const auto history = hypervolume_over_time(reader, rows);
  Chart chart{
      .title = request.title.empty() ? "What the frontier was worth, hour by hour" : request.title,
      .subtitle = fmt::format("{} against {}{}{}", axis_label(rows.y), axis_label(rows.x),
                              rows.keys.empty() ? "" : "; ", rows.keys),
      .note = {}};
  chart.x = {"hours since the first trial finished", "h", Better::neither, false};
  chart.y = {"share of the final hypervolume", "%", Better::higher, false};
  chart.draw_frontier = false;
  if (history.empty()) return chart;
  Line steps{.points = {}, .family = "", .name = ""};
  std::vector<double> raises;
  double before = 0, good_enough = NAN;
  for (const auto& at : history) {
    steps.points.emplace_back(at.hours, before);
    steps.points.emplace_back(at.hours, at.share);
    if (std::isnan(good_enough) && at.share >= 0.95) good_enough = at.hours;
    // The last trial is told even where it raised nothing.
    if (at.share > before) {
      chart.points.push_back({.x = at.hours, .y = at.share, .name = at.architecture, .family = ""});
      raises.push_back(at.share - before);
    }
    before = at.share;
  }
  name_largest(chart, raises);
  chart.lines.push_back(std::move(steps));
  chart.note = fmt::format(
      "Hypervolume: the area of the axes that finished trials beat. 95 % of it was there after "
      "{:.2g} of {:.2g} hours.",
      good_enough, history.back().hours);
  return chart;
}

}  // namespace archsweep::results
