#pragma once

// The results database. One process writes (the scheduler); any number may read. Knows nothing of
// YAML or LibTorch: a trial's settings are text under a fingerprint.

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "results/trial.h"

namespace archsweep::results {

struct PlannedRow {
  TrialId id;
  std::string fingerprint;
  TrialState state;
  int attempts;  // so far
};

class Store {
 public:
  // Opens for writing; creates and migrates the database, and takes the writer's lock (a file
  // lock beside the database, released by the kernel when the process ends).
  // Throws Error when the file is not ours, was written by a newer archsweep, cannot be written,
  // or another process holds the lock (the message names its pid).
  explicit Store(const std::filesystem::path& database);
  ~Store();

  // Writing. Each call is one transaction: a crash of the process loses at most the call in flight.
  // So does a power cut, but of a trial that runs: its last epochs and timings may be lost, even
  // that it was started, and it runs again. How a trial ended is on the disk when the call returns.
  // A full disk or any other refusal by SQLite is an Error with Exit::environment, and so is a
  // database that was deleted or replaced since it was opened.

  // `config` is the YAML as written, `plan_hash` identifies the expanded plan.
  SweepId begin_sweep(std::string_view name, std::string_view config_path, std::string_view config);
  // `outcome`: "finished", "interrupted"
  void end_sweep(SweepId, std::string_view outcome);
  // That it lives, and in how many seconds it expects to end; NaN: it cannot say yet.
  void see_sweep(SweepId, double seconds_left);

  // Records the trials as members of the sweep, in order, and returns their present state. A
  // fingerprint that is already known keeps its row: which is all that resuming means.
  std::vector<PlannedRow> plan(SweepId, std::span<const NewTrial>);

  // A new attempt; returns its number, from 1. Epochs and measurements of earlier attempts stay,
  // under their own number. The journal is where the worker writes what it also sends.
  int start(TrialId, std::string_view device, std::string_view journal);
  // An attempt whose first epoch is not number 1 went on from a checkpoint: the epochs before it
  // are taken over from earlier attempts, so that an attempt's rows tell the whole training.
  void set_environment(TrialId, int attempt, const Environment&);
  void set_pid(TrialId, int attempt, int pid);
  void set_slurm_task(TrialId, int attempt, std::string_view task);

  // Idempotent: a row that is there already (same trial, attempt and epoch or measurement) is
  // left as it is, so that a journal can be read again after a crash.
  void add_epoch(TrialId, int attempt, const Epoch&);
  void add_measurement(TrialId, int attempt, const Measurement&);

  // The row of `results`, anew when there is one. A benchmark's attempts are its visits: its row is
  // of the measurements of all that are not set aside, and it is finished again after each.
  void finish(TrialId, int attempt, const Summary&);
  void fail(TrialId, int attempt, const Failure&);
  // The attempt stopped at a rung or for want of time; its checkpoint goes on later.
  void pause(TrialId, int attempt, std::string_view reason);
  // Says better why a paused trial waits.
  void explain_pause(TrialId, std::string_view reason);
  // The attempt ended without a result that counts (the user stopped the sweep, the scheduler
  // died): the trial is planned again.
  void release(TrialId, int attempt, const Failure&);
  // The attempt failed and the trial is planned again, which counts in retried().
  void retry(TrialId, int attempt, const Failure&);
  // So many attempts ended in a retry for this cause, since the trial last failed for good.
  int retried(TrialId, Cause) const;
  // A device that the sweep uses no more. What failed on it is for the caller to acquit().
  void quarantine(SweepId, std::string_view device, std::string_view message);
  // The last failure was not the trial's: it is planned again.
  void acquit(TrialId);
  // A visit that a benchmark repeats: its measurements stay, and no longer count.
  void set_aside(TrialId, int attempt, std::string_view why);
  // An attempt that is done and is nobody's result: the canary's.
  void end_visit(TrialId, int attempt);

  // By kind and batch size, what `finish` counts.
  std::vector<Pooled> pooled(TrialId, int attempt) const;

  std::optional<PlannedRow> find(std::string_view fingerprint) const;
  struct Spec {
    TrialId id;
    std::string fingerprint, json;
  };
  std::vector<Spec> tried_specs() const;  // of a sweep's trials that were begun
  Reached reached(TrialId) const;

  // What the candidate `key` took in this environment, if it was tried there.
  std::optional<CandidateCost> preflight(std::string_view key, const Environment&) const;
  void add_preflight(std::string_view key, const Environment&, const CandidateCost&);

  // The curve and what suggest_rates() says of it.
  void add_lr_find(std::string_view key, const Environment&, std::string_view architecture,
                   const RateSweep&);
  // What was found last of the candidate `key`, on whatever machine: suggest_rates() of it, without
  // those that could not say; empty: nothing.
  std::vector<std::pair<std::string, double>> lr_find(std::string_view key) const;

  // Trials left running by a scheduler that is gone; call it only with the lock held.
  struct Unfinished {
    TrialId id;
    int attempt;
    std::string journal;
    int pid;
  };
  std::vector<Unfinished> unfinished() const;

 private:
  void add_speeds(TrialId, int attempt);

  struct Database;  // hides SQLiteCpp
  std::unique_ptr<Database> db_;
};

}  // namespace archsweep::results
