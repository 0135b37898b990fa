#include "results/statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace archsweep::results {

double quantile(std::span<const double> samples, double q) {
  if (samples.empty()) return std::numeric_limits<double>::quiet_NaN();
  std::vector<double> sorted(samples.begin(), samples.end());
  std::ranges::sort(sorted);
  const double at = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const auto above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (at - std::floor(at)) * (sorted[above] - sorted[below]);
}

double median(std::span<const double> samples) {
  return quantile(samples, 0.5);
}

double median_absolute_deviation(std::span<const double> samples) {
  const double middle = median(samples);
  std::vector<double> distances;
  for (const double s : samples) distances.push_back(std::abs(s - middle));
  return median(distances);
}

Interval bootstrap_median(std::span<const double> samples, int draws) {
  if (samples.empty()) return {std::nan(""), std::nan("")};
  std::mt19937_64 random(samples.size());
  // Not std::uniform_int_distribution: its results differ between libraries.
  const auto pick = [&] { return samples[random() % samples.size()]; };
  std::vector<double> medians, draw(samples.size());
  for (int i = 0; i < draws; ++i) {
    std::ranges::generate(draw, pick);
    medians.push_back(median(draw));
  }
  return {quantile(medians, 0.025), quantile(medians, 0.975)};
}

Interval quantile_interval(std::span<const double> samples, double q) {
  // How many samples lie below the true quantile is binomial: mean n q, variance n q (1 - q).
  const auto n = static_cast<double>(samples.size());
  const double reach = 1.959964 * std::sqrt(q * (1 - q) / n);
  return {quantile(samples, std::max(0.0, q - reach)), quantile(samples, std::min(1.0, q + reach))};
}

}  // namespace archsweep::results
