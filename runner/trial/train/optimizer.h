#pragma once

// AdamW (arXiv 1711.05101) and SGD with momentum, by LibTorch's fused kernels: one call a group
// instead of a dozen small operators a parameter, which is what limits small networks on CPU.

#include <string>
#include <vector>

#include <torch/types.h>

#include "archs/weights/tensors.h"
#include "runner/trial/spec.h"
#include "runner/trial/train/parameter_groups.h"
#include "runner/trial/train/schedule.h"

namespace archsweep::runner {

class Optimizer {
 public:
  Optimizer(std::vector<ParameterGroup> groups, const TrainingSpec& spec);

  void zero_grad();
  // Scales the gradients so that their common L2 norm is at most `limit`.
  void clip_grad_norm(double limit);
  void step(const Rates& rates);

  // All that it remembers from step to step, by what it is and the parameter's key:
  // "first.fc.bias".
  archs::NamedTensors state() const;

 private:
  struct Group : ParameterGroup {
    std::vector<torch::Tensor> first, second, steps;
  };

  std::vector<Group> groups_;
  bool adamw_;
};

}  // namespace archsweep::runner
