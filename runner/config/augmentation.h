#pragma once

#include <vector>

#include "runner/config/document.h"
#include "runner/config/values.h"
#include "runner/trial/spec.h"

namespace archsweep::runner {

// The steps that `augmentation:` names, with all their parameters; none where it is not there.
std::vector<AugmentStep> read_augmentation(const Node& document, Values& values);

}  // namespace archsweep::runner
