#include "runner/schedule/scheduler.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "runner/schedule/checkpoints.h"
#include "runner/schedule/conclude.h"
#include "runner/schedule/forecast.h"
#include "runner/schedule/halving.h"
#include "runner/schedule/ingest.h"
#include "runner/schedule/preflight.h"
#include "runner/schedule/prepare.h"
#include "runner/schedule/slots.h"
#include "runner/schedule/status.h"
#include "runner/support/text.h"

namespace archsweep::runner {
namespace {

namespace fs = std::filesystem;
using results::TrialState;

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

HalvingRules rules_of(const SchedulerConfig& config) {
  const auto stopping = config.early_stopping == "frontier"  ? Stopping::frontier
                        : config.early_stopping == "halving" ? Stopping::halving
                                                             : Stopping::none;
  return {stopping, config.eta, config.margin};
}

// A trial of the plan, what is stored of it and what it will take.
struct Entry {
  PlannedTrial trial;
  results::TrialId id{};
  results::Reached reached = {};
  Forecast forecast = {};
};

struct Running {
  std::size_t slot;
  std::size_t entry;
  int attempt;
  std::optional<results::Summary> summary;
  std::optional<results::Failure> failure;
  std::optional<Paused> paused;
  int epochs_kept;  // when it started
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
        devices_(slots(config.scheduler)),
        checkpoints_(config.output),
        rules_(rules_of(config.scheduler)),
        busy_(devices_.size(), false) {
    for (const auto& trial : plan) entries_.push_back({.trial = trial});
  }

  Outcome run() {
    if (!options_.dry_run)
      sweep_ = store_.begin_sweep(config_.output.name, config_.path.string(), config_.source);
    const auto left = read_states();
    if (!left.empty() && !prepare(left))
      outcome_.interrupted = true;
    else if (options_.dry_run)
      print_plan();
    else
      loop();
    if (!options_.dry_run) end();
    return outcome_;
  }

 private:
  // The trials that have no result that counts.
  std::vector<std::size_t> read_states();
  bool prepare(const std::vector<std::size_t>& left);
  void fail_those_that_cannot_work(const PreflightResult& tried);
  void forecast_all(const PreparedSweep& prepared, const PreflightResult& tried);
  void print_plan();
  void loop();
  std::optional<Step> next_step() const;
  void start(std::size_t slot, Step step);
  bool make_room(const Entry& entry);
  void take(Running& r, int pid, const Event& event);
  void conclude_trial(Running& r, int pid, const Ended& ended);
  void stop(bool at_once);
  void expect();
  void end();

  bool waits(std::size_t i) const {
    return contenders_[i].state == TrialState::planned ||
           contenders_[i].state == TrialState::paused;
  }
  bool has_checkpoint(std::size_t i) const {
    return checkpoints_.has(entries_[i].trial.fingerprint);
  }
  // Epochs that need not be trained again.
  int epochs_kept(std::size_t i) const {
    return has_checkpoint(i) ? static_cast<int>(contenders_[i].top1.size()) : 0;
  }
  double seconds_left(std::size_t i) const {
    const int all = contenders_[i].epochs;
    return entries_[i].forecast.seconds(epochs_kept(i), all, all);
  }

  const Config& config_;
  results::Store& store_;
  TrialRunner& runner_;
  const RunOptions& options_;
  const Budget budget_;
  const bool limited_;
  const std::vector<std::string> devices_;
  const Checkpoints checkpoints_;
  HalvingRules rules_;
  Status status_{stdout};
  results::SweepId sweep_{};
  std::vector<Entry> entries_;         // in the order in which they start
  std::vector<Contender> contenders_;  // the same, as the rules see them
  std::vector<bool> busy_;             // slots
  std::map<int, Running> running_;     // by pid
  bool stopping_ = false;              // no time, or the user's wish
  Outcome outcome_;
};

std::vector<std::size_t> Sweep::read_states() {
  std::vector<results::NewTrial> rows;
  for (const auto& e : entries_) rows.push_back(row_of(e.trial));
  std::vector<results::PlannedRow> planned;
  if (!options_.dry_run) planned = store_.plan(sweep_, rows);

  std::map<std::string, int> ids;
  const auto id_of = [&](const std::string& word) {
    return ids.try_emplace(word, static_cast<int>(ids.size())).first->second;
  };
  std::vector<std::size_t> left;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    auto& e = entries_[i];
    const auto known = options_.dry_run ? store_.find(e.trial.fingerprint) : planned[i];
    auto state = known ? known->state : TrialState::planned;
    if (known) e.id = known->id;
    if (known && known->attempts > 0) e.reached = store_.reached(known->id);
    if (state == TrialState::done)
      ++outcome_.finished_before;
    else if (state == TrialState::failed && !options_.retry_failed)
      ++outcome_.failed;
    else
      left.push_back(i);
    if (state == TrialState::failed && options_.retry_failed) state = TrialState::planned;
    const auto& recipe = rows[i].recipe_hash;
    contenders_.push_back({.recipe = id_of(recipe),
                           .kind = id_of(fmt::format("{} {} {}", recipe, e.trial.family,
                                                     e.trial.spec.training.learning_rate)),
                           .candidate = id_of(recipe + e.trial.spec.architecture),
                           .epochs = e.trial.spec.training.epochs,
                           .top1 = e.reached.top1,
                           .state = state});
    if (state == TrialState::done && !config_.output.keep_checkpoints)
      checkpoints_.remove(e.trial.fingerprint);  // of a scheduler that died before it did so
  }
  if (outcome_.finished_before || outcome_.failed)
    status_.line(fmt::format(
        "{} of {} trials are finished already{}", outcome_.finished_before, entries_.size(),
        outcome_.failed
            ? fmt::format(", {} failed (--retry-failed runs them again)", outcome_.failed)
            : ""));
  return left;
}

bool Sweep::prepare(const std::vector<std::size_t>& left) {
  std::vector<const PlannedTrial*> trials;
  for (const auto i : left) trials.push_back(&entries_[i].trial);
  const auto prepared = prepare_data(config_, trials, runner_, status_);
  if (!prepared) return false;
  PreflightResult tried;
  const bool gpu = devices_[0] != "cpu";
  const bool asked = options_.dry_run && config_.scheduler.preflight != "never";
  if (asked || wants_preflight(config_.scheduler, trials, limited_, gpu)) {
    auto result = preflight(config_, trials, *prepared, store_, runner_, status_);
    if (!result) return false;
    tried = std::move(*result);
  }
  fail_those_that_cannot_work(tried);
  forecast_all(*prepared, tried);
  return true;
}

void Sweep::fail_those_that_cannot_work(const PreflightResult& tried) {
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (!waits(i)) continue;
    const auto failure = tried.failures.find(candidate_key(entries_[i].trial.spec));
    if (failure == tried.failures.end()) continue;
    if (!options_.dry_run)
      store_.fail(entries_[i].id, store_.start(entries_[i].id, devices_[0], ""), failure->second);
    contenders_[i].state = TrialState::failed;
    ++outcome_.failed;
  }
}

// Speeds for the rules; and, where all are known, costs in seconds and the order by them.
void Sweep::forecast_all(const PreparedSweep& prepared, const PreflightResult& tried) {
  bool measured = true;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    auto& e = entries_[i];
    const auto key = candidate_key(e.trial.spec);
    const auto cost = tried.costs.find(key);
    const auto known = cost != tried.costs.end() ? std::optional(cost->second)
                                                 : store_.preflight(key, prepared.environment);
    const auto data = prepared.by_dataset.find(dataset_key(e.trial.spec));
    e.forecast = forecast(e.trial.spec, known.value_or(results::CandidateCost{}),
                          data == prepared.by_dataset.end() ? Prepared{} : data->second, e.reached);
    contenders_[i].latency = e.forecast.latency;
    contenders_[i].step_seconds = e.forecast.step_seconds;
    if (waits(i) && std::isnan(seconds_left(i))) measured = false;
  }
  if (!measured) return;  // seconds and arithmetic do not compare: as planned
  std::vector<PlannedTrial> order;
  std::map<std::string, std::size_t> index;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const int all = contenders_[i].epochs;
    entries_[i].trial.cost = waits(i) ? entries_[i].forecast.seconds(0, all, all) : 0;
    index[entries_[i].trial.fingerprint] = i;
    order.push_back(entries_[i].trial);
  }
  put_in_order(order);
  std::vector<Entry> entries;
  std::vector<Contender> contenders;
  for (const auto& trial : order) {
    entries.push_back(std::move(entries_[index[trial.fingerprint]]));
    contenders.push_back(std::move(contenders_[index[trial.fingerprint]]));
  }
  entries_ = std::move(entries);
  contenders_ = std::move(contenders);
}

void Sweep::print_plan() {
  double seconds = 0, all_checkpoints = 0, most = 0;
  std::size_t count = 0;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (!waits(i)) continue;
    const auto& spec = entries_[i].trial.spec;
    const double own = seconds_left(i), bytes = entries_[i].forecast.checkpoint_bytes;
    ++count, seconds += own, all_checkpoints += bytes, most = std::fmax(most, bytes);
    fmt::print(
        "{:>4}  {:<36} lr {:<8g} seed {:<3} {:>8}  {:>8} done\n", count, spec.architecture,
        spec.training.learning_rate, spec.training.seed,
        std::isnan(own) ? "?" : human_duration(own),
        std::isnan(seconds) ? "?" : human_duration(seconds / static_cast<double>(devices_.size())));
  }
  const auto text = [](double value, auto&& show) {
    return std::isnan(value) ? std::string("?") : show(value);
  };
  const double wall = seconds / static_cast<double>(devices_.size());
  const bool pauses = limited_ || rules_.stopping != Stopping::none;
  const double disk = pauses ? std::min(all_checkpoints, checkpoints_.limit())
                             : most * static_cast<double>(devices_.size());
  fmt::print("{} trials, {} on {} slot{}{}, done at {}; checkpoints up to {} of {} allowed\n",
             count, text(wall, human_duration), devices_.size(), devices_.size() == 1 ? "" : "s",
             rules_.stopping == Stopping::none ? "" : " without early stopping",
             text(wall, clock_in), text(disk, human_bytes), human_bytes(checkpoints_.limit()));
  if (limited_ && wall > budget_.left())
    fmt::print("there is time for {:.0f} % of it: {}\n", 100 * budget_.left() / wall,
               human_duration(budget_.left()));
  fmt::print("nothing was started\n");
}

void Sweep::loop() {
  expect();
  if (limited_ && rules_.stopping == Stopping::none) {
    // Where there is time for everything, trials need no pauses.
    double seconds = 0;
    for (std::size_t i = 0; i < entries_.size(); ++i)
      if (waits(i)) seconds += seconds_left(i);
    const bool enough = seconds / static_cast<double>(devices_.size()) < 0.9 * budget_.left();
    if (!enough) rules_.stopping = Stopping::pauses;
  }
  for (;;) {
    for (std::size_t slot = 0; slot < busy_.size() && !stopping_; ++slot) {
      if (busy_[slot]) continue;
      const auto step = next_step();
      if (!step) break;
      start(slot, *step);
    }
    if (running_.empty()) return;
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
    const auto at = running_.find(happening.pid);
    if (at == running_.end()) continue;
    if (const auto* event = std::get_if<Event>(&happening.what)) {
      take(at->second, at->first, *event);
    } else if (const auto* ended = std::get_if<Ended>(&happening.what)) {
      busy_[at->second.slot] = false;
      conclude_trial(at->second, at->first, *ended);
      running_.erase(at);
    }
  }
}

// The most wanted that there is time for, cut to the epochs that there is time for.
std::optional<Step> Sweep::next_step() const {
  for (auto step : next_steps(contenders_, rules_)) {
    if (!limited_) return step;
    const auto& e = entries_[step.trial];
    const int all = contenders_[step.trial].epochs, kept = epochs_kept(step.trial);
    const double left = budget_.left();
    if (left <= 0) return {};
    while (step.until_epoch > kept && e.forecast.seconds(kept, step.until_epoch, all) > left)
      --step.until_epoch;  // not known: tried
    if (step.until_epoch > kept || kept >= all) return step;
  }
  return {};
}

void Sweep::start(std::size_t slot, Step step) {
  auto& e = entries_[step.trial];
  auto& c = contenders_[step.trial];
  const auto stem =
      fs::absolute(config_.output.folder) / "trials" / e.trial.fingerprint.substr(0, 16);
  const auto journal = stem.string() + ".jsonl";
  const int attempt = store_.start(e.id, devices_[slot], journal);
  std::error_code ignored;
  fs::remove(journal, ignored);  // of an earlier attempt, in the store already
  const bool saves = c.epochs > 1 && make_room(e);
  const bool pauses = saves && step.until_epoch < c.epochs;
  const Job job{.kind = "train",
                .spec = e.trial.spec,
                .device = devices_[slot],
                .threads = threads_of(config_.scheduler, devices_.size()),
                .cache_folder = fs::absolute(config_.output.folder / "cache").string(),
                .journal = journal,
                .checkpoint = saves ? checkpoints_.path(e.trial.fingerprint).string() : "",
                .until_epoch = pauses ? step.until_epoch : 0};
  const int kept = epochs_kept(step.trial);
  const int pid = runner_.start({job, stem, config_.scheduler.trial_time_limit});
  store_.set_pid(e.id, attempt, pid);
  running_.emplace(pid, Running{slot, step.trial, attempt, {}, {}, {}, kept});
  busy_[slot] = true;
  c.state = TrialState::running;
  status_.started(pid, e.trial, devices_[slot], kept);
}

// For the trial's checkpoint; those of given-up trials go first. False: it runs without one, to its
// end in one go.
bool Sweep::make_room(const Entry& entry) {
  if (checkpoints_.has(entry.trial.fingerprint)) return true;  // is replaced
  const double bytes = entry.forecast.checkpoint_bytes;
  if (std::isnan(bytes)) return true;
  const double limit = checkpoints_.limit();
  if (checkpoints_.used() + bytes <= limit) return true;
  for (const auto& given : given_up(contenders_, rules_)) {
    checkpoints_.remove(entries_[given.trial].trial.fingerprint);
    if (checkpoints_.used() + bytes <= limit) return true;
  }
  status_.line(fmt::format("{}: no room for its checkpoint ({} of {} used): it runs to its end",
                           entry.trial.spec.architecture, human_bytes(checkpoints_.used()),
                           human_bytes(limit)));
  return false;
}

void Sweep::take(Running& r, int pid, const Event& event) {
  record(store_, entries_[r.entry].id, r.attempt, event);
  if (const auto* p = std::get_if<Progress>(&event)) status_.progress(pid, *p);
  if (const auto* e = std::get_if<results::Epoch>(&event)) {
    if (e->number > r.epochs_kept) status_.epoch(pid, *e);  // the others are told again
    auto& top1 = contenders_[r.entry].top1;
    const auto at = static_cast<std::size_t>(std::max(1, e->number)) - 1;
    if (at >= top1.size()) top1.resize(at + 1);
    top1[at] = std::isnan(e->valid_top1) ? 0 : e->valid_top1;
  }
  if (const auto* s = std::get_if<results::Summary>(&event)) r.summary = *s;
  if (const auto* f = std::get_if<results::Failure>(&event)) r.failure = *f;
  if (const auto* p = std::get_if<Paused>(&event)) r.paused = *p;
}

void Sweep::conclude_trial(Running& r, int pid, const Ended& ended) {
  const auto& e = entries_[r.entry];
  auto& c = contenders_[r.entry];
  const auto done = static_cast<int>(c.top1.size());
  if (r.summary) {
    store_.finish(e.id, r.attempt, *r.summary);
    c.state = TrialState::done;
    if (!config_.output.keep_checkpoints) checkpoints_.remove(e.trial.fingerprint);
    ++outcome_.done;
    status_.ended(pid, "done");
  } else if (r.paused && r.paused->epoch > r.epochs_kept) {
    store_.pause(e.id, r.attempt, fmt::format("at epoch {} of {}", done, c.epochs));
    c.state = TrialState::paused;
    status_.paused(pid, done);
  } else if (stopping_ && !outcome_.interrupted && done > 0 && has_checkpoint(r.entry)) {
    store_.pause(e.id, r.attempt, fmt::format("the time was up at epoch {} of {}", done, c.epochs));
    c.state = TrialState::paused;
    status_.paused(pid, done);
  } else if (stopping_) {
    store_.release(e.id, r.attempt, {results::Cause::killed, "the sweep was stopped", ended.tail});
    c.state = TrialState::planned;
  } else {
    auto failure = r.failure ? *r.failure : conclude(ended, config_.scheduler.trial_time_limit);
    failure.stderr_tail = ended.tail;
    store_.fail(e.id, r.attempt, failure);
    c.state = TrialState::failed;
    // Going on from what led to it would lead to it again.
    if (failure.cause == results::Cause::diverged) checkpoints_.remove(e.trial.fingerprint);
    ++outcome_.failed;
    status_.ended(pid, fmt::format("{}: {}", results::name(failure.cause), failure.message));
  }
  if (rules_.stopping != Stopping::none) expect();
}

void Sweep::stop(bool at_once) {
  stopping_ = true;
  runner_.stop(at_once);
}

// What is still to run, without what the rules give up.
void Sweep::expect() {
  std::vector<bool> out(entries_.size(), false);
  for (const auto& given : given_up(contenders_, rules_)) out[given.trial] = true;
  std::size_t count = 0;
  double cost = 0;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (out[i] || !(waits(i) || contenders_[i].state == TrialState::running)) continue;
    ++count;
    cost += entries_[i].trial.cost *
            (1 - static_cast<double>(epochs_kept(i)) / std::max(1, contenders_[i].epochs));
  }
  status_.expect(count, cost);
}

void Sweep::end() {
  status_.finish();
  for (const auto& given : given_up(contenders_, rules_)) {
    store_.explain_pause(entries_[given.trial].id, given.reason);
    ++outcome_.given_up;
  }
  for (std::size_t i = 0; i < entries_.size(); ++i) outcome_.waiting += waits(i);
  outcome_.waiting -= outcome_.given_up;
  store_.end_sweep(sweep_, outcome_.interrupted ? "interrupted"
                           : outcome_.waiting   ? "out of time"
                                                : "finished");
}

}  // namespace

Outcome run_sweep(const Config& config, std::span<const PlannedTrial> plan, results::Store& store,
                  TrialRunner& runner, const RunOptions& options) {
  return Sweep(config, plan, store, runner, options).run();
}

}  // namespace archsweep::runner
