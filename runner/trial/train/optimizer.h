#pragma once

// Updates the parameters of a network, by a rule of update_rules.h, and their average.

#include <array>
#include <string>
#include <vector>

#include <torch/types.h>

#include "archs/network.h"
#include "archs/weights/tensors.h"
#include "runner/trial/spec.h"
#include "runner/trial/train/parameter_groups.h"
#include "runner/trial/train/schedule.h"
#include "runner/trial/train/update_rules.h"
#include "runner/trial/train/weight_average.h"

namespace archsweep::runner {

class Optimizer {
 public:
  Optimizer(const archs::Network& network, const TrainingSpec& spec);

  void zero_grad();
  // Clips the gradients as the spec says, and updates.
  void step(const Rates& rates);
  WeightAverage& average() { return average_; }
  // All but the average: as if it had taken no step.
  void forget();

  // All that it remembers from step to step, by what it is and the parameter's key:
  // "first.fc.bias", "ema.weights.fc.bias".
  archs::NamedTensors state() const;

 private:
  struct Group : ParameterGroup {
    const UpdateRule* rule = nullptr;
    decltype(Updated::memory) memory;
    std::vector<torch::Tensor> steps;

    void begin();
    Updated with_gradients();
  };

  void clip();

  std::vector<Group> groups_;
  std::vector<torch::Tensor> parameters_;  // of all groups
  std::vector<torch::Tensor> below_classifier_;
  double clip_norm_, clip_value_, clip_adaptive_;
  double beta2_, eps_;
  bool is_muon_;
  WeightAverage average_;
};

}  // namespace archsweep::runner
