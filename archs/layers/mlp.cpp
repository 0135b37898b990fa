#include "archs/layers/mlp.h"

#include "archs/layers/activation.h"
#include "archs/layers/linear.h"

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

MlpImpl::MlpImpl(int channels, int hidden, const MlpOptions& o) : act_(o.act) {
  if (o.conv) {
    conv1_ =
        register_module("fc1", nn::Conv2d(nn::Conv2dOptions(channels, hidden, 1).bias(o.bias)));
    conv2_ =
        register_module("fc2", nn::Conv2d(nn::Conv2dOptions(hidden, channels, 1).bias(o.bias)));
  } else {
    fc1_ = register_module("fc1", linear(channels, hidden, o.bias));
    fc2_ = register_module("fc2", linear(hidden, channels, o.bias));
  }
  if (o.star_relu) star_relu_ = register_module("act", StarRelu());
  if (o.response_norm)
    grn_ = register_module("grn", GlobalResponseNorm(hidden, /*channels_last=*/!o.conv));
  if (o.norm) norm_ = register_module("norm", Norm(hidden, *o.norm));
}

torch::Tensor MlpImpl::forward(const torch::Tensor& input) {
  auto x = conv1_ ? conv1_(input) : fc1_(input);
  x = star_relu_ ? star_relu_(x) : activate(act_, x);
  if (grn_) x = grn_(x);
  if (norm_) x = norm_(x);
  return conv2_ ? conv2_(x) : fc2_(x);
}

GatedMlpImpl::GatedMlpImpl(int channels, int hidden, const GatedMlpOptions& o)
    : act_(o.act), gate_last_(o.gate_last) {
  if (o.packed) {
    fc1_ = register_module("fc1", linear(channels, hidden, o.bias));
    fc2_ = register_module("fc2", linear(hidden / 2, channels, o.bias));
    return;
  }
  gate_ = register_module("fc1_g", linear(channels, hidden, o.bias));
  value_ = register_module("fc1_x", linear(channels, hidden, o.bias));
  fc2_ = register_module("fc2", linear(hidden, channels, o.bias));
}

torch::Tensor GatedMlpImpl::forward(const torch::Tensor& x) {
  if (!fc1_) return fc2_(activate(act_, gate_(x)) * value_(x));
  const auto halves = fc1_(x).chunk(2, -1);
  return fc2_(activate(act_, halves[gate_last_]) * halves[!gate_last_]);
}

void GatedMlpImpl::init_gate() {
  const torch::NoGradGuard no_grad;
  (fc1_ ? fc1_->weight.chunk(2)[1] : gate_->weight).normal_(0, 1e-6);
  const auto& bias = fc1_ ? fc1_->bias : gate_->bias;
  if (bias.defined()) (fc1_ ? bias.chunk(2)[1] : bias).fill_(1);
}

}  // namespace archsweep::archs
