#pragma once

// One worker process: started, read from, ended. Its loop is in process_runner.cpp.

#include <deque>
#include <filesystem>
#include <string>

#include "runner/schedule/bounded_log.h"
#include "runner/schedule/fd.h"
#include "runner/schedule/lines.h"
#include "runner/schedule/spawner.h"
#include "runner/schedule/trial_runner.h"

namespace archsweep::runner {

// `archsweep-trial`: $ARCHSWEEP_TRIAL, or beside the running program. Throws Error
// (Exit::environment) when it is not there or not executable.
std::filesystem::path find_worker();

class Worker {
 public:
  // Writes FILES.json, the job, and starts a process with it as stdin.
  Worker(Spawner&, const Launch&);
  ~Worker();  // kills it and all of its process group if it still runs
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  int pid() const { return pid_; }
  int events_fd() const { return events_.get(); }  // -1 once closed
  int output_fd() const { return output_.get(); }

  // Take what is there to read, without waiting.
  void read_events(std::deque<Happening>& into);
  void read_output();

  // When it has ended: takes the rest of its output, reaps it, reports Ended. Else false.
  bool reap(std::deque<Happening>& into);

  // Of one that was killed and does not end: reports Ended all the same. Whoever owns it reaps it.
  void give_up(std::deque<Happening>& into);

  void signal(int number);  // to its process group
  bool timed_out = false, hung = false;
  double term_at = 0;   // when to ask it to end; 0: never
  double kill_at = 0;   // when to stop asking
  double heard_at = 0;  // when it last said something
  bool waits_for_others() const { return waits_for_others_; }
  // Whether the time limit is for what it does: not for waiting, nor for a download.
  bool spends_time() const { return spends_time_; }
  const Launch& launch() const { return launch_; }

 private:
  void take(const std::string& line, std::deque<Happening>& into);
  Ended end(std::deque<Happening>& into);

  Launch launch_;
  std::string program_;
  bool waits_for_others_ = false;  // for the device: that may take long
  bool spends_time_ = true;
  int pid_ = -1;
  bool reaped_ = false;
  bool killed_ = false;  // by us
  long long oom_kills_before_;
  Fd events_, output_;
  Lines lines_;
  bool is_foreign_ = false;  // of another protocol: not listened to
  BoundedLog log_;
};

// Whether process `pid` was started, by whatever scheduler, as the worker that writes `journal`: a
// file FILES.jsonl beside its job.
bool is_worker_of(int pid, const std::string& journal);

}  // namespace archsweep::runner
