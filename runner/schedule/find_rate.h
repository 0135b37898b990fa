#pragma once

// The learning-rate finder as a process of its own: a training after it is the same as without it.

#include <optional>

#include "results/trial.h"
#include "runner/config/config.h"
#include "runner/plan/plan.h"
#include "runner/schedule/status.h"
#include "runner/schedule/trial_runner.h"

namespace archsweep::runner {

struct FoundRates {
  results::RateSweep sweep;
  results::Environment environment;
};

// Reads the data and trains the trial's network for a hundred steps while the rate rises. Throws
// Error when that fails. Nothing: the user stopped it.
std::optional<FoundRates> find_rates(const Config& config, const PlannedTrial& trial,
                                     TrialRunner& runner, Status& status);

}  // namespace archsweep::runner
