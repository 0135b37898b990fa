#include "archs/layers/norm_linear.h"

namespace archsweep::archs {

namespace nn = torch::nn;

NormLinearImpl::NormLinearImpl(int in, int out, const NormLinearOptions& o) : drop_(o.drop) {
  norm_ = register_module("bn", BatchNorm1d(in));
  linear_ = register_module(o.linear, nn::Linear(in, out));
  nn::init::normal_(linear_->weight, 0, 0.02);
  nn::init::zeros_(linear_->bias);
}

torch::Tensor NormLinearImpl::forward(const torch::Tensor& x) {
  return linear_(torch::dropout(norm_(x), drop_, is_training()));
}

NormLinearHead::NormLinearHead(nn::Module& owner, int channels, int classes, bool distilled,
                               const NormLinearOptions& o) {
  if (classes == 0) return;
  head_ = owner.register_module("head", NormLinear(channels, classes, o));
  if (distilled) distilled_ = owner.register_module("head_dist", NormLinear(channels, classes, o));
}

torch::Tensor NormLinearHead::operator()(const torch::Tensor& x) {
  if (!head_) return x;
  return distilled_ ? (head_(x) + distilled_(x)) / 2 : head_(x);
}

}  // namespace archsweep::archs
