#include "archs/layers/resnet_block.h"

#include "archs/layers/batch_norm.h"
#include "archs/layers/conv.h"
#include "archs/layers/drop_path.h"

namespace archsweep::archs::resnet {

namespace nn = torch::nn;

nn::AnyModule norm(const Variant& v, int channels) {
  if (v.group_norm) return nn::AnyModule(nn::GroupNorm(nn::GroupNormOptions(32, channels)));
  return nn::AnyModule(BatchNorm2d(channels));
}

torch::Tensor Residual::forward(const torch::Tensor& x) {
  return torch::relu(drop_path(path(x), drop_path_, is_training()) +
                     (downsample_.is_empty() ? x : downsample_->forward(x)));
}

void Residual::add_shortcut(const Variant& v, const Place& p) {
  if (!p.project) return;
  nn::Sequential shortcut;
  if (v.avg_down) {
    if (p.stride == 1)
      shortcut->push_back(nn::Identity());
    else
      shortcut->push_back(nn::AvgPool2d(
          nn::AvgPool2dOptions(2).stride(p.stride).ceil_mode(true).count_include_pad(false)));
    shortcut->push_back(conv(p.in, p.out, 1));
  } else {
    shortcut->push_back(conv(p.in, p.out, p.stride == 1 ? 1 : v.down_kernel, p.stride));
  }
  shortcut->push_back(norm(v, p.out));
  downsample_ = register_module("downsample", shortcut);
}

}  // namespace archsweep::archs::resnet
