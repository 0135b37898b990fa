#pragma once

// Config -> the list of trials: candidates x learning rates x seeds, each with its content hash,
// cheapest first and interleaved by family and size so that the frontier is useful early.

#include <string>
#include <string_view>
#include <vector>

#include "runner/config/config.h"

namespace archsweep::runner {

struct PlannedTrial {
  TrialSpec spec;
  std::string family;
  std::string fingerprint;
  // Seconds where they were measured; else relative: what its epochs take, by multiply-accumulates
  // at the trial's image size.
  double cost;
};

// A learning rate that is still to be found is NaN.
std::vector<PlannedTrial> make_plan(const Config&);

// Cheapest first by cost within a family and image size; then these in turn, so that each has a
// result early.
void put_in_order(std::vector<PlannedTrial>& trials);

// What a trial takes, relative to others, by its multiply-accumulates. `samples`: of an epoch.
double relative_cost(std::string_view architecture, int image_size, double samples, int epochs);

}  // namespace archsweep::runner
