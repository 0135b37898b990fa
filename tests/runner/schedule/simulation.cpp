#include "tests/runner/schedule/simulation.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>
#include <random>
#include <stdexcept>

#include "runner/support/text.h"

namespace archsweep::runner {
namespace {

// Rows of a CSV without quotes, by the names of its head.
std::vector<std::map<std::string, std::string>> read_csv(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) throw std::runtime_error(path.string() + ": cannot be read");
  const auto names = split(line, ',');
  std::vector<std::map<std::string, std::string>> rows;
  while (std::getline(file, line)) {
    const auto values = split(line, ',');
    auto& row = rows.emplace_back();
    for (std::size_t i = 0; i < names.size() && i < values.size(); ++i) row[names[i]] = values[i];
  }
  return rows;
}

// Numbers for words, in the order of their appearance.
class Ids {
 public:
  int operator()(const std::string& word) {
    return ids_.try_emplace(word, static_cast<int>(ids_.size())).first->second;
  }

 private:
  std::map<std::string, int> ids_;
};

double number(const std::string& text) {
  return text.empty() ? results::not_measured : std::strtod(text.c_str(), nullptr);
}

struct Point {
  double latency, top1;
};

void compare(const std::vector<KnownTrial>& trials, const std::vector<bool>& finished,
             Simulated& result) {
  const auto fast = [](const KnownTrial& a, const KnownTrial& b) {
    return a.start.recipe == b.start.recipe && a.start.latency <= b.start.latency;
  };
  for (const auto& t : trials) {
    const bool beaten = std::ranges::any_of(trials, [&](const auto& o) {
      return fast(o, t) && o.curve.back() >= t.curve.back() &&
             (o.curve.back() > t.curve.back() || o.start.latency < t.start.latency);
    });
    if (beaten) continue;
    ++result.frontier;
    double best = 0;
    for (std::size_t i = 0; i < trials.size(); ++i)
      if (finished[i] && fast(trials[i], t)) best = std::max(best, trials[i].curve.back());
    result.kept += best >= t.curve.back();
    result.worst_loss = std::max(result.worst_loss, t.curve.back() - best);
  }
}

}  // namespace

Simulated simulate(std::vector<KnownTrial> trials, const HalvingRules& rules, int slots) {
  std::vector<Contender> known;
  Simulated result;
  for (const auto& t : trials) {
    known.push_back(t.start);
    result.all_seconds += t.epoch_seconds * static_cast<double>(t.curve.size());
  }
  struct Running {
    double end;
    Step step;
  };
  std::vector<Running> running;
  for (double now = 0;;) {
    while (static_cast<int>(running.size()) < slots) {
      const auto steps = next_steps(known, rules);
      if (steps.empty()) break;
      auto& c = known[steps[0].trial];
      const int epochs = steps[0].until_epoch - static_cast<int>(c.top1.size());
      const double seconds = trials[steps[0].trial].epoch_seconds * epochs;
      c.state = results::TrialState::running;
      running.push_back({now + seconds, steps[0]});
      result.seconds += seconds;
    }
    if (running.empty()) break;
    const auto first = std::ranges::min_element(running, {}, &Running::end);
    now = first->end;
    auto& c = known[first->step.trial];
    const auto& curve = trials[first->step.trial].curve;
    c.top1.assign(curve.begin(), curve.begin() + first->step.until_epoch);
    c.state =
        c.top1.size() == curve.size() ? results::TrialState::done : results::TrialState::paused;
    running.erase(first);
  }
  std::vector<bool> finished;
  for (const auto& c : known) finished.push_back(c.state == results::TrialState::done);
  result.finished = static_cast<int>(std::ranges::count(finished, true));
  compare(trials, finished, result);
  return result;
}

std::vector<KnownTrial> fine_tuning_study(const std::filesystem::path& csv, int epochs,
                                          std::uint64_t seed, double noise) {
  const auto rows = read_csv(csv);
  std::map<std::string, std::vector<double>> times;  // of a model on a data set: as on one machine
  const auto usable = [](const auto& row) {
    return !std::isnan(number(row.at("error_rate"))) && !std::isnan(number(row.at("fit_time")));
  };
  for (const auto& row : rows)
    if (usable(row))
      times[row.at("dataset") + row.at("model_name")].push_back(number(row.at("fit_time")));
  for (auto& [key, values] : times) std::ranges::sort(values);

  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  Ids recipes, kinds, candidates;
  std::map<std::string, double> steepness;  // by family
  std::vector<KnownTrial> trials;
  for (const auto& row : rows) {
    if (!usable(row)) continue;
    const auto& model = row.at("model_name");
    const auto& dataset = row.at("dataset");
    const auto family = model.substr(0, model.find_first_of("0123456789_"));
    const auto& values = times[dataset + model];
    const double seconds = values[values.size() / 2];
    KnownTrial t;
    t.start = {.recipe = recipes(dataset),
               .kind = kinds(dataset + family),
               .candidate = candidates(dataset + model),
               .latency = seconds,
               .step_seconds = seconds,
               .epochs = epochs};
    t.epoch_seconds = seconds / epochs;
    const double of_family =
        steepness.try_emplace(family, 4 * std::exp(0.5 * normal(random))).first->second;
    const double p = of_family * std::exp(0.2 * normal(random));
    const double error = number(row.at("error_rate")), guessing = dataset == "pets" ? 0.97 : 0.5;
    for (int e = 1; e <= epochs; ++e) {
      const double left = std::pow(1 - static_cast<double>(e) / epochs, p);
      const double now =
          error + (guessing - error) * left + (e < epochs ? noise * normal(random) : 0);
      t.curve.push_back(std::clamp(1 - now, 0.0, 1.0));
    }
    trials.push_back(std::move(t));
  }
  // Cheapest first within a family, families in turn: as make_plan() orders them.
  std::ranges::stable_sort(trials, {}, &KnownTrial::epoch_seconds);
  std::map<int, int> seen;
  std::vector<std::pair<int, std::size_t>> turns;
  for (std::size_t i = 0; i < trials.size(); ++i)
    turns.emplace_back(seen[trials[i].start.kind]++, i);
  std::ranges::sort(turns);
  std::vector<KnownTrial> order;
  for (const auto& [turn, i] : turns) order.push_back(trials[i]);
  return order;
}

std::vector<KnownTrial> recorded_sweep(const std::filesystem::path& csv) {
  std::map<std::string, std::size_t> index;
  std::vector<KnownTrial> trials;
  Ids recipes, kinds, candidates;
  for (const auto& row : read_csv(csv)) {
    const auto& recipe = row.at("recipe");
    const auto key =
        recipe + row.at("architecture") + "/" + row.at("learning_rate") + "/" + row.at("seed");
    const auto [at, is_new] = index.try_emplace(key, trials.size());
    if (is_new) trials.emplace_back();
    auto& t = trials[at->second];
    t.start.recipe = recipes(recipe);
    t.start.kind = kinds(recipe + row.at("family") + row.at("learning_rate"));
    t.start.candidate = candidates(recipe + row.at("architecture"));
    t.start.latency = number(row.at("latency"));
    t.epoch_seconds += number(row.at("seconds"));
    t.curve.push_back(number(row.at("top1")));
  }
  // A candidate's speed is one: the median of its trials.
  std::map<int, std::vector<double>> latencies;
  for (const auto& t : trials) latencies[t.start.candidate].push_back(t.start.latency);
  for (auto& [candidate, values] : latencies) std::ranges::sort(values);
  for (auto& t : trials) {
    t.epoch_seconds /= static_cast<double>(t.curve.size());
    const auto& values = latencies[t.start.candidate];
    t.start.latency = t.start.step_seconds = values[values.size() / 2];
    t.start.epochs = static_cast<int>(t.curve.size());
  }
  return trials;
}

}  // namespace archsweep::runner
