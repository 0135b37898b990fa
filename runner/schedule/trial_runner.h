#pragma once

// Where trials run. The scheduler speaks to this interface alone: processes of this machine
// (process_runner.h), tasks of Slurm (slurm_runner.h), or a script of events in its tests.

#include <filesystem>
#include <string>
#include <variant>

#include "runner/trial/protocol.h"

namespace archsweep::runner {

// How a worker's process ended.
struct Ended {
  int exit_code = 0;
  int signal = 0;              // that ended it; 0: it ended by itself
  bool timed_out = false;      // the runner stopped it, its time was over
  bool hung = false;           // the runner stopped it, it gave no sign of life
  double limit = 0;            // seconds: the one that it went over
  bool out_of_memory = false;  // the kernel killed it for want of memory
  std::string taken_by;        // who or what ended it, where that is known: "Slurm: NODE_FAIL"
  std::string tail;            // the last of its stdout and stderr, printable
};

// The user wants the sweep to stop: Ctrl-C, SIGTERM, SIGHUP.
struct Interrupted {};

// Nothing happened for a while: time to redraw.
struct Tick {};

// The worker is a task of Slurm: its id, such as "17_3".
struct Submitted {
  std::string task;
};

struct Happening {
  int pid = 0;  // of the worker that an Event, Submitted or Ended comes from
  std::variant<Event, Ended, Interrupted, Tick, Submitted> what;
};

struct Launch {
  Job job;
  std::filesystem::path files;  // path of the worker's files, less their endings: .json, .log
  double time_limit = 0;        // seconds; 0: none
  double silence_limit = 0;     // seconds without an event, but while it waits for others; 0: none
  double forecast_seconds = results::not_measured;  // that it will take
  double memory_bytes = results::not_measured;      // that a trial of its kind took on its device
};

class TrialRunner {
 public:
  virtual ~TrialRunner() = default;

  // Starts a worker; returns its pid, or a negative number that stands for one. Throws Error
  // (Exit::environment) when that is impossible.
  virtual int start(const Launch&) = 0;

  // Waits for the next thing to happen. The last of a worker is always its Ended.
  virtual Happening next() = 0;

  // Asks every worker to end, or ends them at once. Their Ended still come.
  virtual void stop(bool at_once) = 0;
};

}  // namespace archsweep::runner
