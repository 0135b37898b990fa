#pragma once

// Signals as something to poll: while it lives, SIGINT, SIGTERM, SIGHUP and SIGCHLD arrive as
// bytes on a pipe and SIGPIPE is ignored (a sweep outlives the pager that its log went to).

#include <array>
#include <vector>

#include <csignal>

namespace archsweep::runner {

class Signals {
 public:
  Signals();
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  int fd() const;
  std::vector<int> take();  // those that came since the last call

  // For a child between fork and exec: as if there never was a Signals.
  static void reset_in_child();

 private:
  static constexpr std::array handled{SIGINT, SIGTERM, SIGHUP, SIGCHLD, SIGPIPE};
  std::array<struct sigaction, handled.size()> before_;
};

}  // namespace archsweep::runner
