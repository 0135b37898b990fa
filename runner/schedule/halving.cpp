#include "runner/schedule/halving.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include <fmt/format.h>

namespace archsweep::runner {
namespace {

using results::TrialState;

// Two timings that differ by less are not told apart.
constexpr double timing_noise = 0.1;

constexpr double unknown = std::numeric_limits<double>::infinity();

int epochs_done(const Contender& c) {
  return static_cast<int>(c.top1.size());
}

bool waits(const Contender& c) {
  return c.state == TrialState::planned || c.state == TrialState::paused;
}

// False where a speed is not known: such a trial is beaten by its own candidate alone.
bool at_least_as_fast(const Contender& a, const Contender& b) {
  if (a.candidate == b.candidate) return true;
  return a.latency * (1 + timing_noise) <= b.latency &&
         a.step_seconds * (1 + timing_noise) <= b.step_seconds;
}

// One look at all trials.
class Field {
 public:
  Field(std::span<const Contender> trials, const HalvingRules& rules)
      : trials_(trials), rules_(rules) {
    find_faster();
    for (const auto& c : trials_)
      if (c.state == TrialState::done && !c.top1.empty()) finished_.insert(c.kind);
    for (const auto& c : trials_)
      if (waits(c) && is_rung(epochs_done(c))) rank(c.recipe, epochs_done(c));
    bars_ = bars([](const Contender& c) { return c.top1.empty() ? -unknown : c.top1.back(); });
  }

  bool is_rung(int epochs) const {
    int rung = 1;
    while (rung < epochs) rung *= rules_.eta;
    return rung == epochs;
  }

  int next_rung(const Contender& c) const {
    int rung = 1;
    while (rung <= epochs_done(c)) rung *= rules_.eta;
    return std::min(rung, c.epochs);
  }

  // Of a trial that waits at a rung.
  double deficit(std::size_t i) const { return place(i).deficit; }
  bool is_promoted(std::size_t i) const {
    const auto& p = place(i);
    return p.deficit <= 0 || p.position < p.members / rules_.eta;
  }

  // Why the trial is given up; nothing while it is not.
  std::optional<std::string> reason(std::size_t i) const {
    const auto& c = trials_[i];
    if (rules_.stopping == Stopping::none || rules_.stopping == Stopping::pauses) return {};
    const double hope = optimistic(c), bar = bars_[id(c)];
    if (hope < bar)
      return fmt::format(
          "epoch {}: at best {:.2f} % can come of its {:.2f} %; as fast or faster "
          "there is {:.2f} %",
          epochs_done(c), 100 * hope, 100 * c.top1.back(), 100 * bar);
    if (rules_.stopping == Stopping::halving && !is_promoted(i))
      return fmt::format("epoch {}: {:.2f} points behind what is as fast, place {} of {}",
                         epochs_done(c), 100 * deficit(i), place(i).position + 1, place(i).members);
    return {};
  }

 private:
  struct Place {
    double deficit = 0;
    int position = 0, members = 0;  // position from 0, the smallest deficit first
  };

  static std::size_t id(const Contender& c) { return static_cast<std::size_t>(c.candidate); }

  // Of every candidate, those of its recipe that are at least as fast.
  void find_faster() {
    std::vector<const Contender*> one;  // of each candidate: speeds are the candidate's
    for (const auto& c : trials_) {
      if (id(c) >= one.size()) one.resize(id(c) + 1);
      one[id(c)] = &c;
    }
    faster_.resize(one.size());
    for (std::size_t a = 0; a < one.size(); ++a)
      for (std::size_t b = 0; b < one.size(); ++b)
        if (one[a] && one[b] && one[a]->recipe == one[b]->recipe &&
            at_least_as_fast(*one[a], *one[b]))
          faster_[b].push_back(a);
  }

  // For every candidate the best value of those at least as fast, failed trials left out.
  template <typename Value>
  std::vector<double> bars(Value&& value) const {
    std::vector<double> own(faster_.size(), -unknown), best(faster_.size(), -unknown);
    for (const auto& c : trials_)
      if (c.state != TrialState::failed) own[id(c)] = std::max(own[id(c)], value(c));
    for (std::size_t c = 0; c < best.size(); ++c)
      for (const auto other : faster_[c]) best[c] = std::max(best[c], own[other]);
    return best;
  }

  // All that have come as far as the rung, also those that went on.
  void rank(int recipe, int epoch) {
    const auto [places, is_new] = places_.try_emplace({recipe, epoch}, trials_.size());
    if (!is_new) return;
    const auto at = static_cast<std::size_t>(epoch) - 1;
    const auto came = [&](const Contender& c) { return c.recipe == recipe && c.top1.size() > at; };
    const auto best = bars([&](const Contender& c) { return came(c) ? c.top1[at] : -unknown; });
    std::vector<std::pair<double, std::size_t>> order;
    for (std::size_t i = 0; i < trials_.size(); ++i)
      if (const auto& c = trials_[i]; came(c) && c.state != TrialState::failed)
        order.emplace_back(best[id(c)] - c.top1[at], i);
    std::ranges::sort(order);
    const auto members = static_cast<int>(order.size());
    for (int p = 0; p < members; ++p) {
      const auto& [deficit, i] = order[static_cast<std::size_t>(p)];
      places->second[i] = {deficit, p, members};
    }
  }

  const Place& place(std::size_t i) const {
    return places_.at({trials_[i].recipe, epochs_done(trials_[i])})[i];
  }

  double optimistic(const Contender& c) const {
    if (!finished_.contains(c.kind)) return unknown;
    return 1 - (1 - c.top1.back()) * smallest_share_left(c) * (1 - rules_.margin);
  }

  // Of the error at the contender's epoch, over finished trials of its kind.
  double smallest_share_left(const Contender& c) const {
    const auto [share, is_new] = shares_.try_emplace({c.kind, epochs_done(c)}, 1);
    if (is_new)
      for (const auto& d : trials_)
        if (d.kind == c.kind && d.state == TrialState::done && d.top1.size() >= c.top1.size())
          if (const double then = 1 - d.top1[c.top1.size() - 1]; then > 0)
            share->second = std::min(share->second, (1 - d.top1.back()) / then);
    return share->second;
  }

  std::span<const Contender> trials_;
  const HalvingRules& rules_;
  std::set<int> finished_;                                    // kinds
  std::vector<std::vector<std::size_t>> faster_;              // by candidate
  std::vector<double> bars_;                                  // by candidate, of latest accuracies
  std::map<std::pair<int, int>, std::vector<Place>> places_;  // by recipe and rung
  mutable std::map<std::pair<int, int>, double> shares_;      // by kind and epoch
};

std::vector<Step> to_the_end(std::span<const Contender> trials) {
  std::vector<Step> steps;
  for (const bool begun : {true, false})
    for (std::size_t i = 0; i < trials.size(); ++i)
      if (waits(trials[i]) && !trials[i].top1.empty() == begun)
        steps.push_back({i, trials[i].epochs});
  return steps;
}

}  // namespace

std::vector<Step> next_steps(std::span<const Contender> trials, const HalvingRules& rules) {
  if (rules.stopping == Stopping::none) return to_the_end(trials);
  const Field field(trials, rules);
  std::set<int> has_result;  // candidates; one that runs will have
  for (const auto& c : trials)
    if (!c.top1.empty() || !waits(c)) has_result.insert(c.candidate);

  std::vector<Step> steps, first, promoted, fresh, others;
  for (std::size_t i = 0; i < trials.size(); ++i) {
    const auto& c = trials[i];
    if (!waits(c)) continue;
    const Step step{i, field.next_rung(c)};
    if (c.top1.empty())
      (has_result.insert(c.candidate).second ? first : fresh).push_back(step);
    else if (epochs_done(c) >= c.epochs || !field.is_rung(epochs_done(c)))
      steps.push_back({i, c.epochs <= epochs_done(c) ? c.epochs : step.until_epoch});
    else if (!field.reason(i))
      (field.is_promoted(i) ? promoted : others).push_back(step);
  }
  for (auto* paused : {&promoted, &others})
    std::ranges::sort(*paused, {}, [&](const Step& s) {
      return std::tuple(-epochs_done(trials[s.trial]), field.deficit(s.trial), s.trial);
    });
  for (const auto* more : {&first, &promoted, &fresh, &others})
    steps.insert(steps.end(), more->begin(), more->end());
  return steps;
}

std::vector<GivenUp> given_up(std::span<const Contender> trials, const HalvingRules& rules) {
  std::vector<GivenUp> all;
  if (rules.stopping == Stopping::none) return all;
  const Field field(trials, rules);
  for (std::size_t i = 0; i < trials.size(); ++i) {
    const auto& c = trials[i];
    if (!waits(c) || c.top1.empty() || epochs_done(c) >= c.epochs || !field.is_rung(epochs_done(c)))
      continue;
    if (auto reason = field.reason(i)) all.push_back({i, std::move(*reason)});
  }
  return all;
}

}  // namespace archsweep::runner
