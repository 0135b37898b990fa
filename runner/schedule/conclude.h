#pragma once

#include "results/trial.h"
#include "runner/schedule/trial_runner.h"

namespace archsweep::runner {

// Why a worker ended that said neither `done` nor `failed`.
results::Failure conclude(const Ended& ended, double time_limit);

}  // namespace archsweep::runner
