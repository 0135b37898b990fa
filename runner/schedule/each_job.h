#pragma once

// Jobs besides trials: data made ready, candidates tried, learning rates found.

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "runner/config/config.h"
#include "runner/schedule/status.h"
#include "runner/schedule/trial_runner.h"

namespace archsweep::runner {

struct EachJob {
  std::function<Launch(std::size_t job, const std::string& device)> launch;
  // Whether the event is the job's result.
  std::function<bool(std::size_t job, const Event&)> take;
  // It ended without one; `again`: it will be tried again.
  std::function<void(std::size_t job, const results::Failure&, bool again)> failed;
  // Whether no further one is to be started: they have no result then, and are no failures.
  std::function<bool()> time_is_up = [] { return false; };
};

// Jobs from 0 to `count`, one at a time on each device, while nothing else runs. What died is tried
// again as the config says. A device on which several fail in a row is left out while there are
// others, which try those again. Returns the failures that are not the last device's fault;
// nothing: the user stopped it.
std::optional<std::map<std::size_t, results::Failure>> run_each(const SchedulerConfig& config,
                                                                std::size_t count,
                                                                const EachJob& jobs,
                                                                TrialRunner& runner,
                                                                Status& status);

}  // namespace archsweep::runner
