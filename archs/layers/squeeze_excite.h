#pragma once

// Channel attention. Images [n, c, h, w] -> the same shape.

#include <torch/nn/modules/conv.h>
#include <torch/nn/pimpl.h>

namespace archsweep::archs {

// Squeeze-and-excitation, arXiv 1709.01507; timm SEModule. Squeezed width: a multiple of 8 near
// rd_ratio * channels.
class SqueezeExciteImpl : public torch::nn::Module {
 public:
  explicit SqueezeExciteImpl(int channels, double rd_ratio = 1.0 / 16);
  torch::Tensor forward(const torch::Tensor& x);

 private:
  torch::nn::Conv2d fc1_{nullptr}, fc2_{nullptr};
};
TORCH_MODULE(SqueezeExcite);

// Efficient channel attention, arXiv 1910.03151; timm EcaModule. A convolution along the channels.
class EcaImpl : public torch::nn::Module {
 public:
  explicit EcaImpl(int channels);
  torch::Tensor forward(const torch::Tensor& x);

 private:
  torch::nn::Conv1d conv_{nullptr};
};
TORCH_MODULE(Eca);

}  // namespace archsweep::archs
