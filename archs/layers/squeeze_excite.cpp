#include "archs/layers/squeeze_excite.h"

#include <algorithm>
#include <cmath>

#include "archs/layers/channels.h"

namespace archsweep::archs {

namespace nn = torch::nn;

SqueezeExciteImpl::SqueezeExciteImpl(int channels, double rd_ratio) {
  const int squeezed = make_divisible(channels * rd_ratio, 8, 0, /*round_limit=*/0);
  fc1_ = register_module("fc1", nn::Conv2d(nn::Conv2dOptions(channels, squeezed, 1)));
  fc2_ = register_module("fc2", nn::Conv2d(nn::Conv2dOptions(squeezed, channels, 1)));
}

torch::Tensor SqueezeExciteImpl::forward(const torch::Tensor& x) {
  return x * torch::sigmoid(fc2_(torch::relu(fc1_(x.mean({2, 3}, /*keepdim=*/true)))));
}

EcaImpl::EcaImpl(int channels) {
  const int t = static_cast<int>(std::abs(std::log2(channels) + 1) / 2);
  const int kernel = std::max(t % 2 ? t : t + 1, 3);
  conv_ = register_module(
      "conv", nn::Conv1d(nn::Conv1dOptions(1, 1, kernel).padding(kernel / 2).bias(false)));
}

torch::Tensor EcaImpl::forward(const torch::Tensor& x) {
  const auto weights = torch::sigmoid(conv_(x.mean({2, 3}).unsqueeze(1)));
  return x * weights.view({x.size(0), -1, 1, 1});
}

}  // namespace archsweep::archs
