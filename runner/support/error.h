#pragma once

// Error: something the user can mend. Thrown anywhere, printed once, in main, as one line on
// stderr; the exit code says whose mend it is. Faults of our own are assertions, failed trials
// are results: neither is an Error.

#include <stdexcept>
#include <string>

namespace archsweep {

enum class Exit : int {
  done = 0,
  trials_failed = 1,  // the sweep ended, but not every trial did well
  usage = 2,          // bad command line, config or input
  environment = 3,    // this machine cannot do it: no space, no permission, no device, no worker
};

class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message, Exit code = Exit::usage)
      : std::runtime_error(message), code_(code) {}
  Exit code() const { return code_; }

 private:
  Exit code_;
};

}  // namespace archsweep
