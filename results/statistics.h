#pragma once

// Robust statistics of timing samples.

#include <span>

namespace archsweep::results {

// Linear interpolation between the order statistics, as NumPy's default; NaN of nothing.
double quantile(std::span<const double> samples, double q);

double median(std::span<const double> samples);

// Median of the distances from the median: a spread that a few stalls do not move.
double median_absolute_deviation(std::span<const double> samples);

struct Interval {
  double low, high;
};

// Percentile bootstrap of the median: what it would be in 95 of 100 repetitions, if the samples are
// independent. Seeded by nothing but the samples' number: the same samples give the same interval.
Interval bootstrap_median(std::span<const double> samples, int draws = 500);

// 95 % interval of a quantile from the order of the samples alone: no draws, any distribution. NaN
// of nothing; of a few samples the ends are the least and the largest.
Interval quantile_interval(std::span<const double> samples, double q);

}  // namespace archsweep::results
