#include "runner/schedule/preflight.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include <fmt/format.h>

#include "runner/schedule/conclude.h"
#include "runner/schedule/slots.h"
#include "runner/support/text.h"

namespace archsweep::runner {
namespace {

namespace fs = std::filesystem;

constexpr double usual_limit = 600;  // seconds of one candidate, where the config names none

struct Trying {
  std::string key;
  const PlannedTrial* trial;
  std::string device;
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
  std::vector<std::pair<std::string, const PlannedTrial*>> queue;
  std::set<std::string> seen;
  for (const auto* trial : to_run) {
    const auto key = candidate_key(trial->spec);
    if (!seen.insert(key).second) continue;
    if (const auto known = store.preflight(key, prepared.environment))
      result.costs.emplace(key, *known);
    else
      queue.emplace_back(key, trial);
  }
  if (!queue.empty())
    status.line(fmt::format(
        "trying {} candidate{} for a moment{}", queue.size(), queue.size() == 1 ? "" : "s",
        result.costs.empty() ? "" : fmt::format(", {} are known", result.costs.size())));
  const auto all_slots = devices_of_slots(config.scheduler);
  const int threads = threads_of(config.scheduler, all_slots.size());
  const double time_limit =
      config.scheduler.trial_time_limit > 0 ? config.scheduler.trial_time_limit : usual_limit;
  auto devices = all_slots;  // those of tasks of Slurm only look the same
  if (!config.scheduler.slurm.is_used) {
    std::ranges::sort(devices);
    devices.erase(std::ranges::unique(devices).begin(), devices.end());
  }
  std::map<int, Trying> trying;  // by pid
  std::size_t next = 0;
  bool interrupted = false;
  const auto start_on = [&](const std::string& device) {
    const auto& [key, trial] = queue[next++];
    const auto job = make_job(config, "preflight", trial->spec, device, threads);
    const auto files = config.output.folder / "trials" / ("preflight-" + key.substr(0, 16));
    const int pid = runner.start({job, files, time_limit, config.scheduler.hang_limit});
    trying[pid] = {key, trial, device, {}, {}, {}};
  };
  for (const auto& device : devices)
    if (next < queue.size()) start_on(device);
  while (!trying.empty()) {
    const auto happening = runner.next();
    if (std::holds_alternative<Interrupted>(happening.what)) {
      runner.stop(/*at_once=*/interrupted);
      interrupted = true;
    }
    const auto at = trying.find(happening.pid);
    if (at == trying.end()) continue;
    auto& t = at->second;
    if (const auto* event = std::get_if<Event>(&happening.what)) {
      if (const auto* hello = std::get_if<Hello>(event)) t.environment = hello->environment;
      if (const auto* f = std::get_if<results::Failure>(event)) t.failure = *f;
      if (const auto* p = std::get_if<Preflight>(event))
        t.cost = {p->train_step_seconds, p->latency, p->train_memory_bytes, p->checkpoint_bytes};
    } else if (const auto* ended = std::get_if<Ended>(&happening.what)) {
      if (t.cost) {
        // Under the first slot's device, by which it is looked up; further ones are its like.
        t.environment.device = prepared.environment.device;
        store.add_preflight(t.key, t.environment, *t.cost);
        result.costs.emplace(t.key, *t.cost);
      } else if (!interrupted) {
        auto failure = t.failure ? *t.failure : conclude(*ended);
        failure.message = "preflight: " + failure.message;
        failure.stderr_tail = ended->tail;
        status.line(fmt::format("FAILED {}  {}: {}", t.trial->spec.architecture,
                                results::name(failure.cause), failure.message));
        result.failures.emplace(t.key, failure);
      }
      const auto device = t.device;
      trying.erase(at);
      if (next < queue.size() && !interrupted) start_on(device);
    }
  }
  if (interrupted) return std::nullopt;
  return result;
}

}  // namespace archsweep::runner
