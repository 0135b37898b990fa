#include "runner/schedule/scheduler.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "runner/schedule/conclude.h"
#include "runner/support/error.h"

namespace archsweep::runner {
namespace {

namespace fs = std::filesystem;

int count_gpus() {
  int count = 0;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/dev", error)) {
    const auto name = entry.path().filename().string();
    count +=
        name.starts_with("nvidia") && name.size() > 6 &&
        std::all_of(name.begin() + 6, name.end(), [](unsigned char c) { return std::isdigit(c); });
  }
  return count;
}

int threads_of(const SchedulerConfig& config, std::size_t slots) {
  if (config.threads > 0) return config.threads;
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency() / slots));
}

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error)
    throw Error(fmt::format("{}: cannot be made: {}; give another output.folder", folder.string(),
                            error.message()),
                Exit::environment);
}

results::NewTrial row_of(const PlannedTrial& t) {
  return {.fingerprint = t.fingerprint,
          .architecture = t.spec.architecture,
          .family = t.family,
          .dataset = fs::path(t.spec.dataset.root).filename().string(),
          .learning_rate = t.spec.training.learning_rate,
          .seed = t.spec.training.seed,
          .epochs = t.spec.training.epochs,
          .image_size = t.spec.dataset.image_size,
          .recipe_hash = recipe_hash(t.spec),
          .spec = to_json(t.spec).dump()};
}

struct Running {
  std::size_t slot;
  const PlannedTrial* trial;
  results::TrialId id;
  int attempt;
  std::optional<results::Summary> summary;
  std::optional<results::Failure> failure;
};

}  // namespace

std::vector<std::string> slots(const SchedulerConfig& config) {
  const int gpus = config.device == "cpu" ? 0 : count_gpus();
  if (config.device == "cuda" && gpus == 0)
    throw Error("scheduler.device: cuda, but this machine has no NVIDIA GPU (/dev/nvidia0)",
                Exit::environment);
  const int count = config.slots > 0 ? config.slots : std::max(1, gpus);
  std::vector<std::string> devices;
  for (int i = 0; i < count; ++i)
    devices.push_back(gpus ? fmt::format("cuda:{}", i % gpus) : "cpu");
  return devices;
}

bool prepare_data(const Config& config, std::span<const PlannedTrial> trials, TrialRunner& runner,
                  Status& status) {
  make_folder(config.output.folder / "cache");
  make_folder(config.output.folder / "trials");
  std::set<std::string> seen;
  for (const auto& trial : trials) {
    const auto key = to_json(trial.spec)["dataset"].dump();
    if (!seen.insert(key).second) continue;
    Job job{.kind = "prepare",
            .spec = trial.spec,
            .cache_folder = fs::absolute(config.output.folder / "cache").string()};
    runner.start({job, config.output.folder / "trials" / "prepare"});
    std::optional<results::Failure> failure;
    std::optional<Prepared> prepared;
    bool interrupted = false;
    for (bool ended = false; !ended;) {
      const auto happening = runner.next();
      if (std::holds_alternative<Interrupted>(happening.what))
        interrupted = true, runner.stop(false);
      if (const auto* end = std::get_if<Ended>(&happening.what)) {
        ended = true;
        if (!prepared && !failure) failure = conclude(*end, 0);
      }
      const auto* event = std::get_if<Event>(&happening.what);
      if (!event) continue;
      if (const auto* f = std::get_if<results::Failure>(event)) failure = *f;
      if (const auto* p = std::get_if<Prepared>(event)) prepared = *p;
    }
    if (interrupted) return false;
    if (failure)
      throw Error(
          failure->message + (failure->stderr_tail.empty() ? "" : "\n" + failure->stderr_tail),
          failure->cause == results::Cause::bad_data ? Exit::usage : Exit::environment);
    status.line(fmt::format("data   {}: {} train, {} validation images, {} classes, {} left out",
                            trial.spec.dataset.root, prepared->train_samples,
                            prepared->valid_samples, prepared->classes,
                            prepared->bad_files.size()));
    for (const auto& file : prepared->bad_files) status.line("       left out " + file);
  }
  return true;
}

Outcome run_sweep(const Config& config, std::span<const PlannedTrial> plan, results::Store& store,
                  TrialRunner& runner, bool retry_failed) {
  const auto sweep = store.begin_sweep(config.output.name, config.path.string(), config.source);
  std::vector<results::NewTrial> rows;
  for (const auto& trial : plan) rows.push_back(row_of(trial));
  const auto planned = store.plan(sweep, rows);

  Outcome outcome;
  std::vector<std::pair<results::TrialId, const PlannedTrial*>> queue;
  std::vector<PlannedTrial> to_run;
  double cost = 0;
  for (std::size_t i = 0; i < plan.size(); ++i) {
    using results::TrialState;
    const bool failed = planned[i].state == TrialState::failed;
    if (planned[i].state == TrialState::done) {
      ++outcome.finished_before;
    } else if (failed && !retry_failed) {
      ++outcome.failed;
    } else {
      queue.emplace_back(planned[i].id, &plan[i]);
      to_run.push_back(plan[i]);
      cost += plan[i].cost;
    }
  }
  Status status(stdout, queue.size(), cost);
  if (outcome.finished_before || outcome.failed)
    status.line(fmt::format(
        "{} of {} trials are finished already{}", outcome.finished_before, plan.size(),
        outcome.failed ? fmt::format(", {} failed (--retry-failed runs them again)", outcome.failed)
                       : ""));
  if (queue.empty()) {
    store.end_sweep(sweep, "finished");
    return outcome;
  }
  if (!prepare_data(config, to_run, runner, status)) {
    store.end_sweep(sweep, "interrupted");
    outcome.interrupted = true;
    return outcome;
  }

  const auto devices = slots(config.scheduler);
  const int threads = threads_of(config.scheduler, devices.size());
  std::vector<bool> busy(devices.size(), false);
  std::map<int, Running> running;  // by pid
  std::size_t next = 0;
  const auto start = [&](std::size_t slot) {
    const auto& [id, trial] = queue[next++];
    const auto stem =
        fs::absolute(config.output.folder) / "trials" / trial->fingerprint.substr(0, 16);
    const auto journal = stem.string() + ".jsonl";
    const int attempt = store.start(id, devices[slot], journal);
    std::error_code ignored;
    fs::remove(journal, ignored);  // of an earlier attempt, in the store already
    const int pid =
        runner.start({Job{.kind = "train",
                          .spec = trial->spec,
                          .device = devices[slot],
                          .threads = threads,
                          .cache_folder = fs::absolute(config.output.folder / "cache").string(),
                          .journal = journal},
                      stem, config.scheduler.trial_time_limit});
    store.set_pid(id, attempt, pid);
    running.emplace(pid, Running{slot, trial, id, attempt, {}, {}});
    busy[slot] = true;
    status.started(pid, *trial, devices[slot]);
  };

  while (!running.empty() || (next < queue.size() && !outcome.interrupted)) {
    for (std::size_t slot = 0; slot < busy.size() && next < queue.size() && !outcome.interrupted;
         ++slot)
      if (!busy[slot]) start(slot);
    const auto happening = runner.next();
    if (std::holds_alternative<Interrupted>(happening.what)) {
      if (!outcome.interrupted)
        status.line("stopping: running trials are ended (Ctrl-C again: at once)");
      runner.stop(/*at_once=*/outcome.interrupted);
      outcome.interrupted = true;
    }
    status.tick();
    const auto at = running.find(happening.pid);
    if (at == running.end()) continue;
    auto& r = at->second;
    if (const auto* event = std::get_if<Event>(&happening.what)) {
      if (const auto* hello = std::get_if<Hello>(event))
        store.set_environment(r.id, r.attempt, hello->environment);
      if (const auto* p = std::get_if<Progress>(event)) status.progress(at->first, *p);
      if (const auto* e = std::get_if<results::Epoch>(event)) {
        store.add_epoch(r.id, r.attempt, *e);
        status.epoch(at->first, *e);
      }
      if (const auto* m = std::get_if<results::Measurement>(event))
        store.add_measurement(r.id, r.attempt, *m);
      if (const auto* s = std::get_if<results::Summary>(event)) r.summary = *s;
      if (const auto* f = std::get_if<results::Failure>(event)) r.failure = *f;
    } else if (const auto* ended = std::get_if<Ended>(&happening.what)) {
      busy[r.slot] = false;
      if (r.summary) {
        store.finish(r.id, r.attempt, *r.summary);
        ++outcome.done;
        status.ended(at->first, "done");
      } else if (outcome.interrupted) {
        store.release(r.id, r.attempt,
                      {results::Cause::killed, "the sweep was stopped", ended->tail});
      } else {
        auto failure = r.failure ? *r.failure : conclude(*ended, config.scheduler.trial_time_limit);
        failure.stderr_tail = ended->tail;
        store.fail(r.id, r.attempt, failure);
        ++outcome.failed;
        status.ended(at->first,
                     fmt::format("{}: {}", results::name(failure.cause), failure.message));
      }
      running.erase(at);
    }
  }
  status.finish();
  store.end_sweep(sweep, outcome.interrupted ? "interrupted" : "finished");
  return outcome;
}

}  // namespace archsweep::runner
