#include "runner/schedule/find_rate.h"

#include <filesystem>

#include <fmt/format.h>

#include "runner/schedule/conclude.h"
#include "runner/schedule/prepare.h"
#include "runner/schedule/slots.h"
#include "runner/support/error.h"

namespace archsweep::runner {

std::optional<FoundRates> find_rates(const Config& config, const PlannedTrial& trial,
                                     TrialRunner& runner, Status& status) {
  const auto* one = &trial;
  if (!prepare_data(config, std::span(&one, 1), runner, status)) return {};
  const auto folder = std::filesystem::absolute(config.output.folder);
  const Job job{.kind = "lr_find",
                .spec = trial.spec,
                .device = devices_of_slots(config.scheduler)[0],
                .threads = threads_of(config.scheduler, 1),
                .cache_folder = (folder / "cache").string()};
  const int pid = runner.start({job, folder / "trials" / "lr-find",
                                config.scheduler.trial_time_limit, config.scheduler.hang_limit});
  status.started(pid, trial, job.device, 0);
  FoundRates found;
  std::optional<results::Failure> failure;
  bool interrupted = false;
  for (;;) {
    const auto happening = runner.next();
    if (std::holds_alternative<Interrupted>(happening.what)) {
      runner.stop(/*at_once=*/interrupted);
      interrupted = true;
    }
    status.tick();
    if (const auto* event = std::get_if<Event>(&happening.what)) {
      if (const auto* hello = std::get_if<Hello>(event)) found.environment = hello->environment;
      if (const auto* p = std::get_if<Progress>(event)) status.progress(pid, *p);
      if (const auto* rates = std::get_if<results::RateSweep>(event)) found.sweep = *rates;
      if (const auto* f = std::get_if<results::Failure>(event)) failure = *f;
    }
    const auto* ended = std::get_if<Ended>(&happening.what);
    if (!ended) continue;
    status.finish();
    if (interrupted) return {};
    if (!failure && !found.sweep.rates.empty()) return found;
    if (!failure) failure = conclude(*ended);
    throw Error(fmt::format("{}: {}: {}{}", trial.spec.architecture, results::name(failure->cause),
                            failure->message, ended->tail.empty() ? "" : "\n" + ended->tail),
                Exit::environment);
  }
}

}  // namespace archsweep::runner
