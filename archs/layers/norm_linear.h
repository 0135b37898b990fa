#pragma once

// Classifiers that normalise pooled features [n, c] over the batch; keys `bn` and `linear`. timm
// NormLinear of levit, efficientvit_msra, repvit, shvit.

#include <string>

#include <torch/nn/modules/linear.h>
#include <torch/nn/pimpl.h>

#include "archs/layers/batch_norm.h"

namespace archsweep::archs {

struct NormLinearOptions {
  double drop = 0;                // dropout between the two
  std::string linear = "linear";  // key
};

class NormLinearImpl : public torch::nn::Module {
 public:
  NormLinearImpl(int in, int out, const NormLinearOptions& options);
  torch::Tensor forward(const torch::Tensor& x);

 private:
  BatchNorm1d norm_{nullptr};
  torch::nn::Linear linear_{nullptr};
  double drop_;
};
TORCH_MODULE(NormLinear);

// Features [n, c] to logits [n, classes], or the features themselves where there are no classes.
// Registered in the module that owns it as `head` and, where distilled, as `head_dist` too: the
// logits are then the mean of both.
class NormLinearHead {
 public:
  NormLinearHead() = default;
  NormLinearHead(torch::nn::Module& owner, int channels, int classes, bool distilled,
                 const NormLinearOptions& options);
  torch::Tensor operator()(const torch::Tensor& x);

 private:
  NormLinear head_{nullptr}, distilled_{nullptr};
};

}  // namespace archsweep::archs
