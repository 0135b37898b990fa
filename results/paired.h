#pragma once

// Whether one classifier is better than another on the same images. Pure numbers.

#include <cstdint>
#include <optional>

#include "results/predictions.h"
#include "results/statistics.h"

namespace archsweep::results {

// Images, by which of the two is right.
struct Pairs {
  std::int64_t both = 0, only_first = 0, only_second = 0, neither = 0;
};
Pairs compare(const Predictions& first, const Predictions& second);  // of equal labels

// McNemar's test, two-sided: how likely the images that only one gets right would fall out at least
// as unevenly if both were equally good.
double mcnemar_exact(const Pairs& pairs);  // binomial
// By chi-square with Edwards' continuity correction; nothing below 25 such images, where it is
// poor.
std::optional<double> mcnemar_corrected(const Pairs& pairs);

// 95 % interval of the first's accuracy less the second's: Bonett and Price's adjusted Wald
// interval for paired proportions (Statistics in Medicine 31, 2012).
Interval accuracy_difference(const Pairs& pairs);

}  // namespace archsweep::results
