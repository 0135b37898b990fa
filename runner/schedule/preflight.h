#pragma once

// Before the night: every candidate (architecture, size, batch and the rest of its recipe) is
// built and takes a few steps at the real shape. What cannot work is known before the first hour,
// and what the others will take is measured. The database keeps it for the next start.

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>

#include "results/store.h"
#include "runner/config/config.h"
#include "runner/plan/plan.h"
#include "runner/schedule/prepare.h"
#include "runner/schedule/status.h"
#include "runner/schedule/trial_runner.h"

namespace archsweep::runner {

// Fingerprint of the spec without learning rate, seed, epochs and measurement: equal for trials
// that take as long a step.
std::string candidate_key(const TrialSpec& spec);

// Whether the config asks for it. `auto`: where speeds decide (early stopping, a budget), or where
// the plan's arithmetic is of more than ten minutes, a guess that is right within a factor of a
// few: trying a candidate costs seconds.
bool wants_preflight(const SchedulerConfig& config, std::span<const PlannedTrial* const> to_run,
                     bool limited, bool gpu);

struct PreflightResult {
  std::map<std::string, results::CandidateCost> costs;  // by candidate_key()
  std::map<std::string, results::Failure> failures;     // likewise: these cannot work
};

// Looks up what is known, and tries the rest: one at a time on each device, so that they do not
// disturb one another; none is begun when `time_is_up`. Nothing: the user stopped it.
std::optional<PreflightResult> preflight(const Config& config,
                                         std::span<const PlannedTrial* const> to_run,
                                         const PreparedSweep& prepared, results::Store& store,
                                         TrialRunner& runner, Status& status,
                                         std::function<bool()> time_is_up);

}  // namespace archsweep::runner
