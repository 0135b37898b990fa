#include "results/calibration.h"

#include <algorithm>
#include <cmath>

namespace archsweep::results {
namespace {

Interval wilson(double share, double n) {
  constexpr double z = 1.959964;
  const double scale = 1 + z * z / n, middle = (share + z * z / (2 * n)) / scale;
  const double reach = z / scale * std::sqrt(share * (1 - share) / n + z * z / (4 * n * n));
  return {middle - reach, middle + reach};
}

// Of the mean loss by the inverse temperature: it rises with it, so that there is one minimum.
double slope(const Predictions& p, double inverse) {
  double sum = 0;
  for (std::size_t i = 0; i < p.images(); ++i) {
    const auto row = p.row(i);
    const double most = *std::ranges::max_element(row);
    double total = 0, mean = 0;
    for (const double log : row) {
      const double weight = std::exp(inverse * (log - most));
      total += weight;
      mean += weight * log;
    }
    sum += mean / total + p.loss(i);
  }
  return sum / static_cast<double>(p.images());
}

}  // namespace

Calibration calibration_of(const Predictions& p, int bins) {
  Calibration all;
  for (int b = 0; b < bins; ++b) all.bins.push_back({double(b) / bins, double(b + 1) / bins});
  for (std::size_t i = 0; i < p.images(); ++i) {
    const double confidence = p.probability(i, p.predicted(i));
    const int at = std::clamp(static_cast<int>(std::ceil(confidence * bins)) - 1, 0, bins - 1);
    auto& bin = all.bins[static_cast<std::size_t>(at)];
    ++bin.images;
    bin.confidence += confidence;
    bin.accuracy += p.rank(i) == 0;
    all.confidence += confidence;
    for (std::size_t c = 0; c < p.classes; ++c) {
      const double off =
          p.probability(i, c) - (c == static_cast<std::size_t>(p.labels[i]) ? 1.0 : 0.0);
      all.brier += off * off;
    }
  }
  const auto n = static_cast<double>(p.images());
  for (auto& bin : all.bins) {
    if (bin.images == 0) continue;
    const auto images = static_cast<double>(bin.images);
    all.error += std::abs(bin.accuracy - bin.confidence) / n;
    bin.confidence /= images;
    bin.accuracy /= images;
    bin.interval = wilson(bin.accuracy, images);
  }
  all.confidence /= n;
  all.brier /= n;
  return all;
}

double fit_temperature(const Predictions& p) {
  // Bisection of the logarithm of the inverse temperature.
  double low = -std::log(most_temperature), high = -std::log(least_temperature);
  if (slope(p, std::exp(high)) <= 0) return least_temperature;
  if (slope(p, std::exp(low)) > 0) return most_temperature;
  for (int step = 0; step < 30; ++step) {
    const double middle = (low + high) / 2;
    (slope(p, std::exp(middle)) < 0 ? low : high) = middle;
  }
  return std::exp(-(low + high) / 2);
}

Predictions at_temperature(const Predictions& p, double temperature) {
  return from_logits(p.classes, p.labels, p.log_probabilities, temperature);
}

}  // namespace archsweep::results
