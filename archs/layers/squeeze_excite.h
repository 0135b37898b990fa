#pragma once

// Channel attention. Images [n, c, h, w] -> the same shape.

#include <string>

#include <torch/nn/modules/conv.h>
#include <torch/nn/pimpl.h>

#include "archs/layers/act.h"
#include "archs/layers/batch_norm.h"
#include "archs/layers/channels.h"

namespace archsweep::archs {

struct SqueezeExciteOptions {
  Act act = Act::relu;      // between the layers
  Act gate = Act::sigmoid;  // of the factors
  bool norm = false;        // batch norm after the first layer; key `bn`
  bool add_max = false;     // the mean and the maximum of a channel, half each, are squeezed
  std::string reduce = "fc1", expand = "fc2";  // keys
};

// Squeeze-and-excitation: each channel times what the means of all channels say of it. timm
// SEModule, SqueezeExcite; paper: https://arxiv.org/abs/1709.01507.
class SqueezeExciteImpl : public torch::nn::Module {
 public:
  // `squeezed`: width between the two layers.
  SqueezeExciteImpl(int channels, int squeezed, const SqueezeExciteOptions& options = {});
  torch::Tensor forward(const torch::Tensor& x);

 private:
  torch::nn::Conv2d reduce_{nullptr}, expand_{nullptr};
  BatchNorm2d norm_{nullptr};
  SqueezeExciteOptions options_;
};
TORCH_MODULE(SqueezeExcite);

// timm SEModule's rounding of the squeezed width: to a multiple of `divisor`, at least one.
inline int squeezed_width(int channels, double ratio, int divisor = 8) {
  return make_divisible(channels * ratio, divisor, 0, /*round_limit=*/0);
}

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
