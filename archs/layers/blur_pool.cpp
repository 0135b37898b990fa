#include "archs/layers/blur_pool.h"

#include <torch/nn/functional/conv.h>
#include <torch/nn/functional/padding.h>
#include <torch/types.h>

namespace archsweep::archs {

namespace F = torch::nn::functional;

BlurPoolImpl::BlurPoolImpl(int channels) {
  const auto line = torch::tensor({0.25f, 0.5f, 0.25f});
  filter_ = register_buffer("~filt", torch::outer(line, line).repeat({channels, 1, 1, 1}));
}

torch::Tensor BlurPoolImpl::forward(const torch::Tensor& x) {
  const auto padded = F::pad(x, F::PadFuncOptions({1, 1, 1, 1}).mode(torch::kReflect));
  return F::conv2d(padded, filter_, F::Conv2dFuncOptions().stride(2).groups(filter_.size(0)));
}

}  // namespace archsweep::archs
