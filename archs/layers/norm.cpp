#include "archs/layers/norm.h"

#include <torch/types.h>

namespace archsweep::archs {

LayerNorm2dImpl::LayerNorm2dImpl(int channels, double eps) : eps_(eps) {
  weight_ = register_parameter("weight", torch::ones(channels));
  bias_ = register_parameter("bias", torch::zeros(channels));
}

torch::Tensor LayerNorm2dImpl::forward(const torch::Tensor& x) {
  return torch::layer_norm(x.permute({0, 2, 3, 1}), weight_.sizes(), weight_, bias_, eps_)
      .permute({0, 3, 1, 2});
}

}  // namespace archsweep::archs
