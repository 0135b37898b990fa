#include <map>

#include <fmt/format.h>

#include "results/plot/pictures.h"
#include "runner/support/error.h"

namespace archsweep::results {
namespace {

// 1 better, -1 worse, 0 equal.
int direction(const Scale& scale, double before, double after) {
  if (before == after || scale.better == Better::neither) return 0;
  return (after > before) == (scale.better == Better::higher) ? 1 : -1;
}

// How many architectures moved which way, in words.
struct Moves {
  int better = 0, worse = 0, mixed = 0, same = 0;

  void add(int x, int y) {
    if (x == 0 && y == 0)
      ++same;
    else if (x >= 0 && y >= 0)
      ++better;
    else if (x <= 0 && y <= 0)
      ++worse;
    else
      ++mixed;
  }
  std::string words() const {
    return fmt::format(
        "{} architectures are in both: {} better, {} worse, {} traded one axis for the other, {} "
        "unchanged.",
        better + worse + mixed + same, better, worse, mixed, same);
  }
};

// The frontier before, as a line: its points are hollow and not this chart's frontier.
Line frontier_before(const Chart& before) {
  std::map<double, double> front;
  for (const auto& point : before.points)
    if (point.on_frontier) front.emplace(point.x, point.y);
  return {.points = {front.begin(), front.end()},
          .family = "",
          .name = "",
          .style = Line::Style::dashed};
}

}  // namespace

Chart compare_chart(const Side& before, const Side& after, std::string& remark) {
  std::string remark_before, remark_after;
  auto old = frontier_chart(before.reader, before.request, /*for_page=*/false, remark_before);
  auto chart = frontier_chart(after.reader, after.request, /*for_page=*/false, remark_after);
  if (old.x.label != chart.x.label || old.y.label != chart.y.label)
    throw Error(fmt::format(
        "the two have not been measured alike ({} and {}); name the axes by --x and --y",
        old.x.label, chart.x.label));
  chart.x.log = chart.x.log && old.x.log;
  chart.y.log = chart.y.log && old.y.log;
  if (after.request.title.empty()) chart.title = fmt::format("{}: before and after", chart.title);
  const auto alike = old.subtitle.substr(0, old.subtitle.rfind(';')) ==
                     chart.subtitle.substr(0, chart.subtitle.rfind(';'));
  chart.subtitle =
      alike ? fmt::format("before: {}, after: {}; {}", before.words, after.words, chart.subtitle)
            : fmt::format("before: {} ({}); after: {} ({})", before.words, old.subtitle,
                          after.words, chart.subtitle);
  Moves moves;
  std::map<std::string, const Point*> found;
  for (const auto& point : chart.points) found[point.name] = &point;
  for (const auto& point : old.points) {
    const auto now = found.find(point.name);
    if (now == found.end()) continue;
    const auto& p = *now->second;
    moves.add(direction(chart.x, point.x, p.x), direction(chart.y, point.y, p.y));
    if (point.x != p.x || point.y != p.y)
      chart.lines.push_back({.points = {{point.x, point.y}, {p.x, p.y}},
                             .family = point.family,
                             .name = "",
                             .style = Line::Style::arrow});
  }
  chart.lines.push_back(frontier_before(old));
  for (auto& point : chart.points) point.group = 0;  // of one sweep, not of the two
  for (auto point : old.points) {
    point.hollow = true;
    point.on_frontier = false;
    point.group = 0;
    point.full_name += " (before)";
    chart.points.push_back(std::move(point));
  }
  chart.note = moves.words();
  remark = remark_before.empty() ? remark_after : "before: " + remark_before;
  if (!remark_before.empty() && !remark_after.empty()) remark += "; after: " + remark_after;
  return chart;
}

}  // namespace archsweep::results
