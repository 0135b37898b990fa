#include "runner/schedule/find_rate.h"

#include <fmt/format.h>

#include "runner/schedule/single_job.h"
#include "runner/support/error.h"

namespace archsweep::runner {

std::optional<FoundRates> find_rates(const Config& config, const PlannedTrial& trial,
                                     TrialRunner& runner, Status& status) {
  FoundRates found;
  const bool ended = run_alone(
      config, trial, {.kind = "lr_find"}, "lr-find", runner, status, [&](const Event& event) {
        if (const auto* p = std::get_if<Progress>(&event); p && p->phase == "lr-find")
          status.doing(fmt::format("  {}: step {} of {}, loss {:.3f}", trial.spec.architecture,
                                   p->step, p->steps, p->loss));
        if (const auto* hello = std::get_if<Hello>(&event)) found.environment = hello->environment;
        if (const auto* rates = std::get_if<results::RateSweep>(&event)) found.sweep = *rates;
      });
  if (!ended) return {};
  return found;
}

}  // namespace archsweep::runner
