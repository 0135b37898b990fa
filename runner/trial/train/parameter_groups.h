#pragma once

// How the parameters of a network differ in training.

#include <string>
#include <vector>

#include <torch/types.h>

#include "archs/network.h"
#include "runner/trial/spec.h"

namespace archsweep::runner {

struct ParameterGroup {
  double weight_decay = 0;
  double lr_scale = 1;            // of the schedule's learning rate
  bool is_head = false;           // the last of the network's layer groups
  std::vector<std::string> keys;  // of the parameters
  std::vector<torch::Tensor> parameters;
};

// Weight decay leaves norms, biases (whatever has one dimension) and tables of positions alone, as
// timm's recipes do. With layer_decay the learning rate falls by it from each of the network's
// layer groups to the one before, as timm's param_groups_layer_decay has it.
std::vector<ParameterGroup> parameter_groups(const archs::Network& network,
                                             const TrainingSpec& spec);

// Whether the body learns; its norms always do (fastai's freeze with train_bn).
void set_body_learns(const archs::Network& network, bool learns);

}  // namespace archsweep::runner
