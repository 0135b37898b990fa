#include "results/selection.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <unordered_map>

#include <fmt/format.h>

#include "results/comparable.h"
#include "results/distinguish.h"
#include "results/statistics.h"
#include "results/timing.h"

namespace archsweep::results {
namespace {

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

// One axis of an experiment: a value and a timing's spread a seed.
struct Axis {
  std::vector<double> values, timing_spreads;
};

struct Experiment {
  std::string name;
  std::vector<std::int64_t> trials, seeds;
  std::string architecture, tag, family;
  Axis x, y;
};

// Times, rates and sizes scatter in proportion to themselves; shares and losses do not.
bool is_relative(const Metric& metric) {
  return metric.unit == "s" || metric.unit == "1/s" || metric.unit == "B";
}
// Counts are what they are.
bool is_exact(const Metric& metric) {
  return metric.within == Within::anything;
}

std::vector<Experiment> experiments(const Reader& reader, const Comparable& rows) {
  const auto x_spread = timing_spread_sql(rows.x), y_spread = timing_spread_sql(rows.y);
  const auto x_samples = raw_timing_spreads(reader, rows.x, rows.from);
  const auto y_samples = raw_timing_spreads(reader, rows.y, rows.from);
  auto cursor = reader.open(
      fmt::format("SELECT experiment, trial, seed, {}, {}, {}, {}, architecture, tag, family {}",
                  rows.x.key, rows.y.key, x_spread, y_spread, rows.from));
  std::vector<Experiment> all;
  std::unordered_map<std::string, std::size_t> places;
  const auto spread = [&](int column, const auto& samples, std::int64_t trial) {
    const double stored = cursor.number(column);
    if (!std::isnan(stored)) return stored;
    const auto found = samples.find(trial);
    return found == samples.end() ? unknown : found->second;
  };
  std::size_t place = 0;
  while (cursor.next()) {
    const auto name = cursor.text(0);
    if (all.empty() || all[place].name != name) {  // mostly the rows come together
      const auto [at, is_new] = places.try_emplace(std::string(name), all.size());
      place = at->second;
      if (is_new) {
        auto& e = all.emplace_back();
        e.name = name;
        e.architecture = cursor.text(7);
        e.tag = cursor.text(8);
        e.family = cursor.text(9);
      }
    }
    auto& e = all[place];
    const auto trial = cursor.whole(1);
    e.trials.push_back(trial);
    e.seeds.push_back(cursor.whole(2));
    e.x.values.push_back(cursor.number(3));
    e.y.values.push_back(cursor.number(4));
    e.x.timing_spreads.push_back(spread(5, x_samples, trial));
    e.y.timing_spreads.push_back(spread(6, y_samples, trial));
  }
  return all;
}

// Standard deviation between seeds, on the scale on which it scatters; NaN of a single seed.
double seed_spread(const Axis& axis, bool relative) {
  const auto n = static_cast<double>(axis.values.size());
  if (n < 2) return unknown;
  double sum = 0, squares = 0;
  std::vector<double> scaled = axis.values;
  if (relative)
    for (double& v : scaled) v = std::log(v);
  for (const double v : scaled) sum += v;
  for (const double v : scaled) squares += (v - sum / n) * (v - sum / n);
  const double spread = std::sqrt(squares / (n - 1));
  return std::isfinite(spread) ? spread : unknown;
}

// What most experiments of several seeds scatter by; NaN where there is none. A median, because a
// few with far too high a learning rate scatter tenfold.
double pooled_spread(const std::vector<Experiment>& all, Axis Experiment::*axis, bool relative) {
  std::vector<double> spreads;
  double freedom = 0;
  for (const auto& e : all)
    if (const double s = seed_spread(e.*axis, relative); !std::isnan(s)) {
      spreads.push_back(s);
      freedom += static_cast<double>((e.*axis).values.size()) - 1;
    }
  if (spreads.empty()) return unknown;
  // The median of a sample's spread is below the true one (Wilson and Hilferty, 1931).
  freedom /= static_cast<double>(spreads.size());
  return median(spreads) / std::pow(1 - 2 / (9 * freedom), 1.5);
}

// Standard deviation of the experiment's value: how selection.h defines it. NaN: not known.
double spread(const Axis& axis, const Metric& metric, double pooled, bool is_median) {
  if (is_exact(metric)) return 0;
  const auto n = static_cast<double>(axis.values.size());
  double one = unknown;  // of a single seed
  if (!std::isnan(pooled)) {
    const double own = seed_spread(axis, is_relative(metric));
    constexpr double pool_weight = 4;  // seeds that the pool stands for
    one = std::isnan(own) ? pooled
                          : std::sqrt((pool_weight * pooled * pooled + (n - 1) * own * own) /
                                      (pool_weight + n - 1));
  }
  double squares = 0;
  for (const double s : axis.timing_spreads) squares += s * s;
  if (const double timing = std::sqrt(squares / n); !std::isnan(timing))
    one = std::isnan(one) ? timing : std::max(one, timing);
  // A median of few normal values scatters by up to pi/2 more than their mean.
  constexpr double half_pi = 1.5707963;
  return one * std::sqrt(is_median ? half_pi / (n - 1 + half_pi) : 1 / n);
}

Uncertain uncertain(double value, double spread, const Metric& metric) {
  return {value, std::isnan(spread) ? 0 : spread, is_relative(metric)};
}

struct Ends {
  double low, high;
};

Ends interval(const Uncertain& u, double spread) {
  if (std::isnan(spread)) return {unknown, unknown};
  return {bound(u, -1), bound(u, 1)};
}

Standing standing(Experiment&& e, double x, Ends x_ends, double y, Ends y_ends,
                  const Verdict& verdict) {
  if (!std::ranges::is_sorted(e.seeds)) {
    std::vector<std::pair<std::int64_t, std::int64_t>> by_seed;
    for (std::size_t i = 0; i < e.trials.size(); ++i) by_seed.emplace_back(e.seeds[i], e.trials[i]);
    std::ranges::sort(by_seed);
    for (std::size_t i = 0; i < e.trials.size(); ++i) e.trials[i] = by_seed[i].second;
  }
  return {.trials = std::move(e.trials),
          .architecture = std::move(e.architecture),
          .tag = std::move(e.tag),
          .family = std::move(e.family),
          .x = x,
          .x_low = x_ends.low,
          .x_high = x_ends.high,
          .y = y,
          .y_low = y_ends.low,
          .y_high = y_ends.high,
          .on_frontier = verdict.on_frontier,
          .probability = verdict.probability,
          .group = verdict.group};
}

}  // namespace

Answer ask_frontier(const Reader& reader, const Selection& selection) {
  const auto rows = comparable(reader, selection);
  auto all = experiments(reader, rows);
  const double x_pool = pooled_spread(all, &Experiment::x, is_relative(rows.x));
  const double y_pool = pooled_spread(all, &Experiment::y, is_relative(rows.y));
  // As costs and qualities: what is better the other way comes negative.
  const double x_sign = rows.x.better == Better::higher ? -1 : 1;
  const double y_sign = rows.y.better == Better::lower ? -1 : 1;
  std::vector<Cloud> clouds;
  std::vector<std::pair<Ends, Ends>> ends;
  clouds.reserve(all.size());
  ends.reserve(all.size());
  for (const auto& e : all) {
    const double n = static_cast<double>(e.trials.size());
    const double x = n == 1 ? e.x.values[0] : median(e.x.values);
    const double y = std::accumulate(e.y.values.begin(), e.y.values.end(), 0.0) / n;
    const double x_spread = spread(e.x, rows.x, x_pool, true);
    const double y_spread = spread(e.y, rows.y, y_pool, false);
    ends.emplace_back(interval(uncertain(x, x_spread, rows.x), x_spread),
                      interval(uncertain(y, y_spread, rows.y), y_spread));
    clouds.push_back(
        {uncertain(x_sign * x, x_spread, rows.x), uncertain(y_sign * y, y_spread, rows.y)});
  }
  const auto verdicts = distinguish(clouds);

  std::vector<std::size_t> order(all.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
    const auto &p = clouds[a], &q = clouds[b];
    if (p.cost.value != q.cost.value) return p.cost.value < q.cost.value;
    if (p.quality.value != q.quality.value) return p.quality.value > q.quality.value;
    return all[a].trials[0] < all[b].trials[0];
  });
  Answer answer{.x = rows.x,
                .y = rows.y,
                .standings = {},
                .keys = rows.keys,
                .left_out = rows.left_out,
                .other_keys = rows.other_keys};
  answer.standings.reserve(all.size());
  for (const auto i : order)
    answer.standings.push_back(standing(std::move(all[i]), x_sign * clouds[i].cost.value,
                                        ends[i].first, y_sign * clouds[i].quality.value,
                                        ends[i].second, verdicts[i]));
  return answer;
}

}  // namespace archsweep::results
