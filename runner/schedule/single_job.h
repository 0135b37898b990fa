#pragma once

#include <functional>
#include <optional>
#include <string>

#include "runner/config/config.h"
#include "runner/plan/plan.h"
#include "runner/schedule/status.h"
#include "runner/schedule/trial_runner.h"

namespace archsweep::runner {

struct JobEnd {
  std::optional<results::Failure> failure;  // that the worker told
  Ended ended;
  bool interrupted = false;  // by the user; a second time ends it at once
};

// One worker from its start to its end, while no other runs. `take` gets what it tells, `tick` is
// called now and then.
JobEnd run_single(
    TrialRunner& runner, const Launch& launch, const std::function<void(const Event&)>& take,
    const std::function<void()>& tick = [] {});

// A job of a sweep's trial outside the sweep, on its first device, with files named `name`: reads
// the data, then runs it. Throws Error when either fails. False: the user stopped it.
bool run_alone(const Config& config, const PlannedTrial& trial, Job job, const std::string& name,
               TrialRunner& runner, Status& status, const std::function<void(const Event&)>& take);

}  // namespace archsweep::runner
