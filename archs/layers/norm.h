#pragma once

// Norms over channels; keys `weight` and, of layer and group norm, `bias`. timm layers/norm.py.

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include "archs/layers/norm_options.h"

namespace archsweep::archs {

// Over the last dimension, as tokens [n, tokens, c] have it. timm LayerNorm, RmsNorm, SimpleNorm.
class NormImpl : public torch::nn::Module {
 public:
  NormImpl(int channels, NormOptions options);
  torch::Tensor forward(const torch::Tensor& x);
  torch::Tensor weight;  // [c]

 protected:
  torch::Tensor bias_;
  NormOptions options_;
};
TORCH_MODULE(Norm);

// Over the channels of maps [n, c, h, w]. timm LayerNorm2d, RmsNorm2d, SimpleNorm2d.
class Norm2dImpl : public NormImpl {
 public:
  using NormImpl::NormImpl;
  torch::Tensor forward(const torch::Tensor& x);
};
TORCH_MODULE(Norm2d);

// Layer norm over all channels and pixels of maps [n, c, h, w]. timm GroupNorm1.
class GroupNorm1Impl : public NormImpl {
 public:
  using NormImpl::NormImpl;
  torch::Tensor forward(const torch::Tensor& x);
};
TORCH_MODULE(GroupNorm1);

}  // namespace archsweep::archs
