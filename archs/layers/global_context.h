#pragma once

// Global context: channel attention whose squeeze is a mean that one learned map of attention
// weights; images [n, c, h, w] -> the same shape. Keys `conv_attn`, `mlp_scale`. timm GlobalContext
// with its defaults; paper: https://arxiv.org/abs/1904.11492.

#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/pimpl.h>

#include "archs/layers/act.h"

namespace archsweep::archs {

class GlobalContextImpl : public torch::nn::Module {
 public:
  // `squeezed`: width between the two layers; `act`: the activation there.
  GlobalContextImpl(int channels, int squeezed, Act act = Act::relu);
  torch::Tensor forward(const torch::Tensor& x);

 private:
  torch::nn::Conv2d attention_{nullptr};
  torch::nn::Sequential scale_;
};
TORCH_MODULE(GlobalContext);

}  // namespace archsweep::archs
