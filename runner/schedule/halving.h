#pragma once

// Which trial goes on, and how far: asynchronous successive halving of the promotion kind (Li et
// al., arXiv 1810.05934) that compares within speed. A pure function of what the store knows, so
// that a scheduler that was killed decides the same again.
//
// Trials pause at rungs, after 1, eta, eta^2 ... epochs. At a rung a trial is compared with those
// that are at least as fast, never with slower ones: how far it is behind the best of them is its
// deficit. A trial that nothing as fast beats has none, however slow or weak it is.
//
// Its optimistic accuracy is what it would reach if its error shrank from this epoch to the end by
// the largest factor that a finished trial of its kind has shown, and by `margin` more: of an error
// of 30 %, where the best finished trial halved its own, 1 - 0.3 / 2 (1 - margin) may come. A trial
// is given up only when something at least as fast already has more. That is safe as long as no
// curve is steeper than those seen of its kind by more than the margin. The steepness of a curve
// goes with the family and, by the schedule, with the learning rate (a high one learns late: in a
// recorded sweep comparing across rates lost the best trial), so these two make a kind, and nothing
// is given up before a trial of its kind is finished. What is given up stays paused, with its
// checkpoint; it goes on when what beat it fails, or when it is run again without early stopping.

#include <cstddef>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "results/trial.h"

namespace archsweep::runner {

enum class Stopping {
  none,      // every trial runs to its end in one go
  pauses,    // rungs and their order, but nothing is given up: what a budget needs
  frontier,  // given up: what can no longer reach the frontier
  halving,   // and what is not in the best 1/eta of its rung, unless nothing as fast is better
};

struct HalvingRules {
  Stopping stopping = Stopping::none;
  int eta = 3;
  double margin = 0.35;  // share of the error
};

// What the store knows of a trial.
struct Contender {
  int recipe = 0;     // accuracies compare within it
  int kind = 0;       // of one recipe, family and learning rate: curves alike
  int candidate = 0;  // of one recipe, architecture and size: equally fast; differ by rate and seed
  double latency = results::not_measured;       // seconds, batch 1
  double step_seconds = results::not_measured;  // of training
  int epochs = 0;                               // of the whole training
  std::vector<double> top1 = {};                // after each epoch so far
  results::TrialState state = results::TrialState::planned;
};

struct Step {
  std::size_t trial;
  int until_epoch;  // the trial's last: to its end
  friend bool operator==(const Step&, const Step&) = default;
};

struct GivenUp {
  std::size_t trial;
  std::string reason;  // one line
};

// The rules over one sweep, for a loop that asks again and again: the whole field is looked at once
// after each change, in O(n log n).
class Halving {
 public:
  // `trials` stay where they are, and keep all but their accuracies and their state.
  Halving(std::span<const Contender> trials, const HalvingRules& rules);
  ~Halving();

  // To be called after accuracies or a state have changed, but for a start.
  void changed();

  // What could run next, the most wanted first:
  //   1. what was cut off between two rungs;
  //   2. the first trial of every candidate that has no result yet;
  //   3. from the highest rung down, the best 1/eta of it and what nothing as fast beats;
  //   4. new trials, in the given order;
  //   5. the others that are not given up, from the highest rung down, the smallest deficit first.
  const std::vector<Step>& next_steps();

  // Whether next_steps() leaves out this trial, which is paused, by what is known now.
  bool gives_up(std::size_t trial);
  std::vector<GivenUp> given_up();

 private:
  class Field;
  void look();

  std::span<const Contender> trials_;
  std::unique_ptr<Field> field_;  // none where there are no rules
  std::vector<Step> steps_;
  bool is_known_ = false;
};

// The same, asked once.
std::vector<Step> next_steps(std::span<const Contender> trials, const HalvingRules& rules);
std::vector<GivenUp> given_up(std::span<const Contender> trials, const HalvingRules& rules);

}  // namespace archsweep::runner
