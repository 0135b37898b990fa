#pragma once

// x * gamma, a learned factor a channel that starts small. timm LayerScale and LayerScale2d, and
// metaformer's Scale; paper: https://arxiv.org/abs/2103.17239.

#include <string>

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

namespace archsweep::archs {

// Over the last dimension, as tokens [n, tokens, c] have it.
class LayerScaleImpl : public torch::nn::Module {
 public:
  LayerScaleImpl(int channels, double initial, const std::string& key = "gamma");
  torch::Tensor forward(const torch::Tensor& x);

 protected:
  torch::Tensor gamma_;  // [c]
};
TORCH_MODULE(LayerScale);

// Over the channels of maps [n, c, h, w].
class LayerScale2dImpl : public LayerScaleImpl {
 public:
  using LayerScaleImpl::LayerScaleImpl;
  torch::Tensor forward(const torch::Tensor& x);
};
TORCH_MODULE(LayerScale2d);

}  // namespace archsweep::archs
