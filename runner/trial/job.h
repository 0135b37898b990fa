#pragma once

// The worker's main task: reads a job, does it, and ends with exactly one of `done`, `paused`,
// `prepared`, `preflight` and `failed`.

#include <string_view>

namespace archsweep::runner {

// Returns the process's exit code: 0 when the job was done, 1 when it failed.
int run_job(std::string_view json);

}  // namespace archsweep::runner
