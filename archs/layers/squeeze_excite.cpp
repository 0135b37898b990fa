#include "archs/layers/squeeze_excite.h"

#include <algorithm>
#include <cmath>

#include "archs/layers/activation.h"

namespace archsweep::archs {

namespace nn = torch::nn;

SqueezeExciteImpl::SqueezeExciteImpl(int channels, int squeezed, const SqueezeExciteOptions& o)
    : options_(o) {
  reduce_ = register_module(o.reduce, nn::Conv2d(nn::Conv2dOptions(channels, squeezed, 1)));
  if (o.norm) norm_ = register_module("bn", BatchNorm2d(squeezed));
  expand_ = register_module(o.expand, nn::Conv2d(nn::Conv2dOptions(squeezed, channels, 1)));
}

torch::Tensor SqueezeExciteImpl::forward(const torch::Tensor& x) {
  auto s = x.mean({2, 3}, /*keepdim=*/true);
  if (options_.add_max) s = 0.5 * s + 0.5 * x.amax({2, 3}, /*keepdim=*/true);
  s = reduce_(s);
  if (norm_) s = norm_(s);
  return x * activate(options_.gate, expand_(activate(options_.act, s)));
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
