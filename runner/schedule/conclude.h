#pragma once

#include <optional>
#include <string>

#include "results/trial.h"
#include "runner/config/config.h"
#include "runner/schedule/trial_runner.h"

namespace archsweep::runner {

// Of a `hello` in another protocol than ours, the failure that it is.
std::optional<results::Failure> foreign(const Event& event, const std::string& program);

// Why a worker ended that said neither `done` nor `failed`.
results::Failure conclude(const Ended& ended);

// Whether a trial that ended so is tried again, after so many retries for the same cause. `shared`:
// another trial was on its device, which may be why there was no memory.
bool may_retry(const SchedulerConfig& config, results::Cause cause, int retried, bool shared);

}  // namespace archsweep::runner
