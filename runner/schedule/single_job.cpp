#include "runner/schedule/single_job.h"

#include <filesystem>

#include <fmt/format.h>

#include "runner/schedule/conclude.h"
#include "runner/schedule/prepare.h"
#include "runner/schedule/slots.h"
#include "runner/support/error.h"

namespace archsweep::runner {

JobEnd run_single(TrialRunner& runner, const Launch& launch,
                  const std::function<void(const Event&)>& take,
                  const std::function<void()>& tick) {
  JobEnd end;
  runner.start(launch);
  for (;;) {
    auto happening = runner.next();
    if (std::holds_alternative<Interrupted>(happening.what)) {
      runner.stop(/*at_once=*/end.interrupted);
      end.interrupted = true;
    }
    tick();
    if (const auto* event = std::get_if<Event>(&happening.what)) {
      if (const auto* f = std::get_if<results::Failure>(event)) end.failure = *f;
      take(*event);
    }
    if (auto* ended = std::get_if<Ended>(&happening.what)) {
      end.ended = std::move(*ended);
      return end;
    }
  }
}

bool run_alone(const Config& config, const PlannedTrial& trial, Job job, const std::string& name,
               TrialRunner& runner, Status& status, const std::function<void(const Event&)>& take) {
  const auto* one = &trial;
  if (!prepare_data(config, std::span(&one, 1), runner, status)) return false;
  const auto folder = std::filesystem::absolute(config.output.folder);
  job.spec = trial.spec;
  job.device = devices_of_slots(config.scheduler)[0];
  job.threads = threads_of(config.scheduler, 1);
  job.cache_folder = (folder / "cache").string();
  bool has_result = false;
  const auto end = run_single(runner,
                              {job, folder / "trials" / name, config.scheduler.trial_time_limit,
                               config.scheduler.hang_limit},
                              [&](const Event& event) {
                                has_result |= !std::holds_alternative<Hello>(event) &&
                                              !std::holds_alternative<Progress>(event);
                                take(event);
                              });
  status.finish();
  if (end.interrupted) return false;
  if (!end.failure && has_result) return true;
  const auto failure = end.failure.value_or(conclude(end.ended));
  throw Error(fmt::format("{}: {}: {}{}", trial.spec.architecture, results::name(failure.cause),
                          failure.message, end.ended.tail.empty() ? "" : "\n" + end.ended.tail),
              Exit::environment);
}

}  // namespace archsweep::runner
