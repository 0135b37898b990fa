#pragma once

// One worker process: started, read from, ended. Its loop is in process_runner.cpp.

#include <deque>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "runner/schedule/bounded_log.h"
#include "runner/schedule/trial_runner.h"

namespace archsweep::runner {

// `archsweep-trial`: $ARCHSWEEP_TRIAL, or beside the running program. Throws Error
// (Exit::environment) when it is not there or not executable.
std::filesystem::path find_worker();

// A file descriptor that is closed with its owner.
class Fd {
 public:
  explicit Fd(int fd = -1) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept;
  ~Fd() { reset(); }
  void reset();
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_;
};

class Worker {
 public:
  // Writes FILES.json, the job, and starts `program` with it as stdin. The environment tells the
  // process's journal, by which is_worker_of() knows it again.
  Worker(const std::filesystem::path& program, const Launch&);
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

  void signal(int number);  // to its process group
  bool timed_out = false;
  double term_at = 0;  // when to ask it to end; 0: never
  double kill_at = 0;  // when to stop asking

 private:
  int pid_ = -1;
  bool reaped_ = false;
  bool killed_ = false;  // by us
  long long oom_kills_before_;
  Fd events_, output_;
  std::string line_;       // not yet complete
  bool skipping_ = false;  // the rest of a line that was too long
  BoundedLog log_;
};

// Whether process `pid` was started, by whatever scheduler, as the worker that writes `journal`.
bool is_worker_of(int pid, const std::string& journal);

}  // namespace archsweep::runner
