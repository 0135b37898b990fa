#include "results/plot/details.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>

#include "results/cells.h"
#include "results/statistics.h"

namespace archsweep::results {
namespace {

constexpr const char* settings[] = {"learning_rate", "seed",   "epochs", "image_size",
                                    "dataset",       "source", "dtype",  "layout",
                                    "device_name",   "sweep",  "tag",    "finished_at"};

// Rows of the view, by trial: keys, settings, metrics.
std::map<std::int64_t, std::vector<Value>> leaderboard(const Reader& reader,
                                                       const std::vector<std::int64_t>& trials) {
  std::string sql = "SELECT trial, speed_key, accuracy_key";
  for (const auto* setting : settings) sql += fmt::format(", {}", setting);
  for (const auto& metric : metrics) sql += fmt::format(", {}", metric.key);
  auto answer = reader.ask(sql + " FROM finished WHERE trial IN " + id_list(trials));
  std::map<std::int64_t, std::vector<Value>> rows;
  for (auto& row : answer.rows) {
    const auto trial = whole_of(row[0]);
    rows.emplace(trial, std::move(row));
  }
  return rows;
}

constexpr std::size_t first_setting = 3, first_metric = first_setting + std::size(settings);

// Of seeds: timings by their median, which a stall does not move, all else by the mean.
double over_seeds(const std::vector<double>& values, const Metric& metric) {
  if (values.empty()) return not_measured;
  if (metric.within == Within::speed_key) return median(values);
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

// The least important last: theirs are left out where there is too much.
std::vector<const Point*> by_importance(const Chart& chart) {
  const double sign = chart.y.better == Better::lower ? -1 : 1;
  std::vector<const Point*> order;
  for (const auto& point : chart.points) order.push_back(&point);
  std::ranges::stable_sort(
      order, {}, [&](const Point* p) { return std::pair(!p->on_frontier, -sign * p->y); });
  return order;
}

// Points that share a name are told apart by the settings they differ in.
void tell_apart(Chart& chart, const std::map<std::int64_t, std::vector<Value>>& rows) {
  std::map<std::string, std::size_t> names;
  for (const auto& point : chart.points) ++names[point.full_name];
  for (auto& point : chart.points) {
    const auto row = point.trials.empty() ? rows.end() : rows.find(point.trials[0]);
    if (names[point.full_name] < 2 || row == rows.end()) continue;
    const auto rate = text_of(row->second[first_setting]),
               side = text_of(row->second[first_setting + 3]);
    if (!rate.empty()) point.full_name += ", lr " + rate;
    if (!side.empty()) point.full_name += ", " + side + " px";
  }
}

void add_epochs(std::vector<TrialDetails>& trials, const Reader& reader) {
  std::map<std::int64_t, TrialDetails*> wanted;
  std::vector<std::int64_t> ids;
  for (auto& trial : trials)
    if (!trial.epochs_left_out) wanted[trial.trial] = &trial, ids.push_back(trial.trial);
  const auto epochs = reader.ask(
      "SELECT e.trial, e.epoch, e.train_loss, e.valid_loss, e.valid_top1 FROM epochs e JOIN trials "
      "t ON (e.trial, e.attempt) = (t.trial, t.attempt) WHERE e.trial IN " +
      id_list(ids) + " ORDER BY e.trial, e.epoch");
  for (const auto& row : epochs.rows)
    wanted[whole_of(row[0])]->epochs.push_back({.number = static_cast<int>(whole_of(row[1])),
                                                .train_loss = number_of(row[2]),
                                                .valid_loss = number_of(row[3]),
                                                .valid_top1 = number_of(row[4])});
}

}  // namespace

void add_details(Chart& chart, const Reader& reader) {
  chart.metrics.assign(std::begin(metrics), std::end(metrics));
  std::vector<std::int64_t> all;
  for (const auto& point : chart.points)
    all.insert(all.end(), point.trials.begin(), point.trials.end());
  const auto rows = leaderboard(reader, all);
  tell_apart(chart, rows);
  for (auto& point : chart.points) {
    for (std::size_t m = 0; m < std::size(metrics); ++m) {
      std::vector<double> values;
      for (const auto trial : point.trials)
        if (const auto row = rows.find(trial); row != rows.end())
          if (const double v = number_of(row->second[first_metric + m]); std::isfinite(v))
            values.push_back(v);
      point.values.push_back(over_seeds(values, metrics[m]));
    }
    if (const auto row = point.trials.empty() ? rows.end() : rows.find(point.trials[0]);
        row != rows.end())
      point.speed_key = text_of(row->second[1]), point.accuracy_key = text_of(row->second[2]);
  }

  std::vector<std::int64_t> told;
  std::size_t epochs = 0;
  for (const auto* point : by_importance(chart))
    for (const auto trial : point->trials) {
      const auto row = rows.find(trial);
      if (row == rows.end() || chart.trials.size() >= most_trials) continue;
      TrialDetails details{.trial = trial};
      for (std::size_t s = 0; s < std::size(settings); ++s)
        if (auto text = text_of(row->second[first_setting + s]); !text.empty())
          details.settings.emplace_back(settings[s], std::move(text));
      epochs += static_cast<std::size_t>(
          std::max<std::int64_t>(0, whole_of(row->second[first_setting + 2])));
      details.epochs_left_out = epochs > most_epochs;
      chart.trials.push_back(std::move(details));
      told.push_back(trial);
    }
  const auto specs = reader.ask("SELECT trial, spec FROM trials WHERE trial IN " + id_list(told));
  std::map<std::int64_t, std::string> spec_of;
  for (const auto& row : specs.rows) spec_of[whole_of(row[0])] = text_of(row[1]);
  for (auto& trial : chart.trials) trial.spec = spec_of[trial.trial];
  add_epochs(chart.trials, reader);
}

}  // namespace archsweep::results
