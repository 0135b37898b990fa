#include "results/paired.h"

#include <algorithm>
#include <cmath>

namespace archsweep::results {

Pairs compare(const Predictions& first, const Predictions& second) {
  Pairs pairs;
  for (std::size_t i = 0; i < first.images(); ++i) {
    const bool a = first.rank(i) == 0, b = second.rank(i) == 0;
    ++(a && b ? pairs.both : a ? pairs.only_first : b ? pairs.only_second : pairs.neither);
  }
  return pairs;
}

double mcnemar_exact(const Pairs& pairs) {
  const auto fewer = std::min(pairs.only_first, pairs.only_second);
  const auto n = static_cast<double>(pairs.only_first + pairs.only_second);
  double tail = 0;
  for (std::int64_t k = 0; k <= fewer; ++k) {
    const auto at = static_cast<double>(k);
    tail += std::exp(std::lgamma(n + 1) - std::lgamma(at + 1) - std::lgamma(n - at + 1) -
                     n * std::log(2.0));
  }
  return std::min(1.0, 2 * tail);
}

std::optional<double> mcnemar_corrected(const Pairs& pairs) {
  const auto n = static_cast<double>(pairs.only_first + pairs.only_second);
  if (n < 25) return std::nullopt;
  const double excess =
      std::max(0.0, std::abs(static_cast<double>(pairs.only_first - pairs.only_second)) - 1);
  // Of one degree of freedom.
  return std::erfc(std::sqrt(excess * excess / n / 2));
}

Interval accuracy_difference(const Pairs& pairs) {
  const auto n =
      static_cast<double>(pairs.both + pairs.only_first + pairs.only_second + pairs.neither);
  const double first = static_cast<double>(pairs.only_first + 1) / (n + 2);
  const double second = static_cast<double>(pairs.only_second + 1) / (n + 2);
  const double middle = first - second;
  const double reach = 1.959964 * std::sqrt((first + second - middle * middle) / (n + 2));
  return {std::max(-1.0, middle - reach), std::min(1.0, middle + reach)};
}

}  // namespace archsweep::results
