#pragma once

// The trials of a sweep: what the plan says, what the store knows, what each will take, and how far
// it has come. The loop (scheduler.cpp) changes states; nothing here starts a process.

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "results/store.h"
#include "runner/config/config.h"
#include "runner/plan/plan.h"
#include "runner/schedule/checkpoints.h"
#include "runner/schedule/forecast.h"
#include "runner/schedule/halving.h"
#include "runner/schedule/preflight.h"
#include "runner/schedule/prepare.h"

namespace archsweep::runner {

// A trial of the plan, what is stored of it and what it will take.
struct Entry {
  PlannedTrial trial;
  results::TrialId id{};
  results::Reached reached = {};
  Forecast forecast = {};
  bool was_out_of_memory = false;  // beside others
};

HalvingRules rules_of(const SchedulerConfig& config);

class Standings {
 public:
  Standings(const OutputConfig& output, std::span<const PlannedTrial> plan);

  struct Counts {
    int done = 0, failed = 0;
    int adopted = 0;  // from journals (ingest.h)
    // That have been tried with fewer epochs: they go on from there; there is no checkpoint; their
    // learning rates are others.
    int longer = 0, without_checkpoint = 0, other_rates = 0;
    int trials = 0;

    std::vector<std::string> told() const;  // in words, a line each
  };
  // What the store knows. With a sweep, the trials become members of it; without, nothing is
  // written. Counts what has a result that counts.
  Counts read(results::Store& store, std::optional<results::SweepId> sweep, bool retry_failed);

  // Speeds for the rules; and, where all are known, costs in seconds and the order by them: the
  // indices of trials change.
  void forecast_all(const results::Store& store, const PreparedSweep& prepared,
                    const PreflightResult& tried);

  void run_alone(std::size_t i) { entries_[i].was_out_of_memory = true; }

  std::size_t size() const { return entries_.size(); }
  const Entry& operator[](std::size_t i) const { return entries_[i]; }
  const Contender& contender(std::size_t i) const { return contenders_[i]; }
  // Its accuracies or its state; a worker may have written its checkpoint too.
  Contender& change(std::size_t i);
  const Checkpoints& checkpoints() const { return checkpoints_; }

  // A trial's peak, which those of the same candidate will come to as well.
  void learn_memory(std::size_t i, double bytes);

  // Planned or paused.
  bool waits(std::size_t i) const;
  std::vector<std::size_t> waiting() const;
  bool has_checkpoint(std::size_t i) const;
  void remove_checkpoint(std::size_t i) { checkpoints_.remove(entries_[i].trial.fingerprint); }
  // Epochs that need not be trained again.
  int epochs_kept(std::size_t i) const;
  double seconds_left(std::size_t i) const;  // NaN where it is not known
  double seconds_left() const;               // of all that wait
  // Cuts it to the epochs that there is time for; false: there is time for none.
  bool cut_to_time(Step& step, double seconds) const;

  // Early stopping, when the order is settled. What follows goes by it.
  void go_by(const HalvingRules& rules) { rules_.emplace(contenders_, rules); }
  const std::vector<Step>& next_steps() { return rules_->next_steps(); }
  std::vector<GivenUp> given_up() { return rules_->given_up(); }

  struct ToRun {
    std::size_t trials = 0;
    double cost = 0;  // in the plan's units
  };
  // What waits or runs, without what the rules give up.
  ToRun to_run();

  // For the trial's checkpoint; those of failed, finished and given-up trials go first.
  bool make_room(std::size_t i);

 private:
  double checkpoint_bytes(std::size_t i) const;
  void take_over_shorter(const results::Store& store, bool is_plan, Counts& counts);

  std::vector<Entry> entries_;         // in the order in which they start
  std::vector<Contender> contenders_;  // the same, as the rules see them
  std::optional<Halving> rules_;
  Checkpoints checkpoints_;
  const OutputConfig& output_;
};

}  // namespace archsweep::runner
