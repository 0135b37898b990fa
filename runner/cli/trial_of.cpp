#include "runner/cli/trial_of.h"

#include <algorithm>

#include "runner/support/error.h"

namespace archsweep::cli {

TrialOfConfig trial_of(const std::string& path, std::vector<std::string> set,
                       const std::string& architecture) {
  const auto named = [&](const auto& trial) {
    return architecture.empty() || trial.spec.architecture == architecture;
  };
  for (const bool as_written : {true, false}) {
    if (!as_written) set.push_back("architectures=[" + architecture + "]");
    const auto config = runner::read_config(path, set);
    const auto plan = runner::make_plan(config);
    const auto at = std::ranges::find_if(plan, named);
    if (at != plan.end()) return {config, *at};
  }
  throw Error(architecture + ": --arch is one name, not a glob");
}

}  // namespace archsweep::cli
