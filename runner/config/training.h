#pragma once

#include <string>

#include "archs/family.h"
#include "runner/trial/spec.h"

namespace archsweep::runner {

// Why a training does not fit its architecture, what that takes, or its own loss; or "".
std::string training_fault(const std::string& architecture, archs::Input input,
                           const TrainingSpec& training);

}  // namespace archsweep::runner
