#include "runner/schedule/scheduler.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "runner/schedule/bench.h"
#include "runner/schedule/budget.h"
#include "runner/schedule/conclude.h"
#include "runner/schedule/device_health.h"
#include "runner/schedule/halving.h"
#include "runner/schedule/ingest.h"
#include "runner/schedule/plan_report.h"
#include "runner/schedule/preflight.h"
#include "runner/schedule/prepare.h"
#include "runner/schedule/slots.h"
#include "runner/schedule/standings.h"
#include "runner/schedule/status.h"
#include "runner/support/text.h"

namespace archsweep::runner {
namespace {

namespace fs = std::filesystem;
using results::TrialState;

HalvingRules rules_of(const SchedulerConfig& config) {
  const auto stopping = config.early_stopping == "frontier"  ? Stopping::frontier
                        : config.early_stopping == "halving" ? Stopping::halving
                                                             : Stopping::none;
  return {stopping, config.eta, config.margin};
}

struct Running {
  std::size_t slot;
  std::size_t entry;
  int attempt;
  std::optional<results::Summary> summary;
  std::optional<results::Failure> failure;
  std::optional<Paused> paused;
  int epochs_kept;  // when it started
  double since;     // by steady_seconds()
  bool shared;      // another was on its device
};

// The known model on a device that is suspect.
struct Check {
  std::string device;
  bool works = false;
  std::optional<results::Failure> failure;
};

class Sweep {
 public:
  Sweep(const Config& config, std::span<const PlannedTrial> plan, results::Store& store,
        TrialRunner& runner, const RunOptions& options)
      : config_(config),
        store_(store),
        runner_(runner),
        options_(options),
        budget_(options.seconds, options.clock),
        limited_(std::isfinite(options.seconds)),
        slots_(config.scheduler),
        rules_(rules_of(config.scheduler)),
        health_(config.scheduler.quarantine_after),
        standings_(config.output, plan) {}

  Outcome run() {
    if (!options_.dry_run)
      sweep_ = store_.begin_sweep(config_.output.name, config_.path.string(), config_.source);
    read();
    const bool is_ready = standings_.waiting().empty() || prepare();
    standings_.go_by(rules_);
    if (!is_ready)
      outcome_.interrupted = true;
    else if (options_.dry_run)
      print_plan(standings_, {slots_.size(), budget_.left(), rules_.stopping != Stopping::none});
    else
      loop();
    if (sweep_) end();
    return outcome_;
  }

 private:
  void read();
  bool prepare();
  void fail_those_that_cannot_work(const PreflightResult& tried);
  void loop();
  std::optional<Step> next_step();
  void start(std::size_t slot, Step step);
  void take(Running& r, int pid, const Event& event);
  void conclude_trial(Running& r, int pid, const Ended& ended);
  bool disk_is_full() const;
  void fail_or_retry(const Running& r, int pid, const results::Failure& failure);
  void check_suspects();
  void conclude_check(const Check& check, const Ended& ended);
  void stop(bool at_once);
  void expect();
  void tell_store();
  void end();

  const Config& config_;
  results::Store& store_;
  TrialRunner& runner_;
  const RunOptions& options_;
  const Budget budget_;
  const bool limited_;
  Slots slots_;
  HalvingRules rules_;
  DeviceHealth health_;
  Status status_{stdout};
  Standings standings_;
  std::optional<results::SweepId> sweep_;  // none: a dry run
  std::map<int, Running> running_;         // by pid
  std::map<int, Check> checks_;            // likewise
  double tell_at_ = 0;                     // by options_.clock
  bool stopping_ = false;                  // no time, or the user's wish
  Outcome outcome_;
};

void Sweep::read() {
  const auto counts = standings_.read(store_, sweep_, options_.retry_failed);
  if (counts.adopted)
    status_.line(
        fmt::format("{} trials were in the journals of {} only: they are in the database "
                    "again (without that folder they would run anew)",
                    counts.adopted, config_.output.folder.string()));
  outcome_.finished_before = counts.done;
  outcome_.failed = counts.failed;
  if (counts.done || counts.failed)
    status_.line(fmt::format(
        "{} of {} trials are finished already{}", counts.done, standings_.size(),
        counts.failed ? fmt::format(", {} failed (--retry-failed runs them again)", counts.failed)
                      : ""));
}

bool Sweep::prepare() {
  std::vector<const PlannedTrial*> trials;
  for (const auto i : standings_.waiting()) trials.push_back(&standings_[i].trial);
  const auto prepared = prepare_data(config_, trials, runner_, status_);
  if (!prepared) return false;
  PreflightResult tried;
  const bool gpu = slots_.device(0) != "cpu";
  const bool asked = options_.dry_run && config_.scheduler.preflight != "never";
  if (asked || wants_preflight(config_.scheduler, trials, limited_, gpu)) {
    auto result = preflight(config_, trials, *prepared, store_, runner_, status_);
    if (!result) return false;
    tried = std::move(*result);
  }
  fail_those_that_cannot_work(tried);
  standings_.forecast_all(store_, *prepared, tried);
  return true;
}

void Sweep::fail_those_that_cannot_work(const PreflightResult& tried) {
  for (const auto i : standings_.waiting()) {
    const auto& e = standings_[i];
    const auto failure = tried.failures.find(candidate_key(e.trial.spec));
    if (failure == tried.failures.end()) continue;
    if (!options_.dry_run)
      store_.fail(e.id, store_.start(e.id, slots_.device(0), ""), failure->second);
    standings_.change(i).state = TrialState::failed;
    ++outcome_.failed;
  }
}

void Sweep::loop() {
  expect();
  if (limited_ && rules_.stopping == Stopping::none) {
    // Where there is time for everything, trials need no pauses.
    const double seconds = standings_.seconds_left() / static_cast<double>(slots_.size());
    if (!(seconds < 0.9 * budget_.left())) {
      rules_.stopping = Stopping::pauses;
      standings_.go_by(rules_);
    }
  }
  for (;;) {
    if (!stopping_) check_suspects();
    while (!stopping_) {
      const auto slot = slots_.free();
      const auto step = slot ? next_step() : std::nullopt;
      if (!step) break;
      start(*slot, *step);
    }
    if (running_.empty() && checks_.empty()) return;
    tell_store();
    const auto happening = runner_.next();
    if (std::holds_alternative<Interrupted>(happening.what)) {
      if (!outcome_.interrupted)
        status_.line("stopping: running trials are ended (Ctrl-C again: at once)");
      stop(/*at_once=*/outcome_.interrupted);
      outcome_.interrupted = true;
    } else if (limited_ && !stopping_ && budget_.left() <= 0) {
      status_.line("the time is up: running trials are paused after their last whole epoch");
      stop(/*at_once=*/false);
    }
    status_.tick();
    if (const auto check = checks_.find(happening.pid); check != checks_.end()) {
      const auto* event = std::get_if<Event>(&happening.what);
      if (event && std::holds_alternative<results::Summary>(*event)) check->second.works = true;
      if (const auto* f = event ? std::get_if<results::Failure>(event) : nullptr)
        check->second.failure = *f;
      if (const auto* ended = std::get_if<Ended>(&happening.what)) {
        conclude_check(check->second, *ended);
        checks_.erase(check);
      }
      continue;
    }
    const auto at = running_.find(happening.pid);
    if (at == running_.end()) continue;
    if (const auto* submitted = std::get_if<Submitted>(&happening.what))
      store_.set_slurm_task(standings_[at->second.entry].id, at->second.attempt, submitted->task);
    if (const auto* event = std::get_if<Event>(&happening.what)) {
      take(at->second, at->first, *event);
    } else if (const auto* ended = std::get_if<Ended>(&happening.what)) {
      slots_.give_back(at->second.slot);
      conclude_trial(at->second, at->first, *ended);
      running_.erase(at);
    }
  }
}

// The most wanted that there is time for, cut to the epochs that there is time for.
std::optional<Step> Sweep::next_step() {
  for (auto step : standings_.next_steps()) {
    if (!limited_) return step;
    const auto& e = standings_[step.trial];
    const int all = standings_.contender(step.trial).epochs;
    const int kept = standings_.epochs_kept(step.trial);
    const double left = budget_.left();
    if (left <= 0) return {};
    while (step.until_epoch > kept && e.forecast.seconds(kept, step.until_epoch, all) > left)
      --step.until_epoch;  // not known: tried
    if (step.until_epoch > kept || kept >= all) return step;
  }
  return {};
}

void Sweep::start(std::size_t slot, Step step) {
  const auto& e = standings_[step.trial];
  const auto& c = standings_.contender(step.trial);
  const auto stem = files_of(config_.output.folder, e.trial.fingerprint);
  const auto journal = stem.string() + ".jsonl";
  const int attempt = store_.start(e.id, slots_.device(slot), journal);
  std::error_code ignored;
  fs::remove(journal, ignored);  // of an earlier attempt, in the store already
  const bool room = c.epochs == 1 || standings_.make_room(step.trial);
  if (!room)
    status_.line(fmt::format("{}: no room for its checkpoint ({} of {} used): it runs to its end",
                             e.trial.spec.architecture,
                             human_bytes(standings_.checkpoints().used()),
                             human_bytes(standings_.checkpoints().limit())));
  const bool saves = c.epochs > 1 && room;
  const bool pauses = saves && step.until_epoch < c.epochs;
  const Job job{
      .kind = "train",
      .spec = e.trial.spec,
      .device = slots_.device(slot),
      .threads = slots_.threads(),
      .cache_folder = fs::absolute(config_.output.folder / "cache").string(),
      .journal = journal,
      .checkpoint = saves ? standings_.checkpoints().path(e.trial.fingerprint).string() : "",
      .until_epoch = pauses ? step.until_epoch : 0};
  const int kept = standings_.epochs_kept(step.trial);
  const int pid =
      runner_.start({job, stem, config_.scheduler.trial_time_limit, config_.scheduler.hang_limit,
                     e.forecast.seconds(kept, pauses ? step.until_epoch : c.epochs, c.epochs),
                     e.forecast.train_memory_bytes});
  store_.set_pid(e.id, attempt, pid);
  bool shared = false;
  for (auto& [other, r] : running_)
    if (slots_.device(r.slot) == slots_.device(slot)) shared = r.shared = true;
  running_.emplace(pid,
                   Running{slot, step.trial, attempt, {}, {}, {}, kept, steady_seconds(), shared});
  slots_.take(slot);
  standings_.change(step.trial).state = TrialState::running;
  status_.started(pid, e.trial, slots_.device(slot), kept);
}

void Sweep::take(Running& r, int pid, const Event& event) {
  record(store_, standings_[r.entry].id, r.attempt, event);
  if (const auto* p = std::get_if<Progress>(&event)) status_.progress(pid, *p);
  if (const auto* e = std::get_if<results::Epoch>(&event)) {
    health_.worked(slots_.device(r.slot));
    if (e->number > r.epochs_kept) status_.epoch(pid, *e);  // the others are told again
    auto& top1 = standings_.change(r.entry).top1;
    const auto at = static_cast<std::size_t>(std::max(1, e->number)) - 1;
    if (at >= top1.size()) top1.resize(at + 1);
    top1[at] = std::isnan(e->valid_top1) ? 0 : e->valid_top1;
  }
  if (const auto* s = std::get_if<results::Summary>(&event)) r.summary = *s;
  if (const auto* f = std::get_if<results::Failure>(&event)) r.failure = *f;
  if (const auto* p = std::get_if<Paused>(&event)) r.paused = *p;
}

void Sweep::conclude_trial(Running& r, int pid, const Ended& ended) {
  const auto& e = standings_[r.entry];
  auto& c = standings_.change(r.entry);
  const auto done = static_cast<int>(c.top1.size());
  if (r.summary) {
    store_.finish(e.id, r.attempt, *r.summary);
    c.state = TrialState::done;
    if (!config_.output.keep_checkpoints) standings_.remove_checkpoint(r.entry);
    ++outcome_.done;
    status_.ended(pid, "done");
  } else if (r.paused && r.paused->epoch > r.epochs_kept) {
    store_.pause(e.id, r.attempt, fmt::format("at epoch {} of {}", done, c.epochs));
    c.state = TrialState::paused;
    status_.paused(pid, done);
  } else if (stopping_ && !outcome_.interrupted && done > 0 && standings_.has_checkpoint(r.entry)) {
    store_.pause(e.id, r.attempt, fmt::format("the time was up at epoch {} of {}", done, c.epochs));
    c.state = TrialState::paused;
    status_.paused(pid, done);
  } else if (stopping_) {
    store_.release(e.id, r.attempt, {results::Cause::killed, "the sweep was stopped", ended.tail});
    c.state = TrialState::planned;
  } else {
    auto failure = r.failure ? *r.failure : conclude(ended);
    failure.stderr_tail = ended.tail;
    fail_or_retry(r, pid, failure);
  }
  if (rules_.stopping != Stopping::none) expect();
}

// Workers that cannot write their journals fail, and it is not their fault.
bool Sweep::disk_is_full() const {
  std::error_code error;
  const auto space = fs::space(config_.output.folder, error);
  return !error && space.available < 256 * 1024;
}

void Sweep::fail_or_retry(const Running& r, int pid, const results::Failure& failure) {
  const auto& e = standings_[r.entry];
  auto& c = standings_.change(r.entry);
  const auto why = fmt::format("{}: {}", results::name(failure.cause), failure.message);
  if (disk_is_full()) {
    outcome_.obstacle =
        fmt::format("{}: the disk is full ({})", config_.output.folder.string(), why);
    store_.release(e.id, r.attempt, failure);
    c.state = TrialState::planned;
    status_.retried(pid, "the disk is full");
    return stop(/*at_once=*/false);
  }
  const int retried = store_.retried(e.id, failure.cause);
  if (static_cast<int>(c.top1.size()) <= r.epochs_kept)
    health_.failed(slots_.device(r.slot), r.entry, failure.cause, steady_seconds() - r.since);
  if (may_retry(config_.scheduler, failure.cause, retried, r.shared)) {
    store_.retry(e.id, r.attempt, failure);
    c.state = TrialState::planned;
    return status_.retried(pid, fmt::format("{} (retry {})", why, retried + 1));
  }
  store_.fail(e.id, r.attempt, failure);
  c.state = TrialState::failed;
  // Going on from what led to it would lead to it again.
  if (failure.cause == results::Cause::diverged) standings_.remove_checkpoint(r.entry);
  ++outcome_.failed;
  status_.ended(pid, why);
}

// A suspect device gets no new trial, and when it is idle the known model.
void Sweep::check_suspects() {
  for (std::size_t slot = 0; slot < slots_.size(); ++slot) {
    const auto& device = slots_.device(slot);
    if (!health_.is_suspect(device)) continue;
    slots_.close(device);
    const bool is_tried = std::ranges::any_of(
        checks_, [&](const auto& check) { return check.second.device == device; });
    if (is_tried || !slots_.is_idle(device)) continue;
    status_.line(fmt::format("check  {}: {} trials failed there in a row; trying a known model",
                             device, health_.failures(device).size()));
    const Job job{.kind = "bench",
                  .spec = canary_spec({.seconds = 0.2, .warmup_seconds = 0.1}, device),
                  .device = device,
                  .threads = slots_.threads()};
    constexpr double time_limit = 300;
    const auto files = fs::absolute(config_.output.folder) / "trials" / ("check-" + device);
    checks_.emplace(runner_.start({job, files, time_limit, config_.scheduler.hang_limit}),
                    Check{device, false, {}});
  }
}

void Sweep::conclude_check(const Check& check, const Ended& ended) {
  if (stopping_) return;
  if (check.works) {
    status_.line(fmt::format("check  {}: works; it is the trials", check.device));
    health_.worked(check.device);
    return slots_.open(check.device);
  }
  const auto failure = check.failure ? *check.failure : conclude(ended);
  const auto why = fmt::format("{} trials and a known model failed on {}: {}: {}",
                               health_.failures(check.device).size(), check.device,
                               results::name(failure.cause), failure.message);
  status_.line(fmt::format("check  {}; it is used no more, and these trials wait", why));
  store_.quarantine(*sweep_, check.device, why);
  for (const auto i : health_.failures(check.device)) {
    outcome_.failed -= standings_.contender(i).state == TrialState::failed;
    store_.acquit(standings_[i].id);
    standings_.change(i).state = TrialState::planned;
  }
  health_.worked(check.device);
  if (slots_.all_are_closed()) outcome_.obstacle = why;
  expect();
}

void Sweep::stop(bool at_once) {
  stopping_ = true;
  runner_.stop(at_once);
}

void Sweep::expect() {
  const auto left = standings_.to_run();
  status_.expect(left.trials, left.cost);
}

// For `archsweep status`; a few seconds apart, as a write costs a little.
void Sweep::tell_store() {
  constexpr double apart = 3;
  const double now = options_.clock();
  if (now < tell_at_) return;
  tell_at_ = now + apart;
  store_.see_sweep(*sweep_, status_.seconds_left());
}

void Sweep::end() {
  status_.finish();
  for (const auto& given : standings_.given_up()) {
    store_.explain_pause(standings_[given.trial].id, given.reason);
    ++outcome_.given_up;
  }
  outcome_.waiting = static_cast<int>(standings_.waiting().size()) - outcome_.given_up;
  store_.end_sweep(*sweep_, outcome_.interrupted         ? "interrupted"
                            : !outcome_.obstacle.empty() ? "obstacle"
                            : outcome_.waiting           ? "out of time"
                                                         : "finished");
}

}  // namespace

Outcome run_sweep(const Config& config, std::span<const PlannedTrial> plan, results::Store& store,
                  TrialRunner& runner, const RunOptions& options) {
  return Sweep(config, plan, store, runner, options).run();
}

}  // namespace archsweep::runner
