#pragma once

// Robust statistics of timing samples.

#include <span>
#include <vector>

namespace archsweep::results {

// Linear interpolation between the order statistics, as NumPy's default; NaN of nothing.
double quantile(std::span<const double> samples, double q);

double median(std::span<const double> samples);

// Median of the distances from the median: a spread that a few stalls do not move.
double median_absolute_deviation(std::span<const double> samples);

struct Interval {
  double low, high;
};

// 95 % interval of the median of all samples (not negative ones) of a measurement that was repeated
// in rounds, each by a process of its own. Bootstrap over the rounds and, within, over blocks of
// consecutive samples; its distances from the median are then stretched for the few rounds. With
// one round only its blocks tell, and nothing is known of what another process would measure.
// The same samples give the same interval; NaN of nothing.
Interval bootstrap_median(std::span<const std::vector<double>> rounds, int draws = 1000);

// 95 % interval of a quantile from the order of the samples alone: no draws, any distribution. NaN
// of nothing; of a few samples the ends are the least and the largest.
Interval quantile_interval(std::span<const double> samples, double q);

}  // namespace archsweep::results
