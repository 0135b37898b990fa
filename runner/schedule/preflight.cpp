#include "runner/schedule/preflight.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include <fmt/format.h>

#include "runner/schedule/each_job.h"
#include "runner/schedule/slots.h"
#include "runner/support/text.h"

namespace archsweep::runner {
namespace {

namespace fs = std::filesystem;

constexpr double usual_limit = 600;  // seconds of one candidate, where the config names none

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
                                         TrialRunner& runner, Status& status,
                                         std::function<bool()> time_is_up) {
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
  const int threads = threads_of(config.scheduler, devices_of_slots(config.scheduler).size());
  const double time_limit =
      config.scheduler.trial_time_limit > 0 ? config.scheduler.trial_time_limit : usual_limit;
  std::vector<results::Environment> environments(queue.size());
  const EachJob jobs{
      .launch = [&](std::size_t i, const std::string& device) -> Launch {
        const auto& [key, trial] = queue[i];
        return {make_job(config, "preflight", trial->spec, device, threads),
                config.output.folder / "trials" / ("preflight-" + key.substr(0, 16)), time_limit,
                config.scheduler.hang_limit};
      },
      .take =
          [&](std::size_t i, const Event& event) {
            if (const auto* hello = std::get_if<Hello>(&event))
              environments[i] = hello->environment;
            const auto* p = std::get_if<Preflight>(&event);
            if (!p) return false;
            const results::CandidateCost cost{p->train_step_seconds, p->latency,
                                              p->train_memory_bytes, p->checkpoint_bytes};
            // Under the first slot's device, by which it is looked up; further ones are its like.
            environments[i].device = prepared.environment.device;
            store.add_preflight(queue[i].first, environments[i], cost);
            result.costs.emplace(queue[i].first, cost);
            return true;
          },
      .failed =
          [&](std::size_t i, const results::Failure& failure, bool again) {
            status.line(fmt::format("{} {}  {}: preflight: {}", again ? "retry " : "FAILED",
                                    queue[i].second->spec.architecture,
                                    results::name(failure.cause), failure.message));
          },
      .time_is_up = std::move(time_is_up)};
  const auto failures = run_each(config.scheduler, queue.size(), jobs, runner, status);
  if (!failures) return std::nullopt;
  for (const auto& [i, failure] : *failures) {
    auto& told = result.failures[queue[i].first] = failure;
    told.message = "preflight: " + told.message;
  }
  return result;
}

}  // namespace archsweep::runner
