#include "runner/schedule/scheduler.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>

#include <fmt/format.h>

#include "runner/schedule/bench.h"
#include "runner/schedule/budget.h"
#include "runner/schedule/conclude.h"
#include "runner/schedule/device_health.h"
#include "runner/schedule/halving.h"
#include "runner/schedule/ingest.h"
#include "runner/schedule/kept_files.h"
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

struct Running {
  std::size_t device;
  double need;
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
  std::size_t device;
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
        slots_(options.devices.empty() ? Slots(config.scheduler) : Slots(options.devices)),
        abreast_(devices_of_slots(config.scheduler).size()),
        threads_(threads_of(config.scheduler, abreast_)),
        memory_(slots_, config.scheduler.slurm.is_used ? ReadMemory() : options.memory,
                options.clock),
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
      print_plan(standings_, {abreast_, budget_.left(), rules_.stopping != Stopping::none});
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
  bool start_next();
  void tell_waiting(std::size_t entry, double need);
  bool waits_for_memory();
  void count_anew(int but);
  double need_of_trial(std::size_t entry) const;
  void start(std::size_t device, Step step, double need);
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
  const std::size_t abreast_;  // trials that surely run at once
  const int threads_;          // of each
  MemoryWatch memory_;
  HalvingRules rules_;
  DeviceHealth health_;
  Status status_{stdout};
  Standings standings_;
  const KeptFiles kept_files_{config_.output};
  std::optional<results::SweepId> sweep_;  // none: a dry run
  std::map<int, Running> running_;         // by pid
  std::map<int, Check> checks_;            // likewise
  std::set<int> told_;     // candidates of whose need for memory the user has been told
  double tell_at_ = 0;     // by options_.clock
  bool stopping_ = false;  // no time, or the user's wish
  Outcome outcome_;
  std::vector<Fd> caches_;  // in use until the end
};

void Sweep::read() {
  const auto counts = standings_.read(store_, sweep_, options_.retry_failed);
  for (const auto& line : counts.told()) status_.line(line);
  outcome_.finished_before = counts.done;
  outcome_.failed = counts.failed;
}

bool Sweep::prepare() {
  std::vector<const PlannedTrial*> trials;
  for (const auto i : standings_.waiting()) trials.push_back(&standings_[i].trial);
  auto prepared = prepare_data(config_, trials, runner_, status_);
  if (!prepared) return false;
  caches_ = std::move(prepared->caches);
  PreflightResult tried;
  const bool gpu = slots_.device(0) != "cpu";
  const bool asked = options_.dry_run && config_.scheduler.preflight != "never";
  if (asked || wants_preflight(config_.scheduler, trials, limited_, gpu)) {
    auto result = preflight(config_, trials, *prepared, store_, runner_, status_,
                            [&] { return !options_.dry_run && budget_.left() <= 0; });
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
    const double seconds = standings_.seconds_left() / static_cast<double>(abreast_);
    if (!(seconds < 0.9 * budget_.left())) {
      rules_.stopping = Stopping::pauses;
      standings_.go_by(rules_);
    }
  }
  for (;;) {
    if (!stopping_) check_suspects();
    for (const auto& line : memory_.look()) status_.line(line);
    while (!stopping_ && start_next()) {
    }
    if (running_.empty() && checks_.empty() && (stopping_ || !waits_for_memory())) return;
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
      slots_.give_back(at->second.device, at->second.need);
      memory_.ended(at->second.device);
      conclude_trial(at->second, at->first, *ended);
      running_.erase(at);
    }
  }
}

// The most wanted that there is time and memory for; false: nothing.
bool Sweep::start_next() {
  Slots::Search search(slots_);
  if (search.is_over()) return false;
  bool waits = false;
  for (auto step : standings_.next_steps()) {
    if (search.is_over()) break;
    if (limited_ && !standings_.cut_to_time(step, budget_.left())) continue;
    const double need = need_of_trial(step.trial);
    if (const auto device = search.place(need)) {
      start(*device, step, need);
      return true;
    }
    if (!waits) tell_waiting(step.trial, need);
    waits = true;
  }
  return false;
}

void Sweep::tell_waiting(std::size_t entry, double need) {
  if (!std::isfinite(need) || !told_.insert(standings_.contender(entry).candidate).second) return;
  status_.line(fmt::format("{} takes {} of memory: it waits until trials that run have ended",
                           standings_[entry].trial.spec.architecture, human_bytes(need)));
}

// Whether something will start though nothing runs: memory has to come back first.
bool Sweep::waits_for_memory() {
  return !standings_.next_steps().empty() && slots_.is_any_held();
}

// What runs by the needs that are known now.
void Sweep::count_anew(int but) {
  for (auto& [pid, r] : running_) {
    if (pid == but) continue;
    slots_.give_back(r.device, r.need);
    r.need = need_of_trial(r.entry);
    slots_.take(r.device, r.need);
  }
}

// In bytes; NaN: not known.
double Sweep::need_of_trial(std::size_t entry) const {
  // What had no memory beside others runs alone, also after a scheduler that died.
  if (standings_[entry].was_out_of_memory) return std::numeric_limits<double>::infinity();
  const double declared = config_.scheduler.trial_memory;
  return declared > 0 ? declared
                      : need_of(slots_.device(0), standings_[entry].forecast.train_memory_bytes);
}

void Sweep::start(std::size_t device, Step step, double need) {
  const auto& e = standings_[step.trial];
  const auto& c = standings_.contender(step.trial);
  const auto stem = files_of(config_.output.folder, e.trial.fingerprint);
  const auto journal = stem.string() + ".jsonl";
  const int attempt = store_.start(e.id, slots_.device(device), journal);
  std::error_code ignored;
  fs::remove(journal, ignored);  // of an earlier attempt, in the store already
  const bool is_wanted = c.epochs > 1 || config_.output.keep_checkpoints;
  const bool room = !is_wanted || standings_.make_room(step.trial);
  if (!room)
    status_.line(fmt::format("{}: no room for its checkpoint ({} of {} used): it runs to its end",
                             e.trial.spec.architecture,
                             human_bytes(standings_.checkpoints().used()),
                             human_bytes(standings_.checkpoints().limit())));
  const bool saves = is_wanted && room;
  const bool pauses = saves && step.until_epoch < c.epochs;
  auto job = make_job(config_, "train", e.trial.spec, slots_.device(device), threads_);
  job.journal = journal;
  if (saves) job.checkpoint = standings_.checkpoints().path(e.trial.fingerprint).string();
  if (pauses) job.until_epoch = step.until_epoch;
  job.weights = kept_files_.weights(e.trial.fingerprint);
  job.logits = kept_files_.logits(e.trial.fingerprint);
  const int kept = standings_.epochs_kept(step.trial);
  const int pid =
      runner_.start({job, stem, config_.scheduler.trial_time_limit, config_.scheduler.hang_limit,
                     e.forecast.seconds(kept, pauses ? step.until_epoch : c.epochs, c.epochs),
                     e.forecast.train_memory_bytes});
  store_.set_pid(e.id, attempt, pid);
  bool shared = false;
  for (auto& [other, r] : running_)
    if (r.device == device) shared = r.shared = true;
  running_.emplace(
      pid, Running{device, need, step.trial, attempt, {}, {}, {}, kept, steady_seconds(), shared});
  slots_.take(device, need);
  standings_.change(step.trial).state = TrialState::running;
  if (std::isfinite(need) && need > slots_.memory(device) && told_.insert(c.candidate).second)
    status_.line(fmt::format("{} takes {} of memory, and {} has {} for trials: it runs alone",
                             e.trial.spec.architecture, human_bytes(need), slots_.device(device),
                             human_bytes(slots_.memory(device))));
  status_.started(pid, e.trial, slots_.device(device), kept);
}

void Sweep::take(Running& r, int pid, const Event& event) {
  record(store_, standings_[r.entry].id, r.attempt, event);
  if (const auto* p = std::get_if<Progress>(&event)) status_.progress(pid, *p);
  if (const auto* e = std::get_if<results::Epoch>(&event)) {
    health_.worked(slots_.device(r.device));
    status_.epoch(pid, *e, e->number <= r.epochs_kept);
    auto& top1 = standings_.change(r.entry).top1;
    const auto at = static_cast<std::size_t>(std::max(1, e->number)) - 1;
    if (at >= top1.size()) top1.resize(at + 1);
    top1[at] = std::isnan(e->valid_top1) ? 0 : e->valid_top1;
  }
  if (const auto* m = std::get_if<results::Measurement>(&event)) status_.measured(pid, *m);
  if (const auto* s = std::get_if<results::Summary>(&event)) r.summary = *s;
  if (const auto* f = std::get_if<results::Failure>(&event)) r.failure = *f;
  if (const auto* p = std::get_if<Paused>(&event)) r.paused = *p;
}

void Sweep::conclude_trial(Running& r, int pid, const Ended& ended) {
  const auto& e = standings_[r.entry];
  auto& c = standings_.change(r.entry);
  const auto done = static_cast<int>(c.top1.size());
  if (r.summary) {
    // First: a later start leaves alone what a finished trial has.
    if (!config_.output.keep_checkpoints) standings_.remove_checkpoint(r.entry);
    store_.finish(e.id, r.attempt, *r.summary);
    standings_.learn_memory(r.entry, r.summary->train_memory_bytes);
    count_anew(/*but=*/pid);
    c.state = TrialState::done;
    for (const auto& line : kept_files_.thin_out()) status_.line(line);
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
    status_.retried(pid, standings_.epochs_kept(r.entry), "the disk is full");
    return stop(/*at_once=*/false);
  }
  const int retried = store_.retried(e.id, failure.cause);
  if (static_cast<int>(c.top1.size()) <= r.epochs_kept)
    health_.failed(slots_.device(r.device), r.entry, failure.cause, steady_seconds() - r.since);
  if (may_retry(config_.scheduler, failure.cause, retried, r.shared)) {
    store_.retry(e.id, r.attempt, failure);
    if (failure.cause == results::Cause::out_of_memory) standings_.run_alone(r.entry);
    c.state = TrialState::planned;
    return status_.retried(pid, standings_.epochs_kept(r.entry),
                           fmt::format("{} (retry {})", why, retried + 1));
  }
  store_.fail(e.id, r.attempt, failure);
  c.state = TrialState::failed;
  kept_files_.remove(e.trial.fingerprint);
  // Going on from what led to it would lead to it again.
  if (failure.cause == results::Cause::diverged) standings_.remove_checkpoint(r.entry);
  ++outcome_.failed;
  status_.ended(pid, why);
}

// A suspect device gets no new trial, and when it is idle the known model.
void Sweep::check_suspects() {
  for (std::size_t d = 0; d < slots_.size(); ++d) {
    const auto& device = slots_.device(d);
    if (!health_.is_suspect(device)) continue;
    slots_.close(d);
    const bool is_tried =
        std::ranges::any_of(checks_, [&](const auto& check) { return check.second.device == d; });
    if (is_tried || !slots_.is_empty(d)) continue;
    status_.line(fmt::format("check  {}: {} trials failed there in a row; trying a known model",
                             device, health_.failures(device).size()));
    const Job job{.kind = "bench",
                  .spec = canary_spec({.seconds = 0.2, .warmup_seconds = 0.1}, device),
                  .device = device,
                  .threads = threads_};
    constexpr double time_limit = 300;
    const auto files = fs::absolute(config_.output.folder) / "trials" / ("check-" + device);
    checks_.emplace(runner_.start({job, files, time_limit, config_.scheduler.hang_limit}),
                    Check{d, false, {}});
  }
}

void Sweep::conclude_check(const Check& check, const Ended& ended) {
  if (stopping_) return;
  const auto& device = slots_.device(check.device);
  if (check.works) {
    status_.line(fmt::format("check  {}: works; it is the trials", device));
    health_.worked(device);
    return slots_.open(check.device);
  }
  const auto failure = check.failure ? *check.failure : conclude(ended);
  const auto why = fmt::format("{} trials and a known model failed on {}: {}: {}",
                               health_.failures(device).size(), device,
                               results::name(failure.cause), failure.message);
  status_.line(fmt::format("check  {}; it is used no more, and these trials wait", why));
  store_.quarantine(*sweep_, device, why);
  for (const auto i : health_.failures(device)) {
    const auto state = standings_.contender(i).state;
    if (state != TrialState::failed && state != TrialState::planned) continue;  // it is elsewhere
    outcome_.failed -= state == TrialState::failed;
    store_.acquit(standings_[i].id);
    standings_.change(i).state = TrialState::planned;
  }
  health_.worked(device);
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
