#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "runner/schedule/trial_runner.h"

namespace archsweep::runner {

struct JobEnd {
  std::optional<results::Failure> failure;  // that the worker told
  Ended ended;
  bool interrupted = false;  // the user stopped all of them
};

// Jobs from 0 to `count`, each on the next device that has none, while nothing else runs.
struct EachJob {
  std::function<Launch(std::size_t job, const std::string& device)> launch;
  std::function<void(std::size_t job, const Event&)> take;
  std::function<void(std::size_t job, const JobEnd&)> end;
};

// False: the user stopped them, and no further one was started; a second time ends them at once.
bool run_each(TrialRunner& runner, std::span<const std::string> devices, std::size_t count,
              const EachJob& jobs);

// One alone.
JobEnd run_single(TrialRunner& runner, const Launch& launch,
                  const std::function<void(const Event&)>& take);

}  // namespace archsweep::runner
