#pragma once

// Robust statistics of timing samples.

#include <span>

namespace archsweep::results {

// Linear interpolation between the order statistics, as NumPy's default; NaN of nothing.
double quantile(std::span<const double> samples, double q);

}  // namespace archsweep::results
