#include "archs/families/res2net.h"

#include "archs/layers/batch_norm.h"
#include "archs/layers/conv.h"
#include "archs/layers/resnet_block.h"

namespace archsweep::archs::res2net {
namespace {

namespace nn = torch::nn;

// 1x1, then a 3x3 for each part of the channels but the last, each also given the result before
// it, then 1x1. A stage's first block leaves its parts apart.
class ScalesBlock : public resnet::Residual {
 public:
  ScalesBlock(const Variant& v, const resnet::Place& p)
      : Residual(p), scale_(v.scale), stride_(p.stride), apart_(p.project) {
    const int part = resnet::inner_width(v, p.width);
    conv1_ = register_module("conv1", conv(p.in, part * scale_, 1));
    bn1_ = register_module("bn1", BatchNorm2d(part * scale_));
    for (int i = 0; i < scale_ - 1; ++i) {
      convs_->push_back(conv(part, part, 3, stride_, v.groups));
      bns_->push_back(BatchNorm2d(part));
    }
    register_module("convs", convs_);
    register_module("bns", bns_);
    conv3_ = register_module("conv3", conv(part * scale_, p.out, 1));
    bn3_ = register_module("bn3", BatchNorm2d(p.out));
    add_shortcut(v, p);
    nn::init::zeros_(bn3_->weight);  // the block starts as the identity
  }

 private:
  torch::Tensor path(const torch::Tensor& input) override {
    const auto parts = torch::relu(bn1_(conv1_(input))).chunk(scale_, 1);
    std::vector<torch::Tensor> results;
    for (int i = 0; i < scale_ - 1; ++i) {
      const auto x = i == 0 || apart_ ? parts[i] : results.back() + parts[i];
      const auto y = convs_[i]->as<nn::Conv2d>()->forward(x);
      results.push_back(torch::relu(bns_[i]->as<BatchNorm2d>()->forward(y)));
    }
    results.push_back(apart_ ? torch::avg_pool2d(parts.back(), 3, stride_, 1) : parts.back());
    return bn3_(conv3_(torch::cat(results, 1)));
  }

  int scale_, stride_;
  bool apart_;
  nn::Conv2d conv1_{nullptr}, conv3_{nullptr};
  BatchNorm2d bn1_{nullptr}, bn3_{nullptr};
  nn::ModuleList convs_, bns_;
};

}  // namespace

std::shared_ptr<resnet::Residual> block(const Variant& v, const resnet::Place& place) {
  return std::make_shared<ScalesBlock>(v, place);
}

}  // namespace archsweep::archs::res2net
