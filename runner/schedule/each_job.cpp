#include "runner/schedule/each_job.h"

#include <deque>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "runner/schedule/budget.h"
#include "runner/schedule/conclude.h"
#include "runner/schedule/device_health.h"
#include "runner/schedule/slots.h"

namespace archsweep::runner {
namespace {

struct Running {
  std::size_t job;
  std::string device;
  double since;  // by steady_seconds()
  bool has_result = false;
  std::optional<results::Failure> failure;
};

class EachRun {
 public:
  EachRun(const SchedulerConfig& config, const EachJob& jobs, Status& status, std::size_t count)
      : config_(config),
        jobs_(jobs),
        status_(status),
        retried_(count),
        health_(config.quarantine_after) {
    for (std::size_t i = 0; i < count; ++i) queue_.push_back(i);
    for (auto& device : devices_once(config)) idle_.push_back(std::move(device));
  }

  std::optional<std::map<std::size_t, results::Failure>> run(TrialRunner& runner) {
    bool interrupted = false;
    for (;;) {
      while (!interrupted && !queue_.empty() && !idle_.empty() && !jobs_.time_is_up())
        start(runner);
      if (running_.empty()) break;
      const auto happening = runner.next();
      if (std::holds_alternative<Interrupted>(happening.what)) {
        runner.stop(/*at_once=*/interrupted);
        interrupted = true;
      }
      const auto at = running_.find(happening.pid);
      if (at == running_.end()) continue;
      if (const auto* event = std::get_if<Event>(&happening.what)) {
        if (const auto* f = std::get_if<results::Failure>(event)) at->second.failure = *f;
        if (jobs_.take(at->second.job, *event)) at->second.has_result = true;
      } else if (const auto* ended = std::get_if<Ended>(&happening.what)) {
        const auto r = std::move(at->second);
        running_.erase(at);
        if (r.has_result)
          health_.worked(r.device), idle_.push_back(r.device);
        else if (!interrupted)
          conclude_failure(r, *ended);
      }
    }
    if (interrupted) return std::nullopt;
    for (const auto& device : idle_) leave_to_the_trials(device);
    return std::move(failures_);
  }

 private:
  void start(TrialRunner& runner) {
    const int pid = runner.start(jobs_.launch(queue_.front(), idle_.front()));
    running_[pid] = {queue_.front(), idle_.front(), steady_seconds(), false, {}};
    queue_.pop_front(), idle_.pop_front();
  }

  void conclude_failure(const Running& r, const Ended& ended) {
    auto failure = r.failure ? *r.failure : conclude(ended);
    failure.stderr_tail = ended.tail;
    const bool again = may_retry(config_, failure.cause, retried_[r.job], /*shared=*/false);
    jobs_.failed(r.job, failure, again);
    if (again)
      ++retried_[r.job], queue_.push_back(r.job);
    else
      failures_.emplace(r.job, failure);
    health_.failed(r.device, r.job, failure.cause, steady_seconds() - r.since);
    const bool is_last = idle_.empty() && running_.empty();
    if (!health_.is_suspect(r.device) || is_last) return idle_.push_back(r.device);
    status_.line(fmt::format("check  {}: {} failed there in a row; others try them", r.device,
                             health_.failures(r.device).size()));
    for (const auto job : health_.failures(r.device))
      if (failures_.erase(job)) queue_.push_back(job);
    health_.worked(r.device);
  }

  // Whether it is the device's fault, the trials will show; what needs too much memory is usually
  // its own.
  void leave_to_the_trials(const std::string& device) {
    if (!health_.is_suspect(device)) return;
    const auto before = failures_.size();
    for (const auto job : health_.failures(device))
      if (const auto f = failures_.find(job);
          f != failures_.end() && f->second.cause != results::Cause::out_of_memory)
        failures_.erase(f);
    if (const auto left = before - failures_.size())
      status_.line(
          fmt::format("check  {}: {} failed there in a row: trials will show whether it "
                      "is the device",
                      device, left));
  }

  const SchedulerConfig& config_;
  const EachJob& jobs_;
  Status& status_;
  std::deque<std::size_t> queue_;   // jobs
  std::deque<std::string> idle_;    // devices
  std::map<int, Running> running_;  // by pid
  std::vector<int> retried_;        // by job
  std::map<std::size_t, results::Failure> failures_;
  DeviceHealth health_;
};

}  // namespace

std::optional<std::map<std::size_t, results::Failure>> run_each(const SchedulerConfig& config,
                                                                std::size_t count,
                                                                const EachJob& jobs,
                                                                TrialRunner& runner,
                                                                Status& status) {
  return EachRun(config, jobs, status, count).run(runner);
}

}  // namespace archsweep::runner
