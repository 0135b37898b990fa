#pragma once

#include "runner/trial/spec.h"

namespace archsweep::runner {

// Gives momentum and weight decay that are not given (NaN) the optimizer's usual values, and takes
// away what the optimizer, the schedule or the average does not read: such trainings are equal.
void settle_optimizer(TrainingSpec& training);

}  // namespace archsweep::runner
