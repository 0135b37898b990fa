#include "archs/layers/conv_norm.h"

#include "archs/layers/activation.h"
#include "archs/layers/conv_same.h"

namespace archsweep::archs {

namespace nn = torch::nn;

ConvNormImpl::ConvNormImpl(int in, int out, const ConvNormOptions& o) : act_(o.act) {
  const int even = even_padding((o.kernel - 1) * o.dilation + 1);
  conv_ = register_module(o.conv, nn::Conv2d(nn::Conv2dOptions(in, out, o.kernel)
                                                 .stride(o.stride)
                                                 .padding(o.padding.value_or(even))
                                                 .dilation(o.dilation)
                                                 .groups(o.groups)
                                                 .bias(o.bias)));
  if (o.norm_group > 0)
    group_norm_ = register_module(
        o.norm, nn::GroupNorm(nn::GroupNormOptions(out / o.norm_group, out).eps(o.eps)));
  else
    norm_ = register_module(o.norm, BatchNorm2d(nn::BatchNorm2dOptions(out).eps(o.eps)));
  if (o.initial != 1) nn::init::constant_(norm_ ? norm_->weight : group_norm_->weight, o.initial);
}

torch::Tensor ConvNormImpl::forward(const torch::Tensor& x) {
  const auto y = conv_(x);
  return activate(act_, norm_ ? norm_(y) : group_norm_(y));
}

}  // namespace archsweep::archs
