#pragma once

#include "runner/trial/train/learner.h"

namespace archsweep::runner {

// Of curve fitting: the network's numbers and their gradients as the last step left them, the
// points, and what the network makes of them.
void add_curve(results::Epoch& epoch, Learner& learner);

}  // namespace archsweep::runner
