#include "runner/schedule/each_job.h"

#include <map>
#include <utility>

namespace archsweep::runner {

bool run_each(TrialRunner& runner, std::span<const std::string> devices, std::size_t count,
              const EachJob& jobs) {
  struct Running {
    std::size_t job;
    const std::string* device;
    JobEnd end;
  };
  std::map<int, Running> running;  // by pid
  std::size_t next = 0;
  bool interrupted = false;
  const auto start_on = [&](const std::string& device) {
    if (next == count || interrupted) return;
    const int pid = runner.start(jobs.launch(next, device));
    running[pid] = {next++, &device, {}};
  };
  for (const auto& device : devices) start_on(device);
  while (!running.empty()) {
    auto happening = runner.next();
    if (std::holds_alternative<Interrupted>(happening.what)) {
      runner.stop(/*at_once=*/interrupted);
      interrupted = true;
    }
    const auto at = running.find(happening.pid);
    if (at == running.end()) continue;
    auto& r = at->second;
    if (const auto* event = std::get_if<Event>(&happening.what)) {
      if (const auto* f = std::get_if<results::Failure>(event)) r.end.failure = *f;
      jobs.take(r.job, *event);
    } else if (auto* ended = std::get_if<Ended>(&happening.what)) {
      r.end.ended = std::move(*ended);
      r.end.interrupted = interrupted;
      jobs.end(r.job, r.end);
      const auto& device = *r.device;
      running.erase(at);
      start_on(device);
    }
  }
  return !interrupted;
}

JobEnd run_single(TrialRunner& runner, const Launch& launch,
                  const std::function<void(const Event&)>& take) {
  JobEnd result;
  run_each(runner, std::span(&launch.job.device, 1), 1,
           {.launch = [&](std::size_t, const std::string&) { return launch; },
            .take = [&](std::size_t, const Event& event) { take(event); },
            .end = [&](std::size_t, const JobEnd& end) { result = end; }});
  return result;
}

}  // namespace archsweep::runner
