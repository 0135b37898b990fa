#include "runner/schedule/find_rate.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>

#include <fmt/format.h>

#include "results/learning_rate.h"
#include "runner/schedule/each_job.h"
#include "runner/schedule/preflight.h"
#include "runner/schedule/prepare.h"
#include "runner/schedule/slots.h"

namespace archsweep::runner {

bool find_rates(const Config& config, std::span<const PlannedTrial> trials, results::Store& store,
                TrialRunner& runner, Status& status, const RateFinder& finder) {
  std::vector<const PlannedTrial*> all;
  for (const auto& trial : trials) all.push_back(&trial);
  const auto prepared = prepare_data(config, all, runner, status);
  if (!prepared) return false;
  const auto folder = std::filesystem::absolute(config.output.folder);
  const int threads = threads_of(config.scheduler, devices_of_slots(config.scheduler).size());
  std::vector<results::Environment> environments(trials.size());
  const EachJob jobs{
      .launch = [&](std::size_t i, const std::string& device) -> Launch {
        return {make_job(config, "lr_find", trials[i].spec, device, threads),
                folder / "trials" / ("lr-find-" + trials[i].fingerprint.substr(0, 16)),
                config.scheduler.trial_time_limit, config.scheduler.hang_limit};
      },
      .take =
          [&](std::size_t i, const Event& event) {
            if (const auto* p = std::get_if<Progress>(&event); p && p->phase == "lr-find")
              status.doing(fmt::format("  learning rate {} of {}, {}: step {} of {}, loss {:.3f}",
                                       i + 1, trials.size(), trials[i].spec.architecture, p->step,
                                       p->steps, p->loss));
            if (const auto* hello = std::get_if<Hello>(&event))
              environments[i] = hello->environment;
            const auto* sweep = std::get_if<results::RateSweep>(&event);
            if (!sweep || sweep->rates.empty()) return false;
            status.doing("");
            store.add_lr_find(candidate_key(trials[i].spec), environments[i],
                              trials[i].spec.architecture, *sweep);
            finder.found(trials[i], *sweep);
            return true;
          },
      .failed =
          [&](std::size_t i, const results::Failure& failure, bool again) {
            status.doing("");
            finder.failed(trials[i], failure, again);
          }};
  const bool is_stopped = !run_each(config.scheduler, trials.size(), jobs, runner, status);
  status.finish();
  return !is_stopped;
}

bool settle_rates(Config& config, results::Store& store, TrialRunner& runner, Status& status) {
  using Suggested = std::vector<std::pair<std::string, double>>;  // by rule
  std::map<std::string, Suggested> known;                         // by candidate_key
  std::vector<PlannedTrial> unknown;
  for (auto& trial : make_plan(config)) {
    auto& rate = trial.spec.training.learning_rate;
    if (!std::isnan(rate)) continue;
    const auto key = candidate_key(trial.spec);
    if (known.contains(key)) continue;
    known[key] = store.lr_find(key);
    rate = TrainingSpec{}.learning_rate;  // a number; the finder goes through its own
    if (known[key].empty()) unknown.push_back(trial);
  }
  if (known.empty()) return true;
  const RateFinder finder{
      .found =
          [&](const PlannedTrial& trial, const results::RateSweep& sweep) {
            auto& suggested = known[candidate_key(trial.spec)] = results::suggest_rates(sweep);
            std::string text;
            for (const auto& [rule, rate] : suggested)
              text += fmt::format("{}{} {:.2g}", text.empty() ? "" : ", ", rule, rate);
            status.line(fmt::format("rate   {}: {}", trial.spec.architecture,
                                    text.empty() ? "the loss diverged at once" : text));
          },
      .failed =
          [&](const PlannedTrial& trial, const results::Failure& failure, bool again) {
            status.line(fmt::format("{} {}  learning rate: {}: {}", again ? "retry " : "FAILED",
                                    trial.spec.architecture, results::name(failure.cause),
                                    failure.message));
          }};
  if (!unknown.empty() && !find_rates(config, unknown, store, runner, status, finder)) return false;

  for (auto& candidate : config.candidates) {
    auto& rates = candidate.learning_rates;
    const auto key = candidate_key({candidate.name, candidate.dataset, config.augmentation,
                                    candidate.training, config.measurement});
    for (const auto& rule : std::exchange(candidate.rules, {})) {
      const auto& suggested = known.at(key);
      const auto at = std::ranges::find(suggested, rule, &Suggested::value_type::first);
      double rate = at == suggested.end() ? results::not_measured : at->second;
      if (!(rate > 0)) {
        rate = candidate.training.learning_rate;
        status.line(
            fmt::format("rate   {}: {} suggests none: {:g} is taken", candidate.name, rule, rate));
      }
      if (std::ranges::find(rates, rate) == rates.end()) rates.push_back(rate);
    }
  }
  return true;
}

}  // namespace archsweep::runner
