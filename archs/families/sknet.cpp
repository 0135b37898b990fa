#include "archs/families/sknet.h"

#include "archs/layers/batch_norm.h"
#include "archs/layers/channels.h"
#include "archs/layers/conv.h"
#include "archs/layers/conv_norm.h"
#include "archs/layers/resnet_block.h"

namespace archsweep::archs::sknet {
namespace {

namespace nn = torch::nn;

// Maps [n, kernels, c, h, w] to the weight of each in their sum, [n, kernels, c, 1, 1].
class SelectImpl : public nn::Module {
 public:
  SelectImpl(int channels, int squeezed) {
    fc_reduce_ = register_module("fc_reduce", conv(channels, squeezed, 1));
    bn_ = register_module("bn", BatchNorm2d(squeezed));
    fc_select_ = register_module("fc_select", conv(squeezed, 2 * channels, 1));
  }
  torch::Tensor forward(const torch::Tensor& maps) {
    const auto means = maps.sum(1).mean({2, 3}, /*keepdim=*/true);
    const auto scores = fc_select_(torch::relu(bn_(fc_reduce_(means))));
    return scores.reshape({maps.size(0), 2, -1, 1, 1}).softmax(1);
  }

 private:
  nn::Conv2d fc_reduce_{nullptr}, fc_select_{nullptr};
  BatchNorm2d bn_{nullptr};
};
TORCH_MODULE(Select);

// A 3x3 and a 5x5 convolution, the latter a 3x3 with gaps, weighed channel by channel.
class SelectiveKernelImpl : public nn::Module {
 public:
  SelectiveKernelImpl(const Variant& v, int in, int out, int stride) : split_(v.split_input) {
    for (const int dilation : {1, 2})
      paths_->push_back(ConvNorm(split_ ? in / 2 : in, out,
                                 ConvNormOptions{
                                     .kernel = 3,
                                     .stride = stride,
                                     .groups = v.groups,
                                     .dilation = dilation,
                                     .act = Act::relu,
                                 }));
    register_module("paths", paths_);
    attn_ = register_module("attn", Select(out, make_divisible(out * v.se_ratio, v.se_divisor)));
  }

  torch::Tensor forward(const torch::Tensor& x) {
    const auto halves = x.chunk(2, 1);
    const auto maps = torch::stack(
        {path(0)->forward(split_ ? halves[0] : x), path(1)->forward(split_ ? halves[1] : x)}, 1);
    return (maps * attn_(maps)).sum(1);
  }

 private:
  ConvNormImpl* path(int i) { return paths_[i]->as<ConvNorm>(); }

  bool split_;
  nn::ModuleList paths_;
  Select attn_{nullptr};
};
TORCH_MODULE(SelectiveKernel);

class BasicBlock : public resnet::Residual {
 public:
  BasicBlock(const Variant& v, const resnet::Place& p) : Residual(p) {
    conv1_ = register_module("conv1", SelectiveKernel(v, p.in, p.width, p.stride));
    conv2_ = register_module("conv2", ConvNorm(p.width, p.out, ConvNormOptions{.kernel = 3}));
    add_shortcut(v, p);
  }

 private:
  torch::Tensor path(const torch::Tensor& x) override { return conv2_(conv1_(x)); }

  SelectiveKernel conv1_{nullptr};
  ConvNorm conv2_{nullptr};
};

class Bottleneck : public resnet::Residual {
 public:
  Bottleneck(const Variant& v, const resnet::Place& p) : Residual(p) {
    const int mid = resnet::inner_width(v, p.width);
    conv1_ = register_module("conv1", ConvNorm(p.in, mid, ConvNormOptions{.act = Act::relu}));
    conv2_ = register_module("conv2", SelectiveKernel(v, mid, mid, p.stride));
    conv3_ = register_module("conv3", ConvNorm(mid, p.out));
    add_shortcut(v, p);
  }

 private:
  torch::Tensor path(const torch::Tensor& x) override { return conv3_(conv2_(conv1_(x))); }

  ConvNorm conv1_{nullptr}, conv3_{nullptr};
  SelectiveKernel conv2_{nullptr};
};

}  // namespace

std::shared_ptr<resnet::Residual> basic(const Variant& v, const resnet::Place& place) {
  return std::make_shared<BasicBlock>(v, place);
}

std::shared_ptr<resnet::Residual> bottleneck(const Variant& v, const resnet::Place& place) {
  return std::make_shared<Bottleneck>(v, place);
}

}  // namespace archsweep::archs::sknet
