#pragma once

// An exponential moving average (EMA) of the weights and buffers of a network, as timm's ModelEmaV3
// keeps it: what is validated and kept in place of the weights that are trained.

#include <vector>

#include <torch/types.h>

#include "archs/network.h"
#include "archs/weights/tensors.h"
#include "runner/trial/spec.h"

namespace archsweep::runner {

class WeightAverage {
 public:
  // Off, and all below does nothing, where spec.ema is 0.
  WeightAverage(const archs::Network& network, const TrainingSpec& spec);

  bool is_on() const { return decay_ > 0; }
  // After each step. The first takes the weights as they are.
  void update();
  // The network gets the average and this the network's weights; the next call undoes it.
  void swap();

  // "weights.KEY" and "steps": the live tensors.
  archs::NamedTensors state() const;

 private:
  double decay_;
  bool warmup_;
  std::vector<std::string> keys_;
  std::vector<torch::Tensor> network_, average_;  // at the same places
  torch::Tensor steps_;                           // on the CPU
};

}  // namespace archsweep::runner
