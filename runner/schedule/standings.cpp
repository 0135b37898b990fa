#include "runner/schedule/standings.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "runner/schedule/ingest.h"

namespace archsweep::runner {
namespace {

using results::TrialState;

results::NewTrial row_of(const PlannedTrial& t) {
  return {.fingerprint = t.fingerprint,
          .architecture = t.spec.architecture,
          .tag = tag_of(t.spec),
          .family = t.family,
          .dataset = word_for(t.spec.dataset),
          .learning_rate = t.spec.training.learning_rate,
          .seed = t.spec.training.seed,
          .epochs = t.spec.training.epochs,
          .image_size = t.spec.dataset.image_size,
          .recipe_hash = recipe_hash(t.spec),
          .spec = to_json(t.spec).dump()};
}

}  // namespace

HalvingRules rules_of(const SchedulerConfig& config) {
  const auto stopping = config.early_stopping == "frontier"  ? Stopping::frontier
                        : config.early_stopping == "halving" ? Stopping::halving
                                                             : Stopping::none;
  return {stopping, config.eta, config.margin};
}

std::vector<std::string> Standings::Counts::told() const {
  std::vector<std::string> lines;
  const auto tell = [&](int some, std::string_view what) {
    if (some) lines.push_back(fmt::format("{} trial{} {}", some, some == 1 ? "" : "s", what));
  };
  tell(adopted,
       "in journals of output.folder only: in the database again (without that folder they would "
       "run anew)");
  tell(longer, "that ran with fewer epochs: going on from there");
  tell(without_checkpoint,
       "that ran with fewer epochs: beginning anew, as no checkpoint was kept "
       "(output.keep_checkpoints)");
  tell(other_rates,
       "that ran with fewer epochs: beginning anew, as their learning rates depend on the number "
       "of epochs (not with training.schedule constant and training.warmup 0)");
  if (done || failed)
    lines.push_back(fmt::format(
        "{} of {} trials are finished already{}", done, trials,
        failed ? fmt::format(", {} failed (--retry-failed runs them again)", failed) : ""));
  return lines;
}

Standings::Standings(const OutputConfig& output, std::span<const PlannedTrial> plan)
    : checkpoints_(output), output_(output) {
  for (const auto& trial : plan) entries_.push_back({.trial = trial});
}

Standings::Counts Standings::read(results::Store& store, std::optional<results::SweepId> sweep,
                                  bool retry_failed) {
  std::vector<results::NewTrial> rows;
  for (const auto& e : entries_) rows.push_back(row_of(e.trial));
  std::vector<results::PlannedRow> planned;
  Counts counts{.trials = static_cast<int>(size())};
  if (sweep) {
    planned = store.plan(*sweep, rows);
    counts.adopted = adopt_journals(store, planned, output_);
    if (counts.adopted)
      for (auto& row : planned) row = *store.find(row.fingerprint);
  }

  std::map<std::string, int> ids;
  const auto id_of = [&](const std::string& word) {
    return ids.try_emplace(word, static_cast<int>(ids.size())).first->second;
  };
  contenders_.clear();
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    auto& e = entries_[i];
    const auto known = sweep ? planned[i] : store.find(e.trial.fingerprint);
    auto state = known ? known->state : TrialState::planned;
    if (known) e.id = known->id;
    if (known && known->attempts > 0) {
      e.reached = store.reached(known->id);
      e.was_out_of_memory = store.retried(known->id, results::Cause::out_of_memory) > 0;
    }
    if (state == TrialState::failed && retry_failed) state = TrialState::planned;
    counts.done += state == TrialState::done;
    counts.failed += state == TrialState::failed;
    const auto& recipe = rows[i].recipe_hash;
    contenders_.push_back({.recipe = id_of(recipe),
                           .kind = id_of(fmt::format("{} {} {}", recipe, e.trial.family,
                                                     e.trial.spec.training.learning_rate)),
                           .candidate = id_of(recipe + name_of(e.trial.spec)),
                           .epochs = e.trial.spec.training.epochs,
                           .top1 = e.reached.top1,
                           .state = state});
  }
  take_over_shorter(store, /*is_plan=*/!sweep, counts);
  return counts;
}

// A trial that has not begun goes on from the checkpoint of the same trial with fewer epochs, where
// no learning rate depends on their number.
void Standings::take_over_shorter(const results::Store& store, bool is_plan, Counts& counts) {
  struct Shorter {
    results::TrialId id;
    std::string fingerprint, trajectory;
  };
  const auto but_for_epochs = [](TrialSpec spec) {
    spec.training.epochs = 0;
    return fingerprint(spec);
  };
  std::map<std::string, std::map<int, Shorter>> tried;  // by what is alike, and epochs
  for (const auto& known : store.tried_specs()) {
    try {
      const auto spec = spec_from_json(nlohmann::json::parse(known.json));
      tried[but_for_epochs(spec)][spec.training.epochs] = {known.id, known.fingerprint,
                                                           trajectory_hash(spec)};
    } catch (const std::exception&) {  // of another version: nobody goes on from it
    }
  }
  if (tried.empty()) return;
  for (const auto i : waiting()) {
    auto& e = entries_[i];
    const auto alike = tried.find(but_for_epochs(e.trial.spec));
    if (alike == tried.end() || has_checkpoint(i)) continue;
    int* begins = nullptr;  // where it is counted
    const auto trajectory = trajectory_hash(e.trial.spec);
    auto at = alike->second.lower_bound(e.trial.spec.training.epochs);
    while (at != alike->second.begin() && begins != &counts.longer) {
      const auto& shorter = (--at)->second;
      if (shorter.trajectory != trajectory) {
        begins = &counts.other_rates;
      } else if (checkpoints_.has(shorter.fingerprint) &&
                 checkpoints_.share(shorter.fingerprint, e.trial.fingerprint, is_plan)) {
        begins = &counts.longer;
        e.reached = store.reached(shorter.id);
        contenders_[i].top1 = e.reached.top1;
      } else {
        begins = &counts.without_checkpoint;
      }
    }
    if (begins) ++*begins;
  }
}

void Standings::forecast_all(const results::Store& store, const PreparedSweep& prepared,
                             const PreflightResult& tried) {
  bool measured = true;
  for (std::size_t i = 0; i < size(); ++i) {
    auto& e = entries_[i];
    const auto key = candidate_key(e.trial.spec);
    const auto cost = tried.costs.find(key);
    const auto known = cost != tried.costs.end() ? std::optional(cost->second)
                                                 : store.preflight(key, prepared.environment);
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
  for (std::size_t i = 0; i < size(); ++i) {
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

Contender& Standings::change(std::size_t i) {
  if (rules_) rules_->changed();
  checkpoints_.look_at(entries_[i].trial.fingerprint);
  return contenders_[i];
}

void Standings::learn_memory(std::size_t i, double bytes) {
  if (std::isnan(bytes)) return;
  for (std::size_t k = 0; k < size(); ++k)
    if (contenders_[k].candidate == contenders_[i].candidate)
      entries_[k].forecast.train_memory_bytes =
          std::fmax(entries_[k].forecast.train_memory_bytes, bytes);
}

bool Standings::waits(std::size_t i) const {
  return contenders_[i].state == TrialState::planned || contenders_[i].state == TrialState::paused;
}

std::vector<std::size_t> Standings::waiting() const {
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < size(); ++i)
    if (waits(i)) indices.push_back(i);
  return indices;
}

bool Standings::has_checkpoint(std::size_t i) const {
  return checkpoints_.has(entries_[i].trial.fingerprint);
}

int Standings::epochs_kept(std::size_t i) const {
  const auto epochs = static_cast<int>(contenders_[i].top1.size());
  return epochs > 0 && has_checkpoint(i) ? epochs : 0;
}

double Standings::seconds_left(std::size_t i) const {
  const int all = contenders_[i].epochs;
  return entries_[i].forecast.seconds(epochs_kept(i), all, all);
}

double Standings::seconds_left() const {
  double seconds = 0;
  for (const auto i : waiting()) seconds += seconds_left(i);
  return seconds;
}

bool Standings::cut_to_time(Step& step, double seconds) const {
  if (seconds <= 0) return false;
  const int all = contenders_[step.trial].epochs, kept = epochs_kept(step.trial);
  while (step.until_epoch > kept &&
         entries_[step.trial].forecast.seconds(kept, step.until_epoch, all) > seconds)
    --step.until_epoch;  // not known: tried
  return step.until_epoch > kept || kept >= all;
}

Standings::ToRun Standings::to_run() {
  ToRun all;
  for (std::size_t i = 0; i < size(); ++i) {
    const bool is_running = contenders_[i].state == TrialState::running;
    if (!is_running && (!waits(i) || rules_->gives_up(i))) continue;
    ++all.trials;
    all.cost += entries_[i].trial.cost *
                (1 - static_cast<double>(epochs_kept(i)) / std::max(1, contenders_[i].epochs));
  }
  return all;
}

// Where no preflight has told: as much as another of the architecture; 0: not known.
double Standings::checkpoint_bytes(std::size_t i) const {
  const auto& e = entries_[i];
  if (!std::isnan(e.forecast.checkpoint_bytes)) return e.forecast.checkpoint_bytes;
  double most = 0;
  for (const auto& other : entries_)
    if (other.trial.spec.architecture == e.trial.spec.architecture)
      most = std::max(most, checkpoints_.bytes(other.trial.fingerprint));
  return most;
}

bool Standings::make_room(std::size_t i) {
  if (checkpoints_.bytes(entries_[i].trial.fingerprint) > 0) return true;  // is replaced
  const double bytes = checkpoint_bytes(i);
  const double limit = checkpoints_.limit();
  if (checkpoints_.used() + bytes <= limit) return true;
  std::vector<std::size_t> idle;  // what nobody goes on from soon, the least wanted first
  for (std::size_t k = 0; k < size(); ++k)
    if (contenders_[k].state == TrialState::failed) idle.push_back(k);
  for (std::size_t k = 0; k < size(); ++k)
    if (contenders_[k].state == TrialState::done) idle.push_back(k);
  for (const auto& given : given_up()) idle.push_back(given.trial);
  for (const auto k : idle) {
    remove_checkpoint(k);
    if (checkpoints_.used() + bytes <= limit) return true;
  }
  return false;
}

}  // namespace archsweep::runner
