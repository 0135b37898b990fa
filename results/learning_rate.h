#pragma once

// What the loss over a rising learning rate suggests: fastai's four rules
// (fastai/callback/schedule.py), to the digit.

#include <string>
#include <utility>
#include <vector>

#include "results/trial.h"

namespace archsweep::results {

// By rule: "valley" (the middle of the longest fall, fastai's default), "steep" (where it falls
// fastest), "minimum" (a tenth of where it is lowest), "slide" (before the gradient changes).
// Without the first `skipped` steps and the last five, and without what follows a loss that is no
// number. Empty where fewer than two steps are left; a rule that cannot say gives NaN.
std::vector<std::pair<std::string, double>> suggest_rates(const RateSweep& sweep, int skipped = 10);

}  // namespace archsweep::results
