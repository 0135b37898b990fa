#include "runner/schedule/halving.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>
#include <unordered_map>
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

// What stays as it is through a sweep: which trials are of one recipe, and which of its candidates
// are at least as fast as which.
class Recipe {
 public:
  std::vector<std::size_t> trials;

  void rank(std::span<const Contender> all) {
    for (const auto i : trials) {
      const auto& c = all[i];
      if (!by_candidate_.try_emplace(c.candidate, own_.size()).second) continue;
      own_.push_back(none);
      if (!std::isnan(c.latency) && !std::isnan(c.step_seconds))
        ranked_.push_back({by_candidate_[c.candidate], c.latency, c.step_seconds});
    }
    std::ranges::sort(ranked_, {}, &Ranked::latency);
    std::vector<double> steps;
    for (const auto& r : ranked_) steps.push_back(r.step_seconds * (1 + timing_noise));
    std::ranges::sort(steps);
    for (auto& r : ranked_) {
      const auto rank = [&](double step) {
        return static_cast<std::size_t>(std::ranges::upper_bound(steps, step) - steps.begin());
      };
      r.place = rank(r.step_seconds * (1 + timing_noise));
      r.faster = rank(r.step_seconds);
    }
    tree_.resize(ranked_.size() + 1);
  }

  // For every candidate the best value of its own trials and of those at least as fast, failed ones
  // left out: by latency, the faster ones in a Fenwick tree over the seconds of a step. A candidate
  // whose speed is not known is beaten by its own trials alone.
  template <typename Value>
  void find_bars(std::span<const Contender> all, Value&& value) {
    std::ranges::fill(own_, none);
    for (const auto i : trials)
      if (all[i].state != TrialState::failed) {
        auto& own = own_[by_candidate_.at(all[i].candidate)];
        own = std::max(own, value(all[i]));
      }
    bars_ = own_;
    std::ranges::fill(tree_, none);
    std::size_t next = 0;
    for (const auto& r : ranked_) {
      for (; next < ranked_.size() && ranked_[next].latency * (1 + timing_noise) <= r.latency;
           ++next)
        for (auto at = ranked_[next].place; at < tree_.size(); at += at & -at)
          tree_[at] = std::max(tree_[at], own_[ranked_[next].candidate]);
      for (auto at = r.faster; at > 0; at -= at & -at)
        bars_[r.candidate] = std::max(bars_[r.candidate], tree_[at]);
    }
  }
  double bar(const Contender& c) const { return bars_[by_candidate_.at(c.candidate)]; }

 private:
  static constexpr double none = -unknown;
  struct Ranked {
    std::size_t candidate;
    double latency, step_seconds;
    // Counted from 1 by the seconds of a step and what a timing may err: this one's place, and how
    // many are at least as fast.
    std::size_t place = 0, faster = 0;
  };
  std::unordered_map<int, std::size_t> by_candidate_;
  std::vector<Ranked> ranked_;  // by latency
  std::vector<double> own_, bars_, tree_;
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

class Halving::Field {
 public:
  Field(std::span<const Contender> trials, const HalvingRules& rules)
      : trials_(trials), rules_(rules), places_(trials.size()) {
    for (std::size_t i = 0; i < trials_.size(); ++i)
      recipes_[trials_[i].recipe].trials.push_back(i);
    for (auto& [id, recipe] : recipes_) recipe.rank(trials_);
  }

  // Looks at all trials.
  void look() {
    shares_.clear(), done_.clear();
    for (const auto& c : trials_)
      if (c.state == TrialState::done && !c.top1.empty()) done_[c.kind].push_back(&c);
    for (auto& [id, recipe] : recipes_) {
      std::set<int> rungs;
      for (const auto i : recipe.trials)
        if (waits(trials_[i]) && is_rung(epochs_done(trials_[i])))
          rungs.insert(epochs_done(trials_[i]));
      for (const int epoch : rungs) rank(recipe, static_cast<std::size_t>(epoch));
      recipe.find_bars(
          trials_, [](const Contender& c) { return c.top1.empty() ? -unknown : c.top1.back(); });
    }
  }

  std::vector<Step> steps() const {
    std::set<int> has_result;  // candidates; one that runs will have
    for (const auto& c : trials_)
      if (!c.top1.empty() || !waits(c)) has_result.insert(c.candidate);

    std::vector<Step> steps, first, promoted, fresh, others;
    for (std::size_t i = 0; i < trials_.size(); ++i) {
      const auto& c = trials_[i];
      if (!waits(c)) continue;
      const Step step{i, next_rung(c)};
      if (c.top1.empty())
        (has_result.insert(c.candidate).second ? first : fresh).push_back(step);
      else if (!pauses(c))
        steps.push_back({i, c.epochs <= epochs_done(c) ? c.epochs : step.until_epoch});
      else if (!gives_up(i))
        (is_promoted(i) ? promoted : others).push_back(step);
    }
    for (auto* paused : {&promoted, &others})
      std::ranges::sort(*paused, {}, [&](const Step& s) {
        return std::tuple(-epochs_done(trials_[s.trial]), places_[s.trial].deficit, s.trial);
      });
    for (const auto* more : {&first, &promoted, &fresh, &others})
      steps.insert(steps.end(), more->begin(), more->end());
    return steps;
  }

  bool gives_up(std::size_t i) const {
    return pauses(trials_[i]) && rules_.stopping != Stopping::pauses &&
           (cannot_come(i) || (rules_.stopping == Stopping::halving && !is_promoted(i)));
  }

  // Of a trial that is given up.
  std::string reason(std::size_t i) const {
    const auto& c = trials_[i];
    if (cannot_come(i))
      return fmt::format(
          "epoch {}: at best {:.2f} % can come of its {:.2f} %; as fast or faster "
          "there is {:.2f} %",
          epochs_done(c), 100 * optimistic(c), 100 * c.top1.back(), 100 * bar(c));
    return fmt::format("epoch {}: {:.2f} points behind what is as fast, place {} of {}",
                       epochs_done(c), 100 * places_[i].deficit, places_[i].position + 1,
                       places_[i].members);
  }

 private:
  struct Place {
    double deficit = 0;
    int position = 0, members = 0;  // position from 0, the smallest deficit first
  };

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

  // Waits at a rung before its end.
  bool pauses(const Contender& c) const {
    return waits(c) && !c.top1.empty() && epochs_done(c) < c.epochs && is_rung(epochs_done(c));
  }

  bool is_promoted(std::size_t i) const {
    const auto& p = places_[i];
    return p.deficit <= 0 || p.position < p.members / rules_.eta;
  }

  bool cannot_come(std::size_t i) const { return optimistic(trials_[i]) < bar(trials_[i]); }
  double bar(const Contender& c) const { return recipes_.at(c.recipe).bar(c); }

  // All that have come as far as the rung, also those that went on.
  void rank(Recipe& recipe, std::size_t epoch) {
    const auto came = [&](const Contender& c) { return c.top1.size() >= epoch; };
    recipe.find_bars(trials_,
                     [&](const Contender& c) { return came(c) ? c.top1[epoch - 1] : -unknown; });
    std::vector<std::pair<double, std::size_t>> order;
    for (const auto i : recipe.trials)
      if (const auto& c = trials_[i]; came(c) && c.state != TrialState::failed)
        order.emplace_back(recipe.bar(c) - c.top1[epoch - 1], i);
    std::ranges::sort(order);
    const auto members = static_cast<int>(order.size());
    for (int p = 0; p < members; ++p)
      if (const auto& [deficit, i] = order[static_cast<std::size_t>(p)];
          trials_[i].top1.size() == epoch)
        places_[i] = {deficit, p, members};
  }

  double optimistic(const Contender& c) const {
    if (!done_.contains(c.kind)) return unknown;
    return 1 - (1 - c.top1.back()) * smallest_share_left(c) * (1 - rules_.margin);
  }

  // Of the error at the contender's epoch, over finished trials of its kind.
  double smallest_share_left(const Contender& c) const {
    const auto [share, is_new] = shares_.try_emplace({c.kind, epochs_done(c)}, 1);
    if (is_new)
      for (const auto* d : done_.at(c.kind))
        if (d->top1.size() >= c.top1.size())
          if (const double then = 1 - d->top1[c.top1.size() - 1]; then > 0)
            share->second = std::min(share->second, (1 - d->top1.back()) / then);
    return share->second;
  }

  const std::span<const Contender> trials_;
  const HalvingRules rules_;
  std::map<int, Recipe> recipes_;
  std::vector<Place> places_;                                    // of those that wait at a rung
  std::unordered_map<int, std::vector<const Contender*>> done_;  // by kind
  mutable std::map<std::pair<int, int>, double> shares_;         // by kind and epoch
};

Halving::Halving(std::span<const Contender> trials, const HalvingRules& rules)
    : trials_(trials),
      field_(rules.stopping == Stopping::none ? nullptr : std::make_unique<Field>(trials, rules)) {}

Halving::~Halving() = default;

void Halving::changed() {
  is_known_ = false;
}

void Halving::look() {
  if (is_known_) return;
  if (field_) field_->look();
  steps_ = field_ ? field_->steps() : to_the_end(trials_);
  is_known_ = true;
}

const std::vector<Step>& Halving::next_steps() {
  look();
  // What was started since.
  std::erase_if(steps_, [&](const Step& s) { return !waits(trials_[s.trial]); });
  return steps_;
}

bool Halving::gives_up(std::size_t trial) {
  look();
  return field_ && field_->gives_up(trial);
}

std::vector<GivenUp> Halving::given_up() {
  std::vector<GivenUp> all;
  for (std::size_t i = 0; i < trials_.size(); ++i)
    if (gives_up(i)) all.push_back({i, field_->reason(i)});
  return all;
}

std::vector<Step> next_steps(std::span<const Contender> trials, const HalvingRules& rules) {
  return Halving(trials, rules).next_steps();
}

std::vector<GivenUp> given_up(std::span<const Contender> trials, const HalvingRules& rules) {
  return Halving(trials, rules).given_up();
}

}  // namespace archsweep::runner
