#include <algorithm>
#include <cmath>

#include "results/frontier.h"
#include "results/plot/chart.h"
#include "results/plot/palette.h"

namespace archsweep::results {
namespace {

// What grows as the value gets better on its axis.
double goodness(const Scale& scale, double value) {
  return scale.better == Better::higher ? value : -value;
}

double forward(const Scale& scale, double value) {
  return scale.log ? std::log10(value) : value;
}

double back(const Scale& scale, double value) {
  return scale.log ? std::pow(10.0, value) : value;
}

}  // namespace

void mark_frontier(Chart& chart) {
  std::vector<Candidate> candidates;
  for (const auto& p : chart.points)
    candidates.push_back({-goodness(chart.x, p.x), goodness(chart.y, p.y)});
  for (auto& point : chart.points) point.on_frontier = false;
  for (const auto i : frontier(candidates)) chart.points[i].on_frontier = true;
}

void add_trends(Chart& chart) {
  for (const auto& style : family_styles(chart)) {
    if (style.is_other) continue;
    double n = 0, sum_x = 0, sum_y = 0, least = INFINITY, most = -INFINITY;
    std::vector<std::pair<double, double>> points;
    for (const auto& p : chart.points) {
      if (p.family != style.family) continue;
      const double x = forward(chart.x, p.x), y = forward(chart.y, p.y);
      points.emplace_back(x, y);
      ++n, sum_x += x, sum_y += y;
      least = std::min(least, x), most = std::max(most, x);
    }
    if (n < 3 || !(least < most)) continue;
    const double mean_x = sum_x / n, mean_y = sum_y / n;
    double xy = 0, xx = 0;
    for (const auto& [x, y] : points)
      xy += (x - mean_x) * (y - mean_y), xx += (x - mean_x) * (x - mean_x);
    const auto end = [&](double x) {
      return std::pair(back(chart.x, x), back(chart.y, mean_y + xy / xx * (x - mean_x)));
    };
    chart.lines.push_back({.points = {end(least), end(most)}, .family = style.family, .name = ""});
  }
}

}  // namespace archsweep::results
