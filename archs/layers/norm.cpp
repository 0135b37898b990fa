#include "archs/layers/norm.h"

#include <torch/types.h>

namespace archsweep::archs {

NormImpl::NormImpl(int channels, NormOptions options) : options_(options) {
  weight = register_parameter("weight", torch::ones(channels));
  if (options.kind == NormKind::layer && options.bias)
    bias_ = register_parameter("bias", torch::zeros(channels));
}

torch::Tensor NormImpl::forward(const torch::Tensor& x) {
  const double eps = options_.eps;
  switch (options_.kind) {
    case NormKind::rms:
      return x * torch::rsqrt(x.square().mean(-1, /*keepdim=*/true) + eps) * weight;
    case NormKind::simple:
      return x * torch::rsqrt(x.var(-1, /*unbiased=*/true, /*keepdim=*/true) + eps) * weight;
    default:
      return torch::layer_norm(x, weight.sizes(), weight, bias_, eps);
  }
}

torch::Tensor Norm2dImpl::forward(const torch::Tensor& x) {
  return NormImpl::forward(x.permute({0, 2, 3, 1})).permute({0, 3, 1, 2});
}

torch::Tensor GroupNorm1Impl::forward(const torch::Tensor& x) {
  return torch::group_norm(x, 1, weight, bias_, options_.eps);
}

}  // namespace archsweep::archs
