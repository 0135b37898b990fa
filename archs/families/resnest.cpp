#include "archs/families/resnest.h"

#include "archs/layers/batch_norm.h"
#include "archs/layers/channels.h"
#include "archs/layers/conv.h"
#include "archs/layers/resnet_block.h"

namespace archsweep::archs::resnest {
namespace {

namespace nn = torch::nn;

// `radix` 3x3 convolutions of the same input, weighed channel by channel by what the means of
// their sum say; of one, by a sigmoid.
class SplitAttentionImpl : public nn::Module {
 public:
  SplitAttentionImpl(int channels, int radix, int groups) : radix_(radix), groups_(groups) {
    const int all = channels * radix, squeezed = make_divisible(all / 4.0, 8, 32);
    conv_ = register_module("conv", conv(channels, all, 3, 1, groups * radix));
    bn0_ = register_module("bn0", BatchNorm2d(all));
    fc1_ =
        register_module("fc1", nn::Conv2d(nn::Conv2dOptions(channels, squeezed, 1).groups(groups)));
    bn1_ = register_module("bn1", BatchNorm2d(squeezed));
    fc2_ = register_module("fc2", nn::Conv2d(nn::Conv2dOptions(squeezed, all, 1).groups(groups)));
  }

  torch::Tensor forward(const torch::Tensor& input) {
    const auto n = input.size(0);
    auto x = torch::relu(bn0_(conv_(input)));
    x = x.reshape({n, radix_, -1, x.size(2), x.size(3)});
    auto weights = x.sum(1).mean({2, 3}, /*keepdim=*/true);  // [n, c, 1, 1]
    weights = fc2_(torch::relu(bn1_(fc1_(weights))));        // [n, groups * radix * c/groups, 1, 1]
    weights = radix_ == 1 ? torch::sigmoid(weights)
                          : weights.reshape({n, groups_, radix_, -1}).softmax(2).transpose(1, 2);
    return (x * weights.reshape({n, radix_, -1, 1, 1})).sum(1);
  }

 private:
  int radix_, groups_;
  nn::Conv2d conv_{nullptr}, fc1_{nullptr}, fc2_{nullptr};
  BatchNorm2d bn0_{nullptr}, bn1_{nullptr};
};
TORCH_MODULE(SplitAttention);

// 1x1, split attention, 1x1; average pooling strides.
class SplitBlock : public resnet::Residual {
 public:
  SplitBlock(const Variant& v, const resnet::Place& p)
      : Residual(p), stride_(p.stride), pool_first_(v.pool_first) {
    const int mid = resnet::inner_width(v, p.width);
    conv1_ = register_module("conv1", conv(p.in, mid, 1));
    bn1_ = register_module("bn1", BatchNorm2d(mid));
    conv2_ = register_module("conv2", SplitAttention(mid, v.radix, v.groups));
    conv3_ = register_module("conv3", conv(mid, p.out, 1));
    bn3_ = register_module("bn3", BatchNorm2d(p.out));
    add_shortcut(v, p);
    nn::init::zeros_(bn3_->weight);  // the block starts as the identity
  }

 private:
  torch::Tensor path(const torch::Tensor& input) override {
    auto x = torch::relu(bn1_(conv1_(input)));
    if (pool_first_) x = pool(x);
    x = conv2_(x);
    if (!pool_first_) x = pool(x);
    return bn3_(conv3_(x));
  }

  torch::Tensor pool(const torch::Tensor& x) const {
    return stride_ == 1 ? x : torch::avg_pool2d(x, 3, stride_, 1);
  }

  int stride_;
  bool pool_first_;
  nn::Conv2d conv1_{nullptr}, conv3_{nullptr};
  BatchNorm2d bn1_{nullptr}, bn3_{nullptr};
  SplitAttention conv2_{nullptr};
};

}  // namespace

std::shared_ptr<resnet::Residual> block(const Variant& v, const resnet::Place& place) {
  return std::make_shared<SplitBlock>(v, place);
}

}  // namespace archsweep::archs::resnest
