#include "runner/schedule/single_job.h"

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

}  // namespace archsweep::runner
