#include "runner/schedule/bench.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "results/statistics.h"
#include "runner/schedule/conclude.h"
#include "runner/schedule/ingest.h"
#include "runner/support/clock.h"
#include "runner/support/error.h"
#include "runner/support/hash.h"
#include "runner/support/text.h"

namespace archsweep::runner {
namespace {

namespace fs = std::filesystem;

// Seconds that a visit may take, waiting for the device included: far more than any takes.
constexpr double visit_time_limit = 4 * 3600;

struct Visit {
  int attempt = 0;
  std::vector<results::Measurement> measured;
  std::optional<results::Summary> summary;
  std::optional<results::Failure> failure;
  Progress last;  // what it was at in the end
};

// A candidate, or the canary.
struct Subject {
  std::string name;
  TrialSpec spec;  // less what failed
  results::TrialId id{};
};

// "failed" and "message" of a measurement without samples.
results::Failure why(const results::Measurement& m) {
  const auto json = nlohmann::json::parse(m.conditions, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return {results::Cause::crashed, "no samples", ""};
  try {
    return {results::cause(json.value("failed", "crashed")), json.value("message", ""), ""};
  } catch (const std::exception&) {
    return {results::Cause::crashed, "no samples", ""};
  }
}

bool was_throttled(const results::Measurement& m) {
  const auto json = nlohmann::json::parse(m.conditions, nullptr, /*allow_exceptions=*/false);
  return json.is_object() && json.value("throttled", false);
}

std::string medians(const std::vector<results::Measurement>& measured) {
  std::string text;
  for (const auto& m : measured) {
    if (m.seconds.empty() || (m.kind.starts_with("train_") && m.kind != "train_step")) continue;
    text += fmt::format("  {}{}: {}", m.kind == "train_step" ? "train " : "", m.batch_size,
                        human_seconds(results::median(m.seconds)));
  }
  return text;
}

class Bench {
 public:
  Bench(const BenchPlan& plan, results::Store& store, TrialRunner& runner,
        const std::function<void(const std::string&)>& say,
        const std::function<void(const std::string&)>& doing)
      : plan_(plan), store_(store), runner_(runner), say_(say), doing_(doing) {
    outcome_.candidates.resize(plan.candidates.size());
  }

  BenchOutcome run() {
    begin();
    visit_canary();
    for (int wanted = plan_.rounds; wanted > 0 && !outcome_.interrupted;) {
      round();
      if (outcome_.interrupted || !anything_left()) break;
      wanted = rounds_to_go();
    }
    set_aside_drifted();
    for (std::size_t i = 0; i < candidates_.size(); ++i)
      if (outcome_.candidates[i].summary)
        outcome_.candidates[i].speeds = store_.pooled(candidates_[i].id, last_attempt_[i]);
    store_.end_sweep(sweep_, outcome_.interrupted ? "interrupted" : "finished");
    std::error_code ignored;
    fs::remove(plan_.folder, ignored);  // where nothing is left in it
    return std::move(outcome_);
  }

 private:
  void begin() {
    std::error_code error;
    fs::create_directories(plan_.folder, error);
    if (error)
      throw Error(fmt::format("{}: cannot be made: {}", plan_.folder.string(), error.message()),
                  Exit::environment);
    sweep_ = store_.begin_sweep("bench", "", plan_.command);
    std::vector<results::NewTrial> rows;
    for (const auto& c : plan_.candidates) rows.push_back(row_of(c.spec, c.family, ""));
    const auto canary = canary_spec(plan_.candidates[0].spec.measurement, plan_.device);
    rows.push_back(row_of(canary, "canary", " canary"));
    const auto planned = store_.plan(sweep_, rows);
    for (std::size_t i = 0; i < plan_.candidates.size(); ++i) {
      const auto& spec = plan_.candidates[i].spec;
      candidates_.push_back({bench_name(spec), spec, planned[i].id});
    }
    canary_ = {"canary", canary, planned.back().id};
    last_attempt_.resize(candidates_.size(), 0);
  }

  // New trials with each benchmark: that one was done before is no reason not to time it again.
  results::NewTrial row_of(const TrialSpec& spec, const std::string& family, const char* mark) {
    const auto text = to_json(spec).dump();
    return {
        .fingerprint =
            sha256(fmt::format("{} bench {}{}", text, static_cast<std::int64_t>(sweep_), mark)),
        .source = "bench",
        .architecture = spec.architecture,
        .tag = spec.measurement.exported.empty() ? "" : "local-dir:" + spec.measurement.exported,
        .family = family,
        .dataset = "random",
        .learning_rate = results::not_measured,
        .seed = spec.training.seed,
        .epochs = 0,
        .image_size = spec.dataset.image_size,
        .recipe_hash = recipe_hash(spec),
        .spec = text};
  }

  Visit visit(const Subject& subject) {
    const auto stem = (fs::absolute(plan_.folder) /
                       fmt::format("{}-{}", static_cast<std::int64_t>(sweep_), ++visits_))
                          .string();
    Visit v;
    v.attempt = store_.start(subject.id, plan_.device, stem + ".jsonl");
    const Job job{.kind = "bench",
                  .spec = subject.spec,
                  .device = plan_.device,
                  .threads = plan_.threads,
                  // The canary is nobody's result: should this process die, none is made of it.
                  .journal = &subject == &canary_ ? "" : stem + ".jsonl"};
    store_.set_pid(subject.id, v.attempt, runner_.start({job, stem, visit_time_limit}));
    std::optional<Ended> ended;
    while (!ended) {
      const auto happening = runner_.next();
      if (std::holds_alternative<Interrupted>(happening.what)) {
        if (!outcome_.interrupted)
          say_("stopping: what is measured is kept (Ctrl-C again: at once)");
        runner_.stop(/*at_once=*/outcome_.interrupted);
        outcome_.interrupted = true;
      }
      if (const auto* end = std::get_if<Ended>(&happening.what)) ended = *end;
      if (const auto* event = std::get_if<Event>(&happening.what)) take(subject, *event, v);
    }
    // A visit that was stopped counts for nothing; one that had its result before does.
    if (v.summary) {
      for (const auto* ending : {".json", ".jsonl", ".log"}) {
        std::error_code ignored;
        fs::remove(stem + ending, ignored);
      }
    } else if (outcome_.interrupted) {
      store_.release(subject.id, v.attempt,
                     {results::Cause::killed, "the benchmark was stopped", ended->tail});
    } else {
      if (!v.failure) v.failure = conclude(*ended);
      v.failure->stderr_tail = ended->tail;
      store_.fail(subject.id, v.attempt, *v.failure);
    }
    return v;
  }

  void take(const Subject& subject, const Event& event, Visit& v) {
    record(store_, subject.id, v.attempt, event);
    if (const auto* p = std::get_if<Progress>(&event)) {
      v.last = *p;
      if (p->phase == "wait")
        say_(fmt::format("wait     another archsweep process uses {}: {} waits for it",
                         plan_.device, subject.name));
      doing_(where_ + subject.name +
             (p->step ? fmt::format(" {} batch {}", p->phase, p->step) : "") + time_left());
    }
    if (const auto* m = std::get_if<results::Measurement>(&event)) v.measured.push_back(*m);
    if (const auto* s = std::get_if<results::Summary>(&event)) v.summary = *s;
    if (const auto* f = std::get_if<results::Failure>(&event)) v.failure = *f;
  }

  // By the visits done in the time they took; "" before there is one.
  std::string time_left() const {
    const auto all = static_cast<double>(plan_.rounds) * static_cast<double>(candidates_.size());
    if (visits_ < 2 || visits_ > all) return "";
    return fmt::format("  {} left",
                       human_duration(seconds_since(since_) / visits_ * (all - visits_)));
  }

  void visit_canary() {
    const auto v = visit(canary_);
    double seconds = results::not_measured;
    for (const auto& m : v.measured)
      if (!m.seconds.empty()) seconds = results::median(m.seconds);
    if (v.summary) store_.end_visit(canary_.id, v.attempt);
    if (outcome_.interrupted) return;
    outcome_.canaries.push_back(seconds);
    if (std::isnan(seconds))
      say_(fmt::format("canary   could not be timed, drift is not known: {}",
                       v.failure ? v.failure->message : "no samples"));
    else
      say_(fmt::format(
          "canary   {}{}", human_seconds(seconds),
          outcome_.canaries.size() == 1 ? "  (resnet18, 64 px)" : drift_in_words(seconds)));
  }

  std::string drift_in_words(double seconds) const {
    double fastest = seconds;
    for (const double c : outcome_.canaries) fastest = std::fmin(fastest, c);
    return seconds > fastest
               ? fmt::format("  ({:.1f} % slower than its fastest)", 100 * (seconds / fastest - 1))
               : "  (its fastest)";
  }

  void round() {
    auto& visits = rounds_.emplace_back();
    for (std::size_t i = 0; i < candidates_.size() && !outcome_.interrupted; ++i) {
      auto& c = candidates_[i];
      if (is_spent(c.spec.measurement)) continue;
      where_ = fmt::format("round {}, {}/{}: ", rounds_.size(), i + 1, candidates_.size());
      const auto v = visit(c);
      drop_failed(i, v);
      if (v.summary) {
        merge(outcome_.candidates[i].summary, *v.summary);
        last_attempt_[i] = v.attempt;
      }
      if (last_attempt_[i]) store_.finish(c.id, last_attempt_[i], *outcome_.candidates[i].summary);
      if (v.summary || v.failure) visits.emplace_back(i, v.attempt);
      if (std::ranges::any_of(v.measured, was_throttled))
        say_(fmt::format("throttle {}: the device slowed itself down while it was timed", c.name));
      if (const auto text = medians(v.measured); !text.empty())
        say_(fmt::format("round {:<2} {}{}", rounds_.size(), c.name, text));
    }
    if (!outcome_.interrupted) {
      where_.clear();
      visit_canary();
    }
  }

  // What failed is not tried again: it would only fail again.
  void drop_failed(std::size_t i, const Visit& v) {
    auto& m = candidates_[i].spec.measurement;
    const auto fault = [&](int batch_size, bool training, const results::Failure& failure) {
      outcome_.candidates[i].faults.push_back({batch_size, training, failure});
      say_(fmt::format("FAILED   {}{}{}  {}: {}", candidates_[i].name, training ? " training" : "",
                       batch_size ? fmt::format(" batch {}", batch_size) : "",
                       results::name(failure.cause), failure.message));
      if (batch_size == 0)
        m.batch_sizes.clear(), m.train_batch_sizes.clear();
      else
        std::erase(training ? m.train_batch_sizes : m.batch_sizes, batch_size);
    };
    bool told = false;
    for (const auto& one : v.measured)
      if (one.seconds.empty()) {
        fault(one.batch_size, one.kind.starts_with("train_"), why(one));
        told = true;
      }
    // A process that died: what it was at is to blame.
    if (v.failure && !told)
      fault(v.last.phase.starts_with("measure") ? v.last.step : 0,
            v.last.phase == "measure training", *v.failure);
  }

  static void merge(std::optional<results::Summary>& all, const results::Summary& one) {
    const auto before = all.value_or(one);
    all = one;
    all->inference_memory_bytes =
        std::fmax(before.inference_memory_bytes, one.inference_memory_bytes);
    all->train_memory_bytes = std::fmax(before.train_memory_bytes, one.train_memory_bytes);
  }

  static bool is_spent(const MeasurementSpec& m) {
    return m.batch_sizes.empty() && m.train_batch_sizes.empty();
  }
  bool anything_left() const {
    return std::ranges::any_of(candidates_,
                               [](const auto& c) { return !is_spent(c.spec.measurement); });
  }

  // Repeats the drifted rounds, but never more than as many again as were asked for.
  int rounds_to_go() {
    const auto all = drifts(outcome_.canaries);
    const auto steady = static_cast<int>(
        std::ranges::count_if(all, [](double drift) { return drift <= drift_limit; }));
    const int done = static_cast<int>(rounds_.size());
    const int left = std::min(plan_.rounds - steady, 2 * plan_.rounds - done);
    if (done >= plan_.rounds && left > 0)
      say_(
          fmt::format("drift    the machine changed by more than {:g} % around {} of {} rounds: "
                      "one more round",
                      100 * drift_limit, done - steady, done));
    return std::max(left, 0);
  }

  void set_aside_drifted() {
    auto all = drifts(outcome_.canaries);
    all.resize(std::min(all.size(), rounds_.size()));
    const auto counts = rounds_that_count(all, plan_.rounds);
    for (std::size_t r = 0; r < counts.size(); ++r) {
      if (counts[r]) {
        if (all[r] > drift_limit)
          say_(
              fmt::format("drift    round {} counts, though the canary was {:.1f} % slower around "
                          "it: this machine is not quiet",
                          r + 1, 100 * all[r]));
        continue;
      }
      for (const auto& [i, attempt] : rounds_[r]) {
        store_.set_aside(
            candidates_[i].id, attempt,
            fmt::format("round {}: the canary was {:.1f} % slower", r + 1, 100 * all[r]));
        if (last_attempt_[i])
          store_.finish(candidates_[i].id, last_attempt_[i], *outcome_.candidates[i].summary);
      }
      say_(fmt::format("drift    round {} does not count: the canary was {:.1f} % slower around it",
                       r + 1, 100 * all[r]));
    }
  }

  const BenchPlan& plan_;
  results::Store& store_;
  TrialRunner& runner_;
  const std::function<void(const std::string&)>&say_, &doing_;
  results::SweepId sweep_{};
  std::vector<Subject> candidates_;
  Subject canary_;
  std::vector<int> last_attempt_;  // of each candidate, with a summary; 0: none
  std::vector<std::vector<std::pair<std::size_t, int>>> rounds_;  // (candidate, attempt) of visits
  std::string where_;
  int visits_ = 0;
  Clock::time_point since_ = Clock::now();
  BenchOutcome outcome_;
};

}  // namespace

std::string bench_name(const TrialSpec& spec) {
  const auto& m = spec.measurement;
  return (m.exported.empty() ? spec.architecture : fs::path(m.exported).filename().string()) +
         (m.fold ? ", folded" : "");
}

TrialSpec canary_spec(const MeasurementSpec& measurement, const std::string& device) {
  TrialSpec spec;
  spec.architecture = "resnet18";
  spec.dataset.kind = "random";
  spec.dataset.image_size = spec.dataset.stored_size = 64;
  spec.training.epochs = 0;
  spec.measurement = measurement;
  spec.measurement.batch_sizes = {device == "cpu" ? 1 : 256};
  spec.measurement.train_batch_sizes.clear();
  spec.measurement.exported.clear();
  spec.measurement.fold = false;
  return spec;
}

std::vector<double> drifts(std::span<const double> canaries) {
  // fmin and fmax pass NaN by
  double fastest = results::not_measured;
  for (const double c : canaries) fastest = std::fmin(fastest, c);
  std::vector<double> all;
  for (std::size_t i = 1; i < canaries.size(); ++i) {
    const double slower = std::fmax(canaries[i - 1], canaries[i]) / fastest - 1;
    all.push_back(std::isnan(slower) ? 0 : slower);
  }
  return all;
}

std::vector<bool> rounds_that_count(std::span<const double> drifts, int wanted) {
  std::vector<std::size_t> order(drifts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return drifts[i]; });
  std::vector<bool> counts(drifts.size(), false);
  for (std::size_t i = 0; i < order.size() && i < static_cast<std::size_t>(wanted); ++i)
    counts[order[i]] = true;
  return counts;
}

BenchOutcome run_bench(const BenchPlan& plan, results::Store& store, TrialRunner& runner,
                       const std::function<void(const std::string&)>& say,
                       const std::function<void(const std::string&)>& doing) {
  return Bench(plan, store, runner, say, doing).run();
}

}  // namespace archsweep::runner
