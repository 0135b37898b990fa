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

// A trial's value on one axis, and the standard deviation of its timing samples.
struct Sample {
  double value, timing_spread;
};

// Flat, because a big database has a hundred thousand: the samples of an experiment are together.
struct Experiment {
  std::int64_t group;          // as in Question
  std::uint32_t first, count;  // places in the following
};
struct Experiments {
  std::vector<Experiment> all;
  std::vector<std::int64_t> trials;  // none where not asked for
  std::vector<Sample> x, y;

  void reserve(std::size_t rows) {
    all.reserve(rows), trials.reserve(rows), x.reserve(rows), y.reserve(rows);
  }
};

// Times, rates and sizes scatter in proportion to themselves; shares and losses do not.
bool is_relative(const Metric& metric) {
  return metric.unit == "s" || metric.unit == "1/s" || metric.unit == "B";
}
// Counts are what they are.
bool is_exact(const Metric& metric) {
  return metric.within == Within::anything;
}

// Whether there are timings of which no interval is stored, but samples may be.
bool lacks_spreads(const std::vector<Sample>& axis, const Metric& metric) {
  return has_samples(metric) &&
         std::ranges::any_of(axis, [](const Sample& s) { return std::isnan(s.timing_spread); });
}

// Those from the raw samples, which take longer to read.
void complete(std::vector<Sample>& axis, const std::vector<std::int64_t>& trials,
              const Reader& reader, const Metric& metric, const std::string& from) {
  if (!lacks_spreads(axis, metric)) return;
  const auto raw = raw_timing_spreads(reader, metric, from);
  for (std::size_t i = 0; i < axis.size() && !raw.empty(); ++i)
    if (const auto found = raw.find(trials[i]);
        found != raw.end() && std::isnan(axis[i].timing_spread))
      axis[i].timing_spread = found->second;
}

// Of all keys, in order of key, experiment and seed; `keys` are told as they are met. Where the
// metrics compare over several keys, the same seed may stand there for each: one training, or one
// published number, seen on several machines. It counts once, as the earliest trial has it.
Experiments read_rows(const Reader& reader, const Question& q, bool with_trials,
                      std::vector<KeyRows>& keys) {
  // Under both keys a seed stands once, and the index gives the rows in this order.
  const bool over_keys = !q.by_accuracy || !q.by_speed;
  const auto columns = [](const Metric& m) {
    const auto spread = spread_column(m);
    return fmt::format("{}{}{}", m.key, spread.empty() ? "" : ", ", spread);
  };
  auto cursor = reader.open(fmt::format(
      "SELECT {0} AS place, seed, {1}, {2}{3} {4} ORDER BY place, seed{5}", q.group, columns(q.x),
      columns(q.y), with_trials ? ", trial" : "", q.all, over_keys ? ", trial" : ""));
  const bool x_timed = !spread_column(q.x).empty(), y_timed = !spread_column(q.y).empty();
  const auto sample = [&](int column, bool timed) {
    return Sample{cursor.number(column), timed ? cursor.number(column + 1) : unknown};
  };
  constexpr int x_column = 2;
  const int y_column = x_timed ? x_column + 2 : x_column + 1;
  const int trial_column = y_timed ? y_column + 2 : y_column + 1;
  Experiments e;
  // As many as there can be, at no cost until they come: to grow would copy all of them often.
  if (auto most = reader.open("SELECT max(trial) FROM results"); most.next())
    e.reserve(static_cast<std::size_t>(std::clamp<std::int64_t>(most.whole(0), 0, 1 << 20)));
  std::int64_t last = -1;      // group
  double last_seed = unknown;  // NaN: none, and then not known to be another
  while (cursor.next()) {
    const auto x = sample(x_column, x_timed), y = sample(y_column, y_timed);
    if (std::isnan(x.value) || std::isnan(y.value)) continue;  // quicker here than in SQL
    const auto group = cursor.whole(0);
    const auto seed = cursor.number(1);
    if (group == last && (seed == last_seed || std::isnan(seed))) continue;
    last_seed = seed;
    if (group != last) {
      if (keys.empty() || keys.back().key != group >> 32) keys.push_back({group >> 32});
      e.all.push_back({group, static_cast<std::uint32_t>(e.x.size()), 0});
      last = group;
    }
    ++keys.back().rows;
    ++e.all.back().count;
    if (with_trials) e.trials.push_back(cursor.whole(trial_column));
    e.x.push_back(x);
    e.y.push_back(y);
  }
  return e;
}

// The trials of some experiments under both keys, of all that `read_rows` read.
void read_trials(const Reader& reader, const Question& q, const std::vector<std::size_t>& some,
                 Experiments& e) {
  std::unordered_map<std::int64_t, std::size_t> places;  // by group, of the next trial
  for (const auto i : some) places.emplace(e.all[i].group, e.all[i].first);
  e.trials.resize(e.x.size());
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
    e.trials[places[group]++] = cursor.whole(2);
  }
}

// Only those under the chosen key, whose rows follow on one another.
void keep(std::vector<Experiment>& all, const std::vector<KeyRows>& keys, const KeyRows& chosen) {
  std::size_t first = 0;
  for (const auto& key : keys) {
    if (key.key == chosen.key) break;
    first += key.rows;
  }
  const auto end = first + chosen.rows;
  std::erase_if(all, [&](const Experiment& e) { return e.first < first || e.first >= end; });
}

using Samples = std::span<const Sample>;

Samples of(const std::vector<Sample>& axis, const Experiment& e) {
  return Samples(axis).subspan(e.first, e.count);
}

// Standard deviation between seeds, on the scale on which it scatters; NaN of a single seed.
// `scaled`: room for the values on that scale.
double seed_spread(Samples samples, bool relative, std::vector<double>& scaled) {
  if (samples.size() < 2) return unknown;
  const auto n = static_cast<double>(samples.size());
  scaled.clear();
  double mean = 0, squares = 0;
  for (const auto& s : samples) {
    scaled.push_back(relative ? std::log(s.value) : s.value);
    mean += scaled.back() / n;
  }
  for (const double s : scaled) squares += (s - mean) * (s - mean);
  const double spread = std::sqrt(squares / (n - 1));
  return std::isfinite(spread) ? spread : unknown;
}

// As `median` of statistics.h, but in place and without sorting.
double quick_median(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return values.size() % 2 ? *middle : (*std::max_element(values.begin(), middle) + *middle) / 2;
}

// What most experiments of several seeds scatter by; NaN where there is none. A median, because a
// few with far too high a learning rate scatter tenfold.
double usual_spread(const std::vector<Experiment>& all, const std::vector<Cloud>& clouds,
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

// Of the experiment's value, as selection.h defines it; NaN: not known.
double spread(Samples samples, double own, double usual, bool is_median) {
  const auto n = static_cast<double>(samples.size());
  constexpr double usual_weight = 4;  // seeds
  double one = std::isnan(own) ? usual
                               : std::sqrt((usual_weight * usual * usual + (n - 1) * own * own) /
                                           (usual_weight + n - 1));
  double squares = 0;
  for (const auto& s : samples) squares += s.timing_spread * s.timing_spread;
  if (const double timing = std::sqrt(squares / n); !std::isnan(timing))
    one = std::isnan(one) ? timing : std::max(one, timing);
  // A median of few normal values scatters by up to pi/2 more than their mean.
  constexpr double half_pi = 1.5707963;
  return one * std::sqrt(is_median ? half_pi / (n - 1 + half_pi) : 1 / n);
}

// One axis of the clouds; `sign` -1: what is better the other way comes negative. In place, because
// fresh memory for many is what takes longest here.
void estimate(const std::vector<Experiment>& all, const std::vector<Sample>& axis,
              const Metric& metric, bool is_median, double sign, std::vector<Cloud>& clouds,
              Uncertain Cloud::*side) {
  std::vector<double> values;
  const bool relative = is_relative(metric);
  for (std::size_t i = 0; i < all.size(); ++i)
    (clouds[i].*side).spread = seed_spread(of(axis, all[i]), relative, values);
  const double usual = usual_spread(all, clouds, side);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto samples = of(axis, all[i]);
    values.clear();
    double sum = 0;
    for (const auto& s : samples) values.push_back(s.value), sum += s.value;
    const double value = values.size() == 1 ? values[0]
                         : is_median        ? quick_median(values)
                                            : sum / static_cast<double>(values.size());
    auto& u = clouds[i].*side;
    u = {sign * value, is_exact(metric) ? 0 : spread(samples, u.spread, usual, is_median),
         relative};
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
  std::vector<KeyRows> keys;
  // Where a few are shown it is quicker to look up their trials than to read those of all.
  const bool look_up = selection.only_near && asked.by_accuracy && asked.by_speed;
  auto e = read_rows(reader, asked, !look_up, keys);
  if (look_up && (lacks_spreads(e.x, asked.x) || lacks_spreads(e.y, asked.y))) {
    keys.clear();
    e = read_rows(reader, asked, true, keys);
  }
  const auto rows = choose(reader, asked, keys);
  keep(e.all, keys, rows.key);
  complete(e.x, e.trials, reader, rows.x, rows.from);
  complete(e.y, e.trials, reader, rows.y, rows.from);
  const double x_sign = rows.x.better == Better::higher ? -1 : 1;
  const double y_sign = rows.y.better == Better::lower ? -1 : 1;
  std::vector<Cloud> clouds(e.all.size());
  estimate(e.all, e.x, rows.x, true, x_sign, clouds, &Cloud::cost);
  estimate(e.all, e.y, rows.y, false, y_sign, clouds, &Cloud::quality);
  const auto verdicts = distinguish(clouds);

  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < e.all.size(); ++i)
    if (verdicts[i].group > 0 || !selection.only_near) order.push_back(i);
  if (e.trials.empty()) read_trials(reader, asked, order, e);
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
    const auto &p = clouds[a], &q = clouds[b];
    if (p.cost.value != q.cost.value) return p.cost.value < q.cost.value;
    if (p.quality.value != q.quality.value) return p.quality.value > q.quality.value;
    return e.trials[e.all[a].first] < e.trials[e.all[b].first];
  });
  Answer answer{.x = rows.x,
                .y = rows.y,
                .standings = {},
                .keys = rows.keys,
                .left_out = rows.left_out,
                .other_keys = rows.other_keys};
  std::unordered_map<std::int64_t, std::size_t> places;
  for (const auto i : order) {
    const auto first = e.trials.begin() + static_cast<std::ptrdiff_t>(e.all[i].first);
    places.emplace(*first, answer.standings.size());
    auto& s = answer.standings.emplace_back();
    s.trials.assign(first, first + static_cast<std::ptrdiff_t>(e.all[i].count));
    const auto [x, y] = clouds[i];
    const auto end = [](const Uncertain& u, double sign, int side) {
      return bound({sign * u.value, u.spread, u.relative}, side);
    };
    s.x = x_sign * x.value, s.x_low = end(x, x_sign, -1), s.x_high = end(x, x_sign, 1);
    s.y = y_sign * y.value, s.y_low = end(y, y_sign, -1), s.y_high = end(y, y_sign, 1);
    s.on_frontier = verdicts[i].on_frontier;
    s.probability = verdicts[i].probability;
    s.group = verdicts[i].group;
  }
  read_names(reader, places, answer.standings);
  return answer;
}

}  // namespace archsweep::results
