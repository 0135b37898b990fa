#pragma once

// Activations with two learned numbers; keys `scale` and `bias`, of one element each.

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

namespace archsweep::archs {

// scale * x + bias. timm LearnableAffineBlock.
class ScalarAffineImpl : public torch::nn::Module {
 public:
  ScalarAffineImpl();
  torch::Tensor forward(const torch::Tensor& x);

 private:
  torch::Tensor scale_, bias_;
};
TORCH_MODULE(ScalarAffine);

// scale * relu(x)^2 + bias. timm StarReLU; paper: https://arxiv.org/abs/2210.13452.
class StarReluImpl : public ScalarAffineImpl {
 public:
  torch::Tensor forward(const torch::Tensor& x);
};
TORCH_MODULE(StarRelu);

}  // namespace archsweep::archs
