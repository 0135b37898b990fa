#pragma once

#include <string>
#include <vector>

#include "runner/config/config.h"
#include "runner/plan/plan.h"

namespace archsweep::cli {

struct TrialOfConfig {
  runner::Config config;
  runner::PlannedTrial trial;
};

// The first trial of the architecture ("": of any), as the config has it, or, where the config does
// not name it, with the config's own settings. Throws Error.
TrialOfConfig trial_of(const std::string& config, std::vector<std::string> set,
                       const std::string& architecture);

}  // namespace archsweep::cli
