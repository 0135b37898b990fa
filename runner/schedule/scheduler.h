#pragma once

// The sweep's loop: starts trials on free slots, cheapest first, records what they tell, and goes
// on whatever becomes of one of them.

#include <span>
#include <string>

#include "results/store.h"
#include "runner/config/config.h"
#include "runner/plan/plan.h"
#include "runner/schedule/status.h"
#include "runner/schedule/trial_runner.h"

namespace archsweep::runner {

struct Outcome {
  int finished_before = 0, done = 0, failed = 0;
  bool interrupted = false;
};

// The devices that trials run on, one a slot.
std::vector<std::string> slots(const SchedulerConfig& config);

// Reads, checks and caches every data set of the plan before the first trial. Throws Error when
// one cannot be used. False: the user stopped it.
bool prepare_data(const Config& config, std::span<const PlannedTrial> trials, TrialRunner& runner,
                  Status& status);

// Runs what has no finished row. `retry_failed` runs failed trials again too.
Outcome run_sweep(const Config& config, std::span<const PlannedTrial> plan, results::Store& store,
                  TrialRunner& runner, bool retry_failed);

}  // namespace archsweep::runner
