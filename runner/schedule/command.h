#pragma once

// A program that is run to its end: what it said, and how it ended.

#include <string>
#include <vector>

namespace archsweep::runner {

struct CommandResult {
  int code = 0;          // exit code; 128 + N: signal N ended it; 127: it cannot be started
  std::string out, err;  // of stdout, of stderr
};

// In a process group of its own: the terminal's Ctrl-C does not reach it. Its stdin is empty.
CommandResult run_command(std::vector<std::string> words);

}  // namespace archsweep::runner
