#pragma once

// Slurm's commands: sbatch, squeue, scancel. Tasks are known by the name of their job, which is
// that of the folder in which their files are: a scheduler that starts anew finds those of one that
// died, even one that was submitted in its last moment.

#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>

#include "runner/config/config.h"
#include "runner/schedule/trial_runner.h"

namespace archsweep::runner {

// Throws Error (Exit::environment): what is not installed, or does not answer.
void require_slurm();

// "archsweep-pets-files-3f2a91bc", of the folder that a trial's files are in.
std::string slurm_name(const std::filesystem::path& files);

// What the tasks of one array ask for.
struct TaskLimits {
  int threads = 1;
  double seconds = 0;       // 0: the partition's
  double memory_bytes = 0;  // 0: the cluster's usual
  auto operator<=>(const TaskLimits&) const = default;
};

// Submits an array; task I does the job in FILES[I].json, all of one folder. Returns the array's
// id, or nothing and in `why` what sbatch said.
std::optional<std::string> submit(const SlurmConfig& config, const std::string& worker,
                                  std::span<const std::filesystem::path> files,
                                  const TaskLimits& limits, std::string& why);

struct TaskState {
  std::string word;  // PENDING, RUNNING, COMPLETED, NODE_FAIL ...
  int status = 0;    // as of wait()
};

// By id ("17_3"), those that ended in the last minutes included. Nothing: Slurm does not answer.
std::optional<std::map<std::string, TaskState>> tasks_named(const std::string& name);
// Of a task that Slurm's controller has forgotten, by its accounting where there is one.
std::optional<TaskState> remembered(const std::string& task);

// How such a task ended; nothing while it has not, or will run again.
std::optional<Ended> ended(const TaskState& state);

// Asks tasks to end, all of a name or one, or ends those that run at once. Those that wait are
// taken from the queue.
void cancel(const std::string& name, bool at_once);
void cancel_task(const std::string& task);

// Those of a scheduler that is gone: returns when none of them runs any more. Throws Error
// (Exit::environment) when Slurm does not answer or they do not end.
void end_tasks(const std::string& name);

}  // namespace archsweep::runner
