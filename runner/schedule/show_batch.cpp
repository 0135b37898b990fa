#include "runner/schedule/show_batch.h"

#include <filesystem>

#include <fmt/format.h>

#include "runner/schedule/conclude.h"
#include "runner/schedule/each_job.h"
#include "runner/schedule/prepare.h"
#include "runner/schedule/slots.h"
#include "runner/support/error.h"

namespace archsweep::runner {

std::optional<ShownBatch> show_batch(const Config& config, const PlannedTrial& trial,
                                     const BatchView& view, TrialRunner& runner, Status& status) {
  const auto* one = &trial;
  const auto prepared = prepare_data(config, std::span(&one, 1), runner, status);
  if (!prepared) return {};
  auto job = make_job(config, "show_batch", trial.spec, devices_of_slots(config.scheduler)[0],
                      threads_of(config.scheduler, 1));
  job.view = view;
  std::optional<ShownBatch> shown;
  const auto end =
      run_single(runner,
                 {job, std::filesystem::absolute(config.output.folder) / "trials" / "show-batch",
                  config.scheduler.trial_time_limit, config.scheduler.hang_limit},
                 [&](const Event& event) {
                   if (const auto* s = std::get_if<ShownBatch>(&event)) shown = *s;
                 });
  status.finish();
  if (shown || end.interrupted) return shown;
  const auto failure = end.failure.value_or(conclude(end.ended));
  throw Error(fmt::format("show-batch: {}: {}{}", results::name(failure.cause), failure.message,
                          end.ended.tail.empty() ? "" : "\n" + end.ended.tail),
              Exit::environment);
}

}  // namespace archsweep::runner
