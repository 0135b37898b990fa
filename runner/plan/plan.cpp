#include "runner/plan/plan.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "archs/catalog.h"

namespace archsweep::runner {
// Seconds go with multiply-accumulates, which go with the image's area, and with what a sample
// costs besides: on small images more than the arithmetic. Where a name's are not known, an average
// network's will do.
double relative_cost(std::string_view architecture, int image_size, double samples, int epochs) {
  const auto facts = archs::facts(architecture);
  const auto* entry = archs::find(architecture);
  constexpr double overhead = 5e6;  // in multiply-accumulates; of the quickstart's networks on CPU
  const double macs = facts ? static_cast<double>(facts->macs) : 1e9;
  const double scale =
      static_cast<double>(image_size) / (entry ? entry->preprocessing.input_size : image_size);
  return (macs * scale * scale + overhead) * samples * epochs;
}

std::vector<PlannedTrial> make_plan(const Config& config) {
  std::vector<PlannedTrial> trials;
  for (const auto& candidate : config.candidates) {
    const auto* entry = archs::find(candidate.name);
    auto rates = candidate.learning_rates;
    rates.resize(rates.size() + candidate.rules.size(), std::numeric_limits<double>::quiet_NaN());
    for (const auto rate : rates)
      for (const auto seed : config.seeds) {
        TrialSpec spec{candidate.name, candidate.dataset, config.augmentation, candidate.training,
                       config.measurement};
        spec.training.learning_rate = rate;
        spec.training.seed = seed;
        trials.push_back({spec, std::string(entry->family), fingerprint(spec),
                          relative_cost(spec.architecture, spec.dataset.image_size,
                                        spec.dataset.train_samples > 0
                                            ? static_cast<double>(spec.dataset.train_samples)
                                            : 1e4,
                                        spec.training.epochs)});
      }
  }
  put_in_order(trials);
  return trials;
}

void put_in_order(std::vector<PlannedTrial>& trials) {
  std::ranges::stable_sort(trials, {}, &PlannedTrial::cost);
  std::map<std::pair<std::string, int>, int> seen;
  std::vector<std::pair<int, std::size_t>> turns;
  for (std::size_t i = 0; i < trials.size(); ++i)
    turns.emplace_back(seen[{trials[i].family, trials[i].spec.dataset.image_size}]++, i);
  std::ranges::stable_sort(turns, {}, &std::pair<int, std::size_t>::first);
  std::vector<PlannedTrial> order;
  for (const auto& [turn, i] : turns) order.push_back(std::move(trials[i]));
  trials = std::move(order);
}

}  // namespace archsweep::runner
