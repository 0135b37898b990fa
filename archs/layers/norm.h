#pragma once

// Layer norm over the channels of maps [n, c, h, w]; keys `weight` and `bias`. timm LayerNorm2d.

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

namespace archsweep::archs {

class LayerNorm2dImpl : public torch::nn::Module {
 public:
  LayerNorm2dImpl(int channels, double eps);
  torch::Tensor forward(const torch::Tensor& x);

 private:
  torch::Tensor weight_, bias_;
  double eps_;
};
TORCH_MODULE(LayerNorm2d);

}  // namespace archsweep::archs
