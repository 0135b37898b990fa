#include "results/learning_rate.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>

namespace archsweep::results {
namespace {

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

// The longest falling subsequence: its end is the first index of the greatest length, its start
// that less the length, which is fastai's way.
double valley(std::span<const double> rates, std::span<const double> losses) {
  const std::size_t n = losses.size();
  std::vector<int> length(n, 1);
  std::size_t end = 0;
  int start = 0;
  for (std::size_t i = 1; i < n; ++i)
    for (std::size_t j = 0; j < i; ++j) {
      if (losses[i] < losses[j] && length[i] < length[j] + 1) length[i] = length[j] + 1;
      if (length[end] < length[i]) end = i, start = static_cast<int>(end) - length[end];
    }
  const double section = (static_cast<int>(end) - start) / 3.0;
  const int index = start + static_cast<int>(section) + static_cast<int>(section / 2);
  return rates[static_cast<std::size_t>(index < 0 ? index + static_cast<int>(n) : index)];
}

double steep(std::span<const double> rates, std::span<const double> losses) {
  std::size_t best = 0;
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i + 1 < losses.size(); ++i) {
    const double slope =
        (losses[i + 1] - losses[i]) / (std::log(rates[i + 1]) - std::log(rates[i]));
    if (slope < least) least = slope, best = i;
  }
  return rates[best];
}

double minimum(std::span<const double> rates, std::span<const double> losses) {
  return rates[static_cast<std::size_t>(std::ranges::min_element(losses) - losses.begin())] / 10;
}

double slide(std::span<const double> rates, std::span<const double> losses) {
  constexpr int apart = 15;
  constexpr double threshold = 0.005;
  const int n = static_cast<int>(losses.size());
  if (n <= apart) return unknown;
  const auto gradient = [&](int i) {  // numpy's: central, one-sided at the ends
    const auto at = [&](int k) { return losses[static_cast<std::size_t>(k)]; };
    if (i == 0) return at(1) - at(0);
    if (i == n - 1) return at(n - 1) - at(n - 2);
    return (at(i + 1) - at(i - 1)) / 2;
  };
  int right = n - 1, left = right - apart;
  double rate = rates[static_cast<std::size_t>(left)];
  for (; left >= 0 && std::abs(gradient(right) - gradient(left)) > threshold; --right, --left)
    rate = rates[static_cast<std::size_t>(left)];
  return rate;
}

}  // namespace

std::vector<std::pair<std::string, double>> suggest_rates(const RateSweep& sweep, int skipped) {
  constexpr std::size_t last = 5;
  const auto first = static_cast<std::size_t>(skipped);
  if (sweep.losses.size() < first + last + 2) return {};
  std::size_t count = sweep.losses.size() - first - last;
  auto losses = std::span(sweep.losses).subspan(first, count);
  const auto bad = std::ranges::find_if(losses, [](double l) { return std::isnan(l); });
  count = static_cast<std::size_t>(bad - losses.begin());
  if (count < 2) return {};
  losses = losses.first(count);
  const auto rates = std::span(sweep.rates).subspan(first, count);
  return {{"valley", valley(rates, losses)},
          {"steep", steep(rates, losses)},
          {"minimum", minimum(rates, losses)},
          {"slide", slide(rates, losses)}};
}

}  // namespace archsweep::results
