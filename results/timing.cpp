#include "results/timing.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "results/statistics.h"

namespace archsweep::results {
namespace {

constexpr double two_sides = 2 * 1.959964;  // standard deviations in a 95 % interval

// Which samples a metric is of, and which of their quantiles.
struct Source {
  std::string_view metric, kind;
  double quantile;
};
constexpr Source sources[] = {
    {"latency", "latency", 0.5},
    {"latency_p90", "latency", 0.9},
    {"latency_p99", "latency", 0.99},
    {"throughput", "throughput", 0.5},
    {"seconds_per_sample", "throughput", 0.5},
};

double spread_of(const std::string& samples, double q) {
  std::vector<double> seconds;
  const auto list = nlohmann::json::parse(samples, nullptr, false);
  for (const auto& s : list)
    if (s.is_number() && s.get<double>() > 0) seconds.push_back(s.get<double>());
  const auto interval = quantile_interval(seconds, q);
  return (interval.high - interval.low) / (quantile(seconds, q) * two_sides);
}

}  // namespace

std::string_view spread_column(const Metric& metric) {
  if (metric.key == "latency") return "latency_spread";
  if (metric.key == "throughput" || metric.key == "seconds_per_sample") return "throughput_spread";
  return "";
}

bool has_samples(const Metric& metric) {
  return std::ranges::count(sources, metric.key, &Source::metric) > 0;
}

std::unordered_map<std::int64_t, double> raw_timing_spreads(const Reader& reader,
                                                            const Metric& metric,
                                                            const std::string& from) {
  std::unordered_map<std::int64_t, double> spreads;
  const auto stored = spread_column(metric);
  for (const auto& source : sources) {
    if (source.metric != metric.key) continue;
    // Of several batch sizes the quickest, which is the one that the metric is of.
    auto cursor = reader.open(fmt::format(
        "SELECT m.trial, m.seconds, max(m.samples_per_second) FROM results r JOIN measurements m "
        "ON (m.trial, m.attempt) = (r.trial, r.attempt) AND m.kind = '{}' "
        "WHERE r.trial IN (SELECT trial {} AND {} IS NULL) GROUP BY m.trial",
        source.kind, from, stored.empty() ? "NULL" : stored));
    while (cursor.next()) {
      const double spread = spread_of(std::string(cursor.text(1)), source.quantile);
      if (std::isfinite(spread)) spreads.emplace(cursor.whole(0), spread);
    }
  }
  return spreads;
}

}  // namespace archsweep::results
