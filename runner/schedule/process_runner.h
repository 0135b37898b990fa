#pragma once

// Trials as processes of this machine: `archsweep-trial` in a process group of its own, killed by
// the kernel should this process die.

#include <deque>
#include <filesystem>
#include <memory>
#include <vector>

#include "runner/schedule/signals.h"
#include "runner/schedule/spawner.h"
#include "runner/schedule/trial_runner.h"
#include "runner/schedule/worker.h"

namespace archsweep::runner {

class ProcessRunner final : public TrialRunner {
 public:
  // How long a worker that was asked to end may take.
  explicit ProcessRunner(std::filesystem::path program, double grace_seconds = 5);

  int start(const Launch&) override;
  Happening next() override;
  void stop(bool at_once) override;

 private:
  void poll_once();
  void enforce_limits();

  Spawner spawner_;
  double grace_;
  double enforced_at_;  // when limits were last looked at
  Signals signals_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<int> ended_groups_;  // process groups that may have somebody left to reap
  std::deque<Happening> ready_;
};

}  // namespace archsweep::runner
