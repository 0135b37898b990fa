#include "runner/schedule/prepare.h"

#include <filesystem>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "runner/schedule/each_job.h"
#include "runner/schedule/slots.h"
#include "runner/support/error.h"
#include "runner/trial/data/cache_files.h"

namespace archsweep::runner {

namespace fs = std::filesystem;

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error)
    throw Error(fmt::format("{}: cannot be made: {}; give another output.folder", folder.string(),
                            error.message()),
                Exit::environment);
}

namespace {

const std::string& place_of(const DatasetSpec& dataset) {
  return dataset.root.empty() ? dataset.expression : dataset.root;
}

// That the target is a number is known only now. Throws Error where it takes classes.
void check_number_target(const TrialSpec& spec, const std::string& early_stopping) {
  const auto refuse = [&](const std::string& why) {
    throw Error(fmt::format("{}: its target is a number, and {}", place_of(spec.dataset), why));
  };
  if (early_stopping != "none")
    refuse(fmt::format("scheduler.early_stopping: {} goes by the accuracy; leave it none",
                       early_stopping));
  if (spec.training.loss == "cross_entropy")
    refuse("training.loss: cross_entropy is for classes; say mse, or leave it out");
  if (spec.training.label_smoothing > 0)
    refuse("training.label_smoothing is for classes; leave it out");
}

}  // namespace

std::string dataset_key(const TrialSpec& spec) {
  return to_json(spec)["dataset"].dump();
}

Job make_job(const Config& config, std::string kind, const TrialSpec& spec, std::string device,
             int threads) {
  return {.kind = std::move(kind),
          .spec = spec,
          .device = std::move(device),
          .threads = threads,
          .cache_folder = fs::absolute(config.output.folder / "cache").string(),
          .cache_gib = config.output.cache_gib,
          .choices = fs::absolute(config.output.folder / "precision").string()};
}

std::optional<PreparedSweep> prepare_data(const Config& config,
                                          std::span<const PlannedTrial* const> trials,
                                          TrialRunner& runner, Status& status,
                                          std::size_t most_named) {
  for (const auto* name : {"cache", "trials", "checkpoints"})
    make_folder(config.output.folder / name);
  const int threads = threads_of(config.scheduler, devices_of_slots(config.scheduler).size());
  PreparedSweep result;
  for (const auto* trial : trials) {
    const auto key = dataset_key(trial->spec);
    if (result.by_dataset.contains(key)) continue;
    std::optional<Prepared> prepared;
    std::optional<results::Failure> failure;
    const EachJob jobs{
        .launch = [&](std::size_t, const std::string& device) -> Launch {
          return {make_job(config, "prepare", trial->spec, device, threads),
                  config.output.folder / "trials" / "prepare", 0, config.scheduler.hang_limit};
        },
        .take =
            [&](std::size_t, const Event& event) {
              if (const auto* p = std::get_if<Progress>(&event); p && p->steps > 0)
                status.doing(fmt::format("  {}: {} of {} images ({:.0f} %)",
                                         trial->spec.dataset.root, p->step, p->steps,
                                         100.0 * p->step / p->steps));
              if (const auto* hello = std::get_if<Hello>(&event))
                result.environment = hello->environment;
              if (const auto* p = std::get_if<Prepared>(&event)) prepared = *p;
              return prepared.has_value();
            },
        .failed =
            [&](std::size_t, const results::Failure& why, bool again) {
              failure = why;
              if (again)
                status.line(fmt::format("retry  {}: {}: {}", trial->spec.dataset.root,
                                        results::name(why.cause), why.message));
            }};
    const bool is_stopped = !run_each(config.scheduler, 1, jobs, runner, status);
    status.doing("");
    if (is_stopped) return std::nullopt;
    if (!prepared)
      throw Error(
          failure->message + (failure->stderr_tail.empty() ? "" : "\n" + failure->stderr_tail),
          failure->cause == results::Cause::bad_data ? Exit::usage : Exit::environment);
    if (auto cache = use_cache(prepared->cache_file)) result.caches.push_back(std::move(*cache));
    const auto& dataset = trial->spec.dataset;
    const auto* samples = dataset.kind == "table"      ? "rows"
                          : dataset.kind == "function" ? "points"
                                                       : "images";
    status.line(
        fmt::format("data   {}: {} train{}, {} validation {}, {}, {} left out", place_of(dataset),
                    prepared->train_samples, prepared->is_weighted ? " (weighted)" : "",
                    prepared->valid_samples, samples,
                    prepared->classes ? fmt::format("{} classes", prepared->classes) : "numbers",
                    prepared->bad_files.size()));
    const auto list = [&](const char* what, const std::vector<std::string>& files) {
      for (std::size_t i = 0; i < files.size() && i < most_named; ++i)
        status.line(fmt::format("       {} {}", what, files[i]));
      if (files.size() > most_named)
        status.line(fmt::format("       {} {} more; all: archsweep check --data", what,
                                files.size() - most_named));
    };
    list("left out", prepared->bad_files);
    list("trained on and validated with:", prepared->duplicates);
    result.by_dataset.emplace(key, *prepared);
  }
  for (const auto* trial : trials)
    if (result.by_dataset.at(dataset_key(trial->spec)).classes == 0)
      check_number_target(trial->spec, config.scheduler.early_stopping);
  return result;
}

}  // namespace archsweep::runner
