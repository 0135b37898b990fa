#include "results/selection.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <ranges>
#include <span>
#include <unordered_map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "results/comparable.h"
#include "results/distinguish.h"
#include "results/statistics.h"
#include "results/timing.h"

namespace archsweep::results {
namespace {

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

// Times, rates and sizes scatter in proportion to themselves; shares and losses do not.
bool is_relative(const Metric& metric) {
  return metric.unit == "s" || metric.unit == "1/s" || metric.unit == "B";
}
// Counts are what they are.
bool is_exact(const Metric& metric) {
  return metric.within == Within::anything;
}

// As `median` of statistics.h, but in place and without sorting.
double quick_median(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return values.size() % 2 ? *middle : (*std::max_element(values.begin(), middle) + *middle) / 2;
}

// One axis of the clouds; where more is better on `cost`, or less on `quality`, values come
// negative.
struct Axis {
  const Metric& metric;
  Uncertain Cloud::*side;
  bool is_median;  // the value of several seeds; else their mean
  double sign;
  bool relative = is_relative(metric);
  bool is_timing = has_samples(metric);
  bool has_spread = !spread_column(metric).empty();
  // Standard deviations by trial, from the samples of those of which no interval is stored.
  std::unordered_map<std::int64_t, double> raw = {};
  // By experiment: that of the timing samples of one of its trials. None where it is no timing.
  std::vector<double> timings = {};

  std::string columns() const {
    return fmt::format("{}{}{}", metric.key, has_spread ? ", " : "", spread_column(metric));
  }
  void add(double value, double timing_spread) {
    values.push_back(value);
    squares += timing_spread * timing_spread;
  }
  // The experiment whose values were added. Its spread is that between its seeds as yet, on the
  // scale on which it scatters; NaN of a single seed.
  Uncertain finish() {
    const auto n = static_cast<double>(values.size());
    Uncertain u{values[0], unknown, relative};
    if (values.size() > 1) {
      scaled.clear();
      double sum = 0, mean = 0, square = 0;
      for (const double v : values) {
        scaled.push_back(relative ? std::log(v) : v);
        sum += v, mean += scaled.back();
      }
      mean /= n;
      for (const double s : scaled) square += (s - mean) * (s - mean);
      if (const double spread = std::sqrt(square / (n - 1)); std::isfinite(spread))
        u.spread = spread;
      u.value = is_median ? quick_median(values) : sum / n;
    }
    if (is_timing) timings.push_back(std::sqrt(squares / n));
    u.value *= sign;
    values.clear();
    squares = 0;
    return u;
  }

  // Of the present experiment, and room for them on the other scale.
  std::vector<double> values = {}, scaled = {};
  double squares = 0;
};

// Flat, and no row is kept, because a big database has a hundred thousand and fresh memory for many
// is what takes longest here.
struct Experiment {
  std::int64_t group;          // as in Question
  std::uint32_t first, count;  // of its trials
};
struct Experiments {
  std::vector<Experiment> all;
  std::vector<Cloud> clouds;
  std::vector<std::int64_t> trials;  // none where not asked for
};

// Of all keys, in order of key, experiment and seed; `keys` are told as they are met. Where the
// metrics compare over several keys, the same seed may stand there for each: one training, or one
// published number, seen on several machines. It counts once, as the earliest trial has it.
Experiments read_rows(const Reader& reader, const Question& q, bool with_trials, Axis& x, Axis& y,
                      std::vector<KeyRows>& keys) {
  // Under both keys a seed stands once, and the index gives the rows in this order.
  const bool over_keys = !q.by_accuracy || !q.by_speed;
  auto cursor = reader.open(fmt::format(
      "SELECT {0} AS place, seed, {1}, {2}{3} {4} ORDER BY place, seed{5}", q.group, x.columns(),
      y.columns(), with_trials ? ", trial" : "", q.all, over_keys ? ", trial" : ""));
  constexpr int x_column = 2;
  const int y_column = x_column + 1 + x.has_spread;
  const int trial_column = y_column + 1 + y.has_spread;
  keys.clear();
  x.timings.clear(), y.timings.clear();
  Experiments e;
  // As many as there can be, at no cost until they come: to grow would copy all of them often.
  if (auto most = reader.open("SELECT max(trial) FROM results"); most.next()) {
    const auto rows = std::clamp<std::int64_t>(most.whole(0), 0, 1 << 20);
    e.all.reserve(static_cast<std::size_t>(rows)), e.clouds.reserve(e.all.capacity());
    if (with_trials) e.trials.reserve(e.all.capacity());
  }
  const auto finish = [&] { e.clouds.push_back({x.finish(), y.finish()}); };
  const auto timing_spread = [&](const Axis& axis, int column) {
    const double stored = axis.has_spread ? cursor.number(column + 1) : unknown;
    if (axis.raw.empty() || !std::isnan(stored)) return stored;
    const auto found = axis.raw.find(cursor.whole(trial_column));
    return found == axis.raw.end() ? unknown : found->second;
  };
  std::uint32_t place = 0;
  std::int64_t last = -1;      // group
  double last_seed = unknown;  // NaN: none, and then not known to be another
  while (cursor.next()) {
    const double x_value = cursor.number(x_column), y_value = cursor.number(y_column);
    if (std::isnan(x_value) || std::isnan(y_value)) continue;  // quicker here than in SQL
    const auto group = cursor.whole(0);
    const auto seed = cursor.number(1);
    if (group == last && (seed == last_seed || std::isnan(seed))) continue;
    last_seed = seed;
    if (group != last) {
      if (!e.all.empty()) finish();
      if (keys.empty() || keys.back().key != group >> 32) keys.push_back({group >> 32});
      e.all.push_back({group, place, 0});
      last = group;
    }
    ++place;
    ++keys.back().rows;
    ++e.all.back().count;
    x.add(x_value, timing_spread(x, x_column));
    y.add(y_value, timing_spread(y, y_column));
    if (with_trials) e.trials.push_back(cursor.whole(trial_column));
  }
  if (!e.all.empty()) finish();
  return e;
}

// The trials of some experiments under both keys, of all that `read_rows` read.
std::vector<std::int64_t> read_trials(const Reader& reader, const Question& q,
                                      const std::vector<std::size_t>& some,
                                      std::span<Experiment> all) {
  std::unordered_map<std::int64_t, std::size_t> places;  // by group, of the next trial
  std::uint32_t count = 0;
  for (const auto i : some) {
    places.emplace(all[i].group, count);
    all[i].first = count;
    count += all[i].count;
  }
  std::vector<std::int64_t> trials(count);
  std::int64_t last = -1;
  double last_seed = unknown;
  for (auto cursor = reader.open(fmt::format(
           "SELECT comparison, seed, trial {} AND comparison IN ({}) ORDER BY comparison, seed",
           q.from, fmt::join(std::views::keys(places), ",")));
       cursor.next();) {
    const auto group = cursor.whole(0);
    const auto seed = cursor.number(1);
    if (group == last && (seed == last_seed || std::isnan(seed))) continue;
    last = group, last_seed = seed;
    trials[places[group]++] = cursor.whole(2);
  }
  return trials;
}

// Experiments under one key, which follow on one another.
struct Range {
  std::size_t first, count;
  template <typename T>
  std::span<T> of(std::vector<T>& all) const {
    return std::span(all).subspan(first, count);
  }
};

Range under(const std::vector<Experiment>& all, const KeyRows& key) {
  const auto found =
      std::ranges::equal_range(all, key.key, {}, [](const Experiment& e) { return e.group >> 32; });
  return {static_cast<std::size_t>(found.begin() - all.begin()), found.size()};
}

// What most experiments of several seeds scatter by; NaN where there is none. A median, because a
// few with far too high a learning rate scatter tenfold.
double usual_spread(std::span<const Experiment> all, std::span<const Cloud> clouds,
                    Uncertain Cloud::*side) {
  std::vector<double> known;
  known.reserve(all.size());
  double freedom = 0;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (const double own = (clouds[i].*side).spread; !std::isnan(own)) {
      known.push_back(own);
      freedom += static_cast<double>(all[i].count) - 1;
    }
  if (known.empty()) return unknown;
  // The median of a sample's spread is below the true one (Wilson and Hilferty, 1931).
  freedom /= static_cast<double>(known.size());
  return quick_median(known) / std::pow(1 - 2 / (9 * freedom), 1.5);
}

// Of the experiment's value, as selection.h defines it; NaN: not known. `own`: between its `seeds`.
double spread(double seeds, double own, double usual, double timing, bool is_median) {
  constexpr double usual_weight = 4;  // seeds
  double one = std::isnan(own)
                   ? usual
                   : std::sqrt((usual_weight * usual * usual + (seeds - 1) * own * own) /
                               (usual_weight + seeds - 1));
  if (!std::isnan(timing)) one = std::isnan(one) ? timing : std::max(one, timing);
  // A median of few normal values scatters by up to pi/2 more than their mean.
  constexpr double half_pi = 1.5707963;
  return one * std::sqrt(is_median ? half_pi / (seeds - 1 + half_pi) : 1 / seeds);
}

// From the spread between an experiment's own seeds to that of its value.
void estimate(std::span<const Experiment> all, std::span<const double> timings, const Axis& axis,
              std::span<Cloud> clouds) {
  const double usual = usual_spread(all, clouds, axis.side);
  for (std::size_t i = 0; i < all.size(); ++i) {
    auto& u = clouds[i].*axis.side;
    u.spread = is_exact(axis.metric)
                   ? 0
                   : spread(all[i].count, u.spread, usual, timings.empty() ? unknown : timings[i],
                            axis.is_median);
  }
}

// Names of the experiments, whose first trials are given in `places`: trial and place in
// `standings`.
void read_names(const Reader& reader, const std::unordered_map<std::int64_t, std::size_t>& places,
                std::vector<Standing>& standings) {
  std::string sql = "SELECT trial, architecture, tag, family FROM results";
  constexpr std::size_t few = 2000;  // looked up one by one; more are quicker found in passing
  if (places.size() <= few) {
    std::vector<std::int64_t> trials;
    for (const auto& [trial, place] : places) trials.push_back(trial);
    sql += fmt::format(" WHERE trial IN ({})", fmt::join(trials, ","));
  }
  for (auto cursor = reader.open(sql); cursor.next();) {
    const auto found = places.find(cursor.whole(0));
    if (found == places.end()) continue;
    auto& s = standings[found->second];
    s.architecture = cursor.text(1);
    s.tag = cursor.text(2);
    s.family = cursor.text(3);
  }
}

}  // namespace

Answer ask_frontier(const Reader& reader, const Selection& selection) {
  const auto asked = question(reader, selection);
  Axis x{asked.x, &Cloud::cost, true, asked.x.better == Better::higher ? -1.0 : 1.0};
  Axis y{asked.y, &Cloud::quality, false, asked.y.better == Better::lower ? -1.0 : 1.0};
  std::vector<KeyRows> keys;
  // Where a few are shown it is quicker to look up their trials than to read those of all.
  const bool look_up = selection.only_near && asked.by_accuracy && asked.by_speed;
  auto e = read_rows(reader, asked, !look_up, x, y, keys);
  const auto rows = choose(reader, asked, keys);
  const auto range = under(e.all, rows.key);
  const auto lacks_spreads = [&](Axis& axis) {
    return axis.is_timing &&
           std::ranges::any_of(range.of(axis.timings), [](double t) { return std::isnan(t); });
  };
  for (auto* axis : {&x, &y})
    if (lacks_spreads(*axis)) axis->raw = raw_timing_spreads(reader, axis->metric, rows.from);
  if (!x.raw.empty() || !y.raw.empty()) e = read_rows(reader, asked, true, x, y, keys);
  const auto all = range.of(e.all);
  const auto clouds = range.of(e.clouds);
  for (auto* axis : {&x, &y})
    estimate(all, axis->is_timing ? range.of(axis->timings) : std::span<double>(), *axis, clouds);
  const auto verdicts = distinguish(clouds);

  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (verdicts[i].group > 0 || !selection.only_near) order.push_back(i);
  if (e.trials.empty()) e.trials = read_trials(reader, asked, order, all);
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
    const auto &p = clouds[a], &q = clouds[b];
    if (p.cost.value != q.cost.value) return p.cost.value < q.cost.value;
    if (p.quality.value != q.quality.value) return p.quality.value > q.quality.value;
    return e.trials[all[a].first] < e.trials[all[b].first];
  });
  Answer answer{.x = rows.x,
                .y = rows.y,
                .standings = {},
                .keys = rows.keys,
                .left_out = rows.left_out,
                .other_keys = rows.other_keys};
  std::unordered_map<std::int64_t, std::size_t> places;
  for (const auto i : order) {
    const auto first = e.trials.begin() + static_cast<std::ptrdiff_t>(all[i].first);
    places.emplace(*first, answer.standings.size());
    auto& s = answer.standings.emplace_back();
    s.trials.assign(first, first + static_cast<std::ptrdiff_t>(all[i].count));
    const auto value = [&](const Axis& axis) {
      const auto& u = clouds[i].*axis.side;
      return Uncertain{axis.sign * u.value, u.spread, u.relative};
    };
    const auto cost = value(x), quality = value(y);
    s.x = cost.value, s.x_low = bound(cost, -1), s.x_high = bound(cost, 1);
    s.y = quality.value, s.y_low = bound(quality, -1), s.y_high = bound(quality, 1);
    s.on_frontier = verdicts[i].on_frontier;
    s.probability = verdicts[i].probability;
    s.group = verdicts[i].group;
  }
  read_names(reader, places, answer.standings);
  return answer;
}

}  // namespace archsweep::results
