#pragma once

// The sweep's loop: starts on free slots what the rules (halving.h) and the time left (budget.h)
// say, records what the trials tell, and goes on whatever becomes of one of them.

#include <functional>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "results/store.h"
#include "runner/config/config.h"
#include "runner/plan/plan.h"
#include "runner/schedule/budget.h"
#include "runner/schedule/memory.h"
#include "runner/schedule/trial_runner.h"

namespace archsweep::runner {

struct RunOptions {
  bool retry_failed = false;  // runs failed trials again too
  bool dry_run = false;  // reads the data, tries the candidates, prints the plan, trains nothing
  double seconds = std::numeric_limits<double>::infinity();  // that the run may take
  std::function<double()> clock = steady_seconds;
  std::vector<Device> devices = {};  // where trials run; empty: as the config says
  ReadMemory memory = memory_of;
};

struct Outcome {
  int finished_before = 0, done = 0, failed = 0;
  int given_up = 0;  // paused for good, by early stopping
  int waiting = 0;   // neither finished nor given up: there was no time
  bool interrupted = false;
  std::string
      obstacle;  // why this machine cannot go on: no device works, the disk is full; "": it can
};

// Runs what has no finished row.
Outcome run_sweep(const Config& config, std::span<const PlannedTrial> plan, results::Store& store,
                  TrialRunner& runner, const RunOptions& options = {});

}  // namespace archsweep::runner
