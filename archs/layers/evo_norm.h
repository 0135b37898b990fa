#pragma once

// EvoNorm-S0: norm and activation found by one search, x * sigmoid(v * x) over the deviation of its
// group of channels; images [n, c, h, w]. timm EvoNorm2dS0; paper:
// https://arxiv.org/abs/2004.02967.

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

namespace archsweep::archs {

// Keys `weight`, `bias` and, where it is an activation too, `v`; else it only scales and shifts.
class EvoNormImpl : public torch::nn::Module {
 public:
  EvoNormImpl(int channels, int groups, bool act, double eps = 1e-5);
  torch::Tensor forward(const torch::Tensor& x);

 private:
  torch::Tensor weight_, bias_, v_;
  int groups_;
  double eps_;
};
TORCH_MODULE(EvoNorm);

}  // namespace archsweep::archs
