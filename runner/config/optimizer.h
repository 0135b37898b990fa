#pragma once

#include "runner/trial/spec.h"

namespace archsweep::runner {

// Gives momentum and weight decay that are not given (NaN) the optimizer's usual values, and takes
// away what means nothing: equal trainings have equal specs.
void settle_optimizer(TrainingSpec& training);

}  // namespace archsweep::runner
