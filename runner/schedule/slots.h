#pragma once

// Where trials run: the devices of this machine.

#include <cstddef>
#include <string>
#include <vector>

#include "runner/config/config.h"

namespace archsweep::runner {

// The device of each slot. Throws Error (Exit::environment) when there is none of the wanted kind.
std::vector<std::string> slots(const SchedulerConfig& config);

// Of one trial, when so many run at once.
int threads_of(const SchedulerConfig& config, std::size_t slots);

}  // namespace archsweep::runner
