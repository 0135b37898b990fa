#pragma once

// Trials as tasks of Slurm: job arrays on nodes that share the file system with this process, which
// follows the journals and stays the one writer of the database.
//
// What was started since the last next() is submitted as one array for each set of limits. A task
// that Slurm requeues (preempted, its node gone) does its job again from the checkpoint and is the
// same attempt. So is one that went over a time limit that is not the user's, if it finished an
// epoch in it, or over a memory limit that was a forecast, with twice the memory.

#include <deque>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runner/config/config.h"
#include "runner/schedule/lines.h"
#include "runner/schedule/signals.h"
#include "runner/schedule/slurm.h"
#include "runner/schedule/trial_runner.h"

namespace archsweep::runner {

// Seconds from one look to the next.
struct SlurmPace {
  double journals = 1, states = 10;
};

class SlurmRunner final : public TrialRunner {
 public:
  // Throws Error (Exit::environment) when there is no Slurm. Ends tasks of an earlier run whose
  // files are in `folder` (output.folder/trials).
  SlurmRunner(SlurmConfig config, std::filesystem::path worker, const std::filesystem::path& folder,
              SlurmPace pace = {});
  ~SlurmRunner() override;  // cancels what still runs

  int start(const Launch&) override;
  // Throws Error (Exit::environment) when Slurm takes no job although none of ours runs.
  Happening next() override;
  void stop(bool at_once) override;

 private:
  struct Task {
    Launch launch;
    TaskLimits limits;
    std::string id;        // "": to be submitted
    std::size_t read = 0;  // bytes of the journal
    Lines lines;
    int epochs = 0;                                // told
    int epochs_at_submit = 0;                      // likewise, then
    int doublings = 0;                             // of the memory
    int unseen = 0;                                // looks in a row in which Slurm did not know it
    bool is_over = false;                          // Ended was reported
    bool runs = false;                             // by Slurm's word
    bool waits_for_others = false, hung = false;   // as of a worker (worker.h)
    std::filesystem::file_time_type touched = {};  // the journal, which is a sign of life
    double heard_at = 0;                           // when that was last seen to change
  };

  void submit_waiting();
  void read_journals();
  void read_journal(int pid, Task& task);
  void take(int pid, Task& task, const std::string& line);
  void ask_slurm();
  void end_if_hung(Task& task);
  void conclude_task(int pid, Task& task, Ended how);
  void end(int pid, Task& task, Ended how);

  SlurmConfig config_;
  std::string worker_, name_;
  SlurmPace pace_;
  Signals signals_;
  std::map<int, Task> tasks_;  // by what stands for a pid: -1, -2 ...
  int last_ = 0;
  std::deque<Happening> ready_;
  double read_at_ = 0, asked_at_ = 0, submit_at_ = 0;  // when, by steady_seconds()
  bool stopping_ = false;
};

}  // namespace archsweep::runner
