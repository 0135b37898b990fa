#include "archs/layers/evo_norm.h"

namespace archsweep::archs {

EvoNormImpl::EvoNormImpl(int channels, int groups, bool act, double eps)
    : groups_(groups), eps_(eps) {
  weight_ = register_parameter("weight", torch::ones(channels));
  bias_ = register_parameter("bias", torch::zeros(channels));
  if (act) v_ = register_parameter("v", torch::ones(channels));
}

torch::Tensor EvoNormImpl::forward(const torch::Tensor& x) {
  const auto a_channel = [](const torch::Tensor& t) { return t.view({1, -1, 1, 1}); };
  auto y = x;
  if (v_.defined()) {
    const auto grouped = (x * torch::sigmoid(x * a_channel(v_))).unflatten(1, {groups_, -1});
    const auto variance =
        x.unflatten(1, {groups_, -1}).var({2, 3, 4}, /*unbiased=*/false, /*keepdim=*/true);
    y = (grouped / (variance + eps_).sqrt()).flatten(1, 2);
  }
  return y * a_channel(weight_) + a_channel(bias_);
}

}  // namespace archsweep::archs
