#pragma once

#include <torch/types.h>

namespace archsweep::runner {

// Area under the ROC curve: how often a sample of the second class has the higher score than one of
// the first, ties counting half. Scores [n], labels int64 [n] of 0 and 1. NaN where a class has no
// sample.
double area_under_curve(const torch::Tensor& scores, const torch::Tensor& labels);

}  // namespace archsweep::runner
