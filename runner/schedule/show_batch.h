#pragma once

#include <optional>

#include "runner/config/config.h"
#include "runner/plan/plan.h"
#include "runner/schedule/status.h"
#include "runner/schedule/trial_runner.h"

namespace archsweep::runner {

// Reads the trial's data and puts the pictures of a batch into the view's folder. Throws Error when
// that fails. Nothing: the user stopped it.
std::optional<ShownBatch> show_batch(const Config& config, const PlannedTrial& trial,
                                     const BatchView& view, TrialRunner& runner, Status& status);

}  // namespace archsweep::runner
