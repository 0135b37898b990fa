#pragma once

#include <cstddef>
#include <limits>

#include "runner/schedule/standings.h"

namespace archsweep::runner {

struct PlanLimits {
  std::size_t slots = 1;
  double seconds = std::numeric_limits<double>::infinity();  // that the run may take
  bool early_stopping = false;
};

// Prints the trials that wait, in their order, what each will take and when it will be done; then
// hours, disk and the time of the end. "?" where nothing was measured.
void print_plan(const Standings& standings, const PlanLimits& limits);

}  // namespace archsweep::runner
