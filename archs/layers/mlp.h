#pragma once

// The two layers of a transformer's or ConvNeXt's block: fc1, activation, fc2. timm Mlp and
// GlobalResponseNormMlp, with drop 0.

#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/pimpl.h>

#include "archs/layers/activation.h"

namespace archsweep::archs {

// x + bias + weight * x * (|x| over its mean): arXiv 2301.00808. Maps [n, h, w, c] or [n, c, h, w].
class GlobalResponseNormImpl : public torch::nn::Module {
 public:
  GlobalResponseNormImpl(int channels, bool channels_last);
  torch::Tensor forward(const torch::Tensor& x);

 private:
  torch::Tensor weight_, bias_;
  bool channels_last_;
};
TORCH_MODULE(GlobalResponseNorm);

// On the last dimension; with `conv`, 1x1 convolutions on [n, c, h, w].
class MlpImpl : public torch::nn::Module {
 public:
  MlpImpl(int channels, int hidden, Act act, bool conv = false, bool response_norm = false);
  torch::Tensor forward(const torch::Tensor& x);

 private:
  torch::nn::Linear fc1_{nullptr}, fc2_{nullptr};
  torch::nn::Conv2d conv1_{nullptr}, conv2_{nullptr};  // under the same keys
  GlobalResponseNorm grn_{nullptr};
  Act act_;
};
TORCH_MODULE(Mlp);

}  // namespace archsweep::archs
