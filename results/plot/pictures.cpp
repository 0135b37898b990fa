#include "results/plot/pictures.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "results/cells.h"
#include "results/condition.h"
#include "results/plot/details.h"
#include "runner/support/error.h"
#include "runner/support/text.h"

namespace archsweep::results {
namespace {

Scale scale_of(const Metric& metric, bool log) {
  return {axis_label(metric), std::string(metric.unit), metric.better, log};
}

Point point_of(const Standing& s) {
  return {.x = s.x,
          .y = s.y,
          .x_low = s.x_low,
          .x_high = s.x_high,
          .y_low = s.y_low,
          .y_high = s.y_high,
          .name = s.architecture,
          .family = s.family,
          .on_frontier = s.on_frontier,
          .probability = s.probability,
          .group = s.group,
          .full_name = s.tag.empty() ? s.architecture : s.architecture + "." + s.tag,
          .values = {},
          .trials = s.trials,
          .speed_key = {},
          .accuracy_key = {}};
}

bool is_better(const Metric& metric, double a, double b) {
  return metric.better == Better::higher ? a > b : a < b;
}

// Of each architecture the experiment with the best y, the best x among equals.
std::vector<Point> of_architectures(const Answer& answer, const std::vector<Point>& experiments) {
  std::vector<Point> points;
  std::map<std::string, std::size_t> at;
  for (const auto& point : experiments) {
    const auto [place, is_new] = at.emplace(point.name, points.size());
    if (is_new) {
      points.push_back(point);
      continue;
    }
    auto& known = points[place->second];
    if (is_better(answer.y, point.y, known.y) ||
        (point.y == known.y && is_better(answer.x, point.x, known.x)))
      known = point;
  }
  return points;
}

// Of each architecture the best x and the best y of its trials, which may be two.
std::vector<Point> of_bests(const Reader& reader, const Answer& answer,
                            const std::vector<Point>& experiments) {
  std::vector<Point> points;
  std::map<std::string, std::size_t> at;
  std::map<std::int64_t, std::size_t> owner;
  std::vector<std::int64_t> trials;
  for (const auto& e : experiments) {
    const auto [place, is_new] = at.emplace(e.name, points.size());
    if (is_new)
      points.push_back(
          {.x = e.x, .y = e.y, .name = e.name, .family = e.family, .full_name = e.name});
    auto& mine = points[place->second].trials;
    mine.insert(mine.end(), e.trials.begin(), e.trials.end());
    trials.insert(trials.end(), e.trials.begin(), e.trials.end());
    for (const auto trial : e.trials) owner[trial] = place->second;
  }
  // A median or a mean of seeds is no better than the best of them.
  for (const auto& row :
       reader
           .ask(fmt::format("SELECT trial, {}, {} FROM finished WHERE trial IN {}", answer.x.key,
                            answer.y.key, id_list(trials)))
           .rows) {
    auto& point = points[owner[whole_of(row[0])]];
    const double x = number_of(row[1]), y = number_of(row[2]);
    if (is_better(answer.x, x, point.x)) point.x = x;
    if (is_better(answer.y, y, point.y)) point.y = y;
  }
  return points;
}

std::vector<Point> points_of(const Reader& reader, const Answer& answer, By by) {
  std::vector<Point> points;
  for (const auto& standing : answer.standings)
    if (std::isfinite(standing.x) && std::isfinite(standing.y))
      points.push_back(point_of(standing));
  if (by == By::architecture) return of_architectures(answer, points);
  if (by == By::bests) return of_bests(reader, answer, points);
  return points;
}

void add_sizes(Chart& chart, const Reader& reader, std::string column) {
  chart.size_squared = column.ends_with("^2");
  if (chart.size_squared) column.resize(column.size() - 2);
  const auto known = leaderboard_columns(reader);
  if (std::ranges::find(known, column) == known.end())
    throw Error(fmt::format("--size: '{}' is no column of the leaderboard{}", printable(column, 80),
                            did_you_mean(column, known)));
  std::vector<std::int64_t> trials;
  for (const auto& point : chart.points)
    if (!point.trials.empty()) trials.push_back(point.trials[0]);
  std::map<std::int64_t, double> sizes;
  for (const auto& row : reader
                             .ask(fmt::format("SELECT trial, {} FROM finished WHERE trial IN {}",
                                              column, id_list(trials)))
                             .rows)
    sizes[whole_of(row[0])] = number_of(row[1]);
  for (auto& point : chart.points) {
    const double value = point.trials.empty() ? not_measured : sizes[point.trials[0]];
    if (!std::isfinite(value)) continue;
    point.size = chart.size_squared ? value * value : std::max(0.0, value);
  }
  std::ranges::replace(column, '_', ' ');
  chart.size_label = column;
}

std::string count(std::size_t number, const char* one, const char* more) {
  return fmt::format("{} {}", number, number == 1 ? one : more);
}

}  // namespace

std::string and_among_trials(const PictureRequest& request) {
  const auto& where = request.selection.where;
  return where.empty() ? ""
                       : fmt::format(" AND trial IN (SELECT trial FROM trials WHERE {})", where);
}

std::string axis_label(const Metric& metric) {
  if (metric.key == "top1") return "top-1 accuracy";
  if (metric.key == "top5") return "top-5 accuracy";
  if (metric.key == "error") return "error rate";
  if (metric.key == "latency") return "latency: seconds per sample at batch 1";
  if (metric.key == "throughput") return "throughput: samples per second";
  if (metric.key == "macs") return "multiply-accumulates of one sample";
  if (metric.key == "score") return "score: error * (fit time + 80)";
  std::string label(metric.key);
  if (label.ends_with("_bytes")) label.resize(label.size() - 6);
  std::ranges::replace(label, '_', ' ');
  return label;
}

Chart frontier_chart(const Reader& reader, const PictureRequest& request, bool for_page,
                     std::string& remark) {
  const auto answer = ask_frontier(reader, request.selection);
  Chart chart;
  chart.points = points_of(reader, answer, request.by);
  const auto positive = [&](auto value) {
    return std::ranges::all_of(chart.points, [&](const Point& p) { return p.*value > 0; });
  };
  chart.x = scale_of(answer.x, !request.linear_x && positive(&Point::x));
  chart.y = scale_of(answer.y, request.log_y && positive(&Point::y));
  const auto short_label = [](const Scale& scale) {
    return scale.label.substr(0, scale.label.find(':'));
  };
  chart.title = request.title.empty()
                    ? fmt::format("{} against {}", short_label(chart.y), short_label(chart.x))
                    : request.title;
  chart.subtitle =
      answer.keys + (answer.keys.empty() ? "" : "; ") +
      (request.by == By::experiment ? count(chart.points.size(), "point", "points")
                                    : count(chart.points.size(), "architecture", "architectures"));
  if (request.by == By::architecture) chart.note = "Of each architecture its best experiment.";
  if (request.by == By::bests)
    chart.note = "Of each architecture the best value on each axis, taken apart over its runs.";
  chart.draw_frontier = answer.x.better != Better::neither && answer.y.better != Better::neither;
  if (chart.draw_frontier) mark_frontier(chart);
  if (!request.size.empty()) add_sizes(chart, reader, request.size);
  if (for_page) {
    chart.x_metric = answer.x.key;
    chart.y_metric = answer.y.key;
    add_details(chart, reader);
  }
  if (request.trends) add_trends(chart);
  remark = answer.left_out == 0
               ? ""
               : fmt::format("{} of {} are left out: they do not compare",
                             count(answer.left_out, "trial", "trials"),
                             count(answer.other_keys, "other machine, precision or recipe",
                                   "other machines, precisions or recipes"));
  return chart;
}

Chart lr_find_chart(const std::vector<std::pair<double, double>>& losses,
                    const std::vector<std::pair<std::string, double>>& suggestions,
                    const std::string& title) {
  Chart chart{.title = title, .subtitle = {}, .note = {}};
  chart.x = {"learning rate", "", Better::neither, true};
  chart.y = {"loss", "", Better::lower, false};
  chart.draw_frontier = false;
  chart.lines.push_back({losses, "", ""});
  for (const auto& [rule, rate] : suggestions) {
    // The loss where the curve is nearest to the suggested rate.
    const auto nearest = std::ranges::min_element(
        losses, {}, [&](const auto& at) { return std::abs(std::log(at.first / rate)); });
    if (nearest != losses.end() && rate > 0)
      chart.points.push_back(
          {.x = rate, .y = nearest->second, .name = fmt::format("{} {:.2g}", rule, rate)});
  }
  return chart;
}

}  // namespace archsweep::results
