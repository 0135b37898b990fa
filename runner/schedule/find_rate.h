#pragma once

// The learning-rate finder, in processes of its own: a training after it is the same as without it.

#include <functional>
#include <span>

#include "results/store.h"
#include "runner/config/config.h"
#include "runner/plan/plan.h"
#include "runner/schedule/status.h"
#include "runner/schedule/trial_runner.h"

namespace archsweep::runner {

// Trains each trial's network for a hundred steps while the rate rises, and stores the curves and
// what they suggest. `found` gets each as it comes, `failed` what failed, and whether it is tried
// again. False: the user stopped it.
struct RateFinder {
  std::function<void(const PlannedTrial&, const results::RateSweep&)> found;
  std::function<void(const PlannedTrial&, const results::Failure&, bool again)> failed;
};
bool find_rates(const Config& config, std::span<const PlannedTrial> trials, results::Store& store,
                TrialRunner& runner, Status& status, const RateFinder& finder);

// Puts numbers in the place of the candidates' rules: what the store knows of the same candidate
// and recipe, else what is found now; where nothing can be found, training.learning_rate, and says
// so. False: the user stopped it.
bool settle_rates(Config& config, results::Store& store, TrialRunner& runner, Status& status);

}  // namespace archsweep::runner
