#pragma once

// Whether a classifier that says 90 % is right nine times in ten. Pure numbers.

#include <cstdint>
#include <vector>

#include "results/predictions.h"
#include "results/statistics.h"

namespace archsweep::results {

// Images whose predicted class has a probability in (low, high].
struct CalibrationBin {
  double low, high;
  std::int64_t images = 0;
  double confidence = 0, accuracy = 0;  // means; 0 where there are no images
  Interval interval{0, 1};              // 95 %, of the accuracy (Wilson's)
};

struct Calibration {
  std::vector<CalibrationBin> bins;
  double confidence = 0;  // mean probability of the predicted class
  // Expected calibration error: the bins' |accuracy - confidence|, weighed by their images (Guo et
  // al., arXiv 1706.04599, with its 15 bins of equal width).
  double error = 0;
  double brier = 0;  // mean over images of the sum over classes of (probability - is it)^2: 0 to 2
};
Calibration calibration_of(const Predictions& p, int bins = 15);

// The temperature that logits are to be divided by so that the loss is least. The bounds stand for
// "none": nothing wrong at all, or nothing learnt.
inline constexpr double least_temperature = 0.01, most_temperature = 100;
double fit_temperature(const Predictions& p);

// The same predictions at another temperature.
Predictions at_temperature(const Predictions& p, double temperature);

}  // namespace archsweep::results
