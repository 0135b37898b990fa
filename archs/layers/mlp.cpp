#include "archs/layers/mlp.h"

namespace archsweep::archs {

namespace nn = torch::nn;

GlobalResponseNormImpl::GlobalResponseNormImpl(int channels, bool channels_last)
    : channels_last_(channels_last) {
  weight_ = register_parameter("weight", torch::zeros(channels));
  bias_ = register_parameter("bias", torch::zeros(channels));
}

torch::Tensor GlobalResponseNormImpl::forward(const torch::Tensor& x) {
  const auto space =
      channels_last_ ? std::vector<std::int64_t>{1, 2} : std::vector<std::int64_t>{2, 3};
  const auto shape = channels_last_ ? std::vector<std::int64_t>{1, 1, 1, -1}
                                    : std::vector<std::int64_t>{1, -1, 1, 1};
  const auto length = x.norm(2, space, /*keepdim=*/true);
  const auto relative = length / (length.mean(channels_last_ ? -1 : 1, /*keepdim=*/true) + 1e-6);
  return x + torch::addcmul(bias_.view(shape), weight_.view(shape), x * relative);
}

MlpImpl::MlpImpl(int channels, int hidden, Act act, bool conv, bool response_norm) : act_(act) {
  if (conv) {
    conv1_ = register_module("fc1", nn::Conv2d(nn::Conv2dOptions(channels, hidden, 1)));
    conv2_ = register_module("fc2", nn::Conv2d(nn::Conv2dOptions(hidden, channels, 1)));
  } else {
    fc1_ = register_module("fc1", nn::Linear(channels, hidden));
    fc2_ = register_module("fc2", nn::Linear(hidden, channels));
  }
  if (response_norm)
    grn_ = register_module("grn", GlobalResponseNorm(hidden, /*channels_last=*/!conv));
}

torch::Tensor MlpImpl::forward(const torch::Tensor& input) {
  auto x = activate(act_, conv1_ ? conv1_(input) : fc1_(input));
  if (grn_) x = grn_(x);
  return conv2_ ? conv2_(x) : fc2_(x);
}

}  // namespace archsweep::archs
