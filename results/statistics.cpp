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

namespace {

// At most this many blocks a run: consecutive samples are alike, blocks of them hardly.
constexpr std::size_t most_blocks = 10;

struct Sample {
  double value;
  std::size_t block;
};

// Of the samples, each counted as often as its block was drawn.
double weighted_median(std::span<const Sample> sorted, std::span<const int> weights,
                       std::span<const std::size_t> sizes) {
  std::size_t total = 0, below = 0;
  for (std::size_t b = 0; b < sizes.size(); ++b)
    total += sizes[b] * static_cast<std::size_t>(weights[b]);
  double lower = std::nan("");  // the one before the middle, where the middle lies between two
  for (const auto& sample : sorted) {
    if (weights[sample.block] == 0) continue;
    if (!std::isnan(lower)) return (lower + sample.value) / 2;
    below += static_cast<std::size_t>(weights[sample.block]);
    if (2 * below > total) return sample.value;
    if (2 * below == total) lower = sample.value;
  }
  return lower;
}

// How much wider an interval from n values must be than its bootstrap: that one is too narrow by
// sqrt((n - 1) / n), and knows the normal distribution where Student's t holds (Hesterberg,
// arXiv 1411.5279, "narrowness bias").
double stretch(std::size_t n) {
  constexpr double t[] = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262};
  const auto degrees = n - 1;
  const double quantile =
      degrees <= std::size(t) ? t[degrees - 1] : 1.96 + 2.5 / static_cast<double>(degrees);
  return quantile / 1.96 * std::sqrt(static_cast<double>(n) / static_cast<double>(degrees));
}

}  // namespace

Interval bootstrap_median(std::span<const std::vector<double>> rounds, int draws) {
  std::vector<Sample> sorted;
  std::vector<std::size_t> sizes;                // samples a block
  std::vector<std::vector<std::size_t>> blocks;  // of each round that has samples
  for (const auto& round : rounds) {
    if (round.empty()) continue;
    auto& own = blocks.emplace_back();
    const auto count = std::min(round.size(), most_blocks), first = sizes.size();
    for (std::size_t b = 0; b < count; ++b) own.push_back(first + b);
    sizes.resize(first + count, 0);
    for (std::size_t i = 0; i < round.size(); ++i) {
      const auto block = first + i * count / round.size();
      sorted.push_back({round[i], block});
      ++sizes[block];
    }
  }
  if (sorted.empty()) return {std::nan(""), std::nan("")};
  std::ranges::sort(sorted, {}, &Sample::value);
  const double middle = weighted_median(sorted, std::vector<int>(sizes.size(), 1), sizes);
  const auto independent = blocks.size() > 1 ? blocks.size() : sizes.size();
  if (independent == 1) return {middle, middle};

  std::mt19937_64 random(sorted.size());
  // Not std::uniform_int_distribution: its results differ between libraries.
  const auto pick = [&](const auto& from) -> const auto& {
    return from[random() % from.size()];
  };
  std::vector<double> medians;
  for (int draw = 0; draw < draws; ++draw) {
    std::vector<int> weights(sizes.size(), 0);
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      const auto& round = pick(blocks);
      for (std::size_t j = 0; j < round.size(); ++j) ++weights[pick(round)];
    }
    medians.push_back(weighted_median(sorted, weights, sizes));
  }
  const double wider = stretch(independent);
  return {std::max(0.0, middle - wider * (middle - quantile(medians, 0.025))),
          middle + wider * (quantile(medians, 0.975) - middle)};
}

Interval quantile_interval(std::span<const double> samples, double q) {
  // How many samples lie below the true quantile is binomial: mean n q, variance n q (1 - q).
  const auto n = static_cast<double>(samples.size());
  const double reach = 1.959964 * std::sqrt(q * (1 - q) / n);
  return {quantile(samples, std::max(0.0, q - reach)), quantile(samples, std::min(1.0, q + reach))};
}

}  // namespace archsweep::results
