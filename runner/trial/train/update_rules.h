#pragma once

// What each optimizer does to parameters in one step: timm's and torch.optim's arithmetic in their
// order (tests/runner/trial/optimizer_test.cpp). Multi-tensor operators throughout: on a GPU one
// kernel for many parameters. adamw, adam, sgd and nesterov are LibTorch's fused kernels: one call
// a group instead of a dozen small operators a parameter, which limits small networks on CPU.

#include <array>
#include <string_view>
#include <vector>

#include <torch/types.h>

namespace archsweep::runner {

// Of parameters in step: all of a list belong to the parameter at the same place. Every tensor has
// its parameter's shape, but for the counts.
struct Updated {
  std::vector<torch::Tensor> parameters, grads;
  std::array<std::vector<torch::Tensor>, 4> memory;  // as many as the rule has
  std::vector<torch::Tensor> steps;                  // counts, this one included; if it counts
};

struct Hyperparameters {
  double learning_rate;
  double momentum;  // beta1
  double beta2;     // of the average of squared gradients
  double eps;
  double weight_decay;
};

struct UpdateRule {
  std::string_view optimizer;
  int memories;   // tensors that it remembers of a parameter; all begin as zeros, but:
  double second;  // what the second begins with
  bool counts;    // steps
  bool is_fused;  // walks memory: gradients must lie as their parameters do
  void (*apply)(const Updated&, const Hyperparameters&);
};

// Throws Error for a name that optimizer_kinds() does not list.
const UpdateRule& update_rule(std::string_view optimizer);

// Whether muon takes a parameter; adamw has the others: timm's rule.
bool is_for_muon(const torch::Tensor& parameter);

}  // namespace archsweep::runner
