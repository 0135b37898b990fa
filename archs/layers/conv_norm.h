#pragma once

// Convolution, batch or group norm and activation; images [n, in, h, w] -> [n, out, h', w']. timm
// ConvNormAct and its many copies, which differ in the names of the two parts.

#include <optional>
#include <string>

#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/normalization.h>
#include <torch/nn/pimpl.h>

#include "archs/layers/act.h"
#include "archs/layers/batch_norm.h"

namespace archsweep::archs {

struct ConvNormOptions {
  int kernel = 1;
  int stride = 1;
  int groups = 1;
  int dilation = 1;
  std::optional<int> padding = {};  // on each side; by default a stride of 1 keeps the size
  bool bias = false;
  Act act = Act::identity;
  int norm_group = 0;  // channels that group norm takes together; 0: batch norm
  double eps = 1e-5;
  double initial = 1;                      // weight of the norm before training
  std::string conv = "conv", norm = "bn";  // keys
};

class ConvNormImpl : public torch::nn::Module {
 public:
  ConvNormImpl(int in, int out, const ConvNormOptions& options = {});
  torch::Tensor forward(const torch::Tensor& x);

 private:
  torch::nn::Conv2d conv_{nullptr};
  BatchNorm2d norm_{nullptr};
  torch::nn::GroupNorm group_norm_{nullptr};
  Act act_;
};
TORCH_MODULE(ConvNorm);

}  // namespace archsweep::archs
