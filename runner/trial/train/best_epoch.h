#pragma once

// The best epoch of a training: when to end for want of a better one (patience), and the weights
// that it had, where they are the trial's result.

#include <vector>

#include <torch/types.h>

#include "archs/network.h"
#include "archs/weights/tensors.h"
#include "results/trial.h"
#include "runner/trial/spec.h"

namespace archsweep::runner {

// Of epochs from the first on, the number of the one with the highest top-1, where those are equal
// or not measured with the lowest loss, then the earliest; 0: there is none.
int best_epoch(const std::vector<results::Epoch>& epochs);

// All epochs are done, or the last `patience` were no better than one before.
bool has_ended(const TrainingSpec& spec, const std::vector<results::Epoch>& epochs);

class BestWeights {
 public:
  // Off, and all below does nothing, unless spec.result is "best".
  BestWeights(const archs::Network& network, const TrainingSpec& spec);

  bool is_on() const { return !kept_.empty(); }
  void keep();           // those that the network has now
  void restore() const;  // into the network

  archs::NamedTensors state() const;  // "KEY": the live tensors

 private:
  archs::NamedTensors network_, kept_;  // at the same places
};

}  // namespace archsweep::runner
