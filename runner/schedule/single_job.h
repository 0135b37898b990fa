#pragma once

#include <functional>
#include <optional>

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

}  // namespace archsweep::runner
