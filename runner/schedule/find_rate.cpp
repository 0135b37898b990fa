#include "runner/schedule/find_rate.h"

#include <filesystem>

#include <fmt/format.h>

#include "runner/schedule/conclude.h"
#include "runner/schedule/prepare.h"
#include "runner/schedule/single_job.h"
#include "runner/schedule/slots.h"
#include "runner/support/error.h"

namespace archsweep::runner {

std::optional<FoundRates> find_rates(const Config& config, const PlannedTrial& trial,
                                     TrialRunner& runner, Status& status) {
  const auto* one = &trial;
  const auto prepared = prepare_data(config, std::span(&one, 1), runner, status);
  if (!prepared) return {};
  const auto folder = std::filesystem::absolute(config.output.folder);
  const auto job = make_job(config, "lr_find", trial.spec, devices_of_slots(config.scheduler)[0],
                            threads_of(config.scheduler, 1));
  FoundRates found;
  const auto end =
      run_single(runner,
                 {job, folder / "trials" / "lr-find", config.scheduler.trial_time_limit,
                  config.scheduler.hang_limit},
                 [&](const Event& event) {
                   if (const auto* p = std::get_if<Progress>(&event); p && p->phase == "lr-find")
                     status.doing(fmt::format("  {}: step {} of {}, loss {:.3f}",
                                              trial.spec.architecture, p->step, p->steps, p->loss));
                   if (const auto* hello = std::get_if<Hello>(&event))
                     found.environment = hello->environment;
                   if (const auto* rates = std::get_if<results::RateSweep>(&event))
                     found.sweep = *rates;
                 });
  status.finish();
  if (end.interrupted) return {};
  if (!end.failure && !found.sweep.rates.empty()) return found;
  const auto failure = end.failure.value_or(conclude(end.ended));
  throw Error(fmt::format("{}: {}: {}{}", trial.spec.architecture, results::name(failure.cause),
                          failure.message, end.ended.tail.empty() ? "" : "\n" + end.ended.tail),
              Exit::environment);
}

}  // namespace archsweep::runner
