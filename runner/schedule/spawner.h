#pragma once

// How the process of a worker comes to be.
//
// Loading LibTorch takes 0.2 s and more, of which a trial wants nothing: so `archsweep-trial
// fork-server` loads it once and makes each worker by fork(). Nothing of LibTorch has run there
// before the fork: no thread, no OpenMP region, no CUDA. It forks twice and the process between
// ends at once; as this process is a subreaper (prctl), the worker then becomes its child, and
// exit status, signals and the kernel's word of a dead parent are those of a program that was
// started by itself. A dead server takes no worker along; another one is started.
//
// A program that is not a fork server (a script that ARCHSWEEP_TRIAL names) is executed for each
// job. The talk of the two is described in runner/trial/protocol.h.

#include <filesystem>
#include <optional>
#include <string>

#include "runner/schedule/fd.h"

namespace archsweep::runner {

// Of GOMP_SPINCOUNT for workers: rounds of a loop, some microseconds.
inline constexpr const char* spin_count = "3000";

// The child's ends, and what `ps` shows of it.
struct WorkerEnds {
  int job, events, output;
  std::string title;
};

class Spawner {
 public:
  explicit Spawner(std::filesystem::path program);
  ~Spawner();  // ends the server, not the workers
  Spawner(const Spawner&) = delete;
  Spawner& operator=(const Spawner&) = delete;

  // Starts a child in a process group of its own; returns its pid. Throws Error
  // (Exit::environment) when the program cannot be run, or is of another version than this one.
  int start(const WorkerEnds&);

  const std::filesystem::path& program() const { return program_; }
  int server() const { return server_; }  // pid; 0: none

 private:
  void open_server();
  bool close_server();  // whether a signal ended it
  std::optional<int> fork_worker(const WorkerEnds&);

  std::filesystem::path program_;
  int tries_left_;  // to start a server
  int server_ = 0;
  Fd socket_;
};

}  // namespace archsweep::runner
