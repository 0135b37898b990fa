#include "runner/schedule/preflight.h"

#include <algorithm>
#include <deque>
#include <filesystem>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "runner/schedule/budget.h"
#include "runner/schedule/conclude.h"
#include "runner/schedule/device_health.h"
#include "runner/schedule/slots.h"
#include "runner/support/text.h"

namespace archsweep::runner {
namespace {

namespace fs = std::filesystem;

constexpr double usual_limit = 600;  // seconds of one candidate, where the config names none

struct Tried {
  std::string key;
  const PlannedTrial* trial;
  int retried = 0;
};

struct Trying {
  std::size_t candidate;
  std::string device;
  double since;  // by steady_seconds()
  results::Environment environment;
  std::optional<results::CandidateCost> cost;
  std::optional<results::Failure> failure;
};

}  // namespace

std::string candidate_key(const TrialSpec& spec) {
  auto same = spec;
  same.training.learning_rate = 0;
  same.training.seed = 0;
  same.training.epochs = 0;
  same.measurement = {};
  return fingerprint(same);
}

bool wants_preflight(const SchedulerConfig& config, std::span<const PlannedTrial* const> to_run,
                     bool limited, bool gpu) {
  if (config.preflight != "auto") return config.preflight == "always";
  if (limited || config.early_stopping != "none") return true;
  double cost = 0;  // in multiply-accumulates
  for (const auto* trial : to_run) cost += trial->cost;
  constexpr double long_seconds = 600;
  // Of two cores, and of a GPU that small networks keep waiting.
  return cost / (gpu ? 1e12 : 1e10) > long_seconds;
}

std::optional<PreflightResult> preflight(const Config& config,
                                         std::span<const PlannedTrial* const> to_run,
                                         const PreparedSweep& prepared, results::Store& store,
                                         TrialRunner& runner, Status& status) {
  PreflightResult result;
  std::vector<Tried> candidates;
  std::deque<std::size_t> queue;  // of them
  std::set<std::string> seen;
  for (const auto* trial : to_run) {
    const auto key = candidate_key(trial->spec);
    if (!seen.insert(key).second) continue;
    if (const auto known = store.preflight(key, prepared.environment))
      result.costs.emplace(key, *known);
    else
      queue.push_back(candidates.size()), candidates.push_back({key, trial});
  }
  if (!queue.empty())
    status.line(fmt::format(
        "trying {} candidate{} for a moment{}", queue.size(), queue.size() == 1 ? "" : "s",
        result.costs.empty() ? "" : fmt::format(", {} are known", result.costs.size())));
  const auto all_slots = devices_of_slots(config.scheduler);
  const int threads = threads_of(config.scheduler, all_slots.size());
  const double time_limit =
      config.scheduler.trial_time_limit > 0 ? config.scheduler.trial_time_limit : usual_limit;
  std::deque<std::string> idle(all_slots.begin(), all_slots.end());
  if (!config.scheduler.slurm.is_used) {  // those of its tasks only look the same
    std::ranges::sort(idle);
    idle.erase(std::ranges::unique(idle).begin(), idle.end());
  }
  std::map<int, Trying> trying;  // by pid
  DeviceHealth health(config.scheduler.quarantine_after);
  bool interrupted = false;
  const auto start = [&] {
    const auto& [key, trial, retried] = candidates[queue.front()];
    const Job job{.kind = "preflight",
                  .spec = trial->spec,
                  .device = idle.front(),
                  .threads = threads,
                  .cache_folder = fs::absolute(config.output.folder / "cache").string()};
    const auto files = config.output.folder / "trials" / ("preflight-" + key.substr(0, 16));
    const int pid = runner.start({job, files, time_limit, config.scheduler.hang_limit});
    trying[pid] = {queue.front(), idle.front(), steady_seconds(), {}, {}, {}};
    queue.pop_front(), idle.pop_front();
  };
  // Of one that did not work. What others do not fail on may be the device's fault: it is left out
  // while there are others, and those that failed there are tried again.
  const auto conclude_failure = [&](const Trying& t, const Ended& ended) {
    auto& c = candidates[t.candidate];
    auto failure = t.failure ? *t.failure : conclude(ended);
    failure.message = "preflight: " + failure.message;
    failure.stderr_tail = ended.tail;
    const bool again = may_retry(config.scheduler, failure.cause, c.retried, /*shared=*/false);
    status.line(fmt::format("{} {}  {}: {}", again ? "retry " : "FAILED",
                            c.trial->spec.architecture, results::name(failure.cause),
                            failure.message));
    if (again)
      ++c.retried, queue.push_back(t.candidate);
    else
      result.failures.emplace(c.key, failure);
    health.failed(t.device, t.candidate, failure.cause, steady_seconds() - t.since);
    if (!health.is_suspect(t.device) || (idle.empty() && trying.empty()))
      return idle.push_back(t.device);
    status.line(fmt::format("check  {}: {} candidates failed there in a row; others try them",
                            t.device, health.failures(t.device).size()));
    for (const auto i : health.failures(t.device))
      if (result.failures.erase(candidates[i].key)) queue.push_back(i);
    health.worked(t.device);
  };
  while (true) {
    while (!interrupted && !queue.empty() && !idle.empty()) start();
    if (trying.empty()) break;
    const auto happening = runner.next();
    if (std::holds_alternative<Interrupted>(happening.what)) {
      runner.stop(/*at_once=*/interrupted);
      interrupted = true;
    }
    const auto at = trying.find(happening.pid);
    if (at == trying.end()) continue;
    if (const auto* event = std::get_if<Event>(&happening.what)) {
      auto& t = at->second;
      if (const auto* hello = std::get_if<Hello>(event)) t.environment = hello->environment;
      if (const auto* f = std::get_if<results::Failure>(event)) t.failure = *f;
      if (const auto* p = std::get_if<Preflight>(event))
        t.cost = {p->train_step_seconds, p->latency, p->train_memory_bytes, p->checkpoint_bytes};
    } else if (const auto* ended = std::get_if<Ended>(&happening.what)) {
      auto t = std::move(at->second);
      trying.erase(at);
      if (t.cost) {
        // Under the first slot's device, by which it is looked up; further ones are its like.
        t.environment.device = prepared.environment.device;
        const auto& key = candidates[t.candidate].key;
        store.add_preflight(key, t.environment, *t.cost);
        result.costs.emplace(key, *t.cost);
        health.worked(t.device);
        idle.push_back(t.device);
      } else if (!interrupted) {
        conclude_failure(t, *ended);
      }
    }
  }
  if (interrupted) return std::nullopt;
  // Whether it is the last device's fault, their trials will show; what needs too much memory is
  // usually its own.
  for (const auto& device : idle) {
    if (!health.is_suspect(device)) continue;
    const auto before = result.failures.size();
    for (const auto i : health.failures(device))
      if (const auto f = result.failures.find(candidates[i].key);
          f != result.failures.end() && f->second.cause != results::Cause::out_of_memory)
        result.failures.erase(f);
    if (const auto left = before - result.failures.size())
      status.line(
          fmt::format("check  {}: {} candidates failed there in a row: their trials will "
                      "show whether it is the device",
                      device, left));
  }
  return result;
}

}  // namespace archsweep::runner
