#include "archs/families/starnet.h"

#include <charconv>
#include <numeric>

#include "archs/layers/activation.h"
#include "archs/layers/batch_norm.h"
#include "archs/layers/conv_norm.h"
#include "archs/layers/drop_path.h"
#include "archs/layers/pool.h"
#include "archs/network.h"

namespace archsweep::archs::starnet {
namespace {

namespace nn = torch::nn;

// A convolution that keeps the size, alone in a module; key `conv`.
nn::Sequential conv(int in, int out, int kernel, int groups = 1) {
  nn::Sequential alone;
  alone->push_back(
      "conv", nn::Conv2d(nn::Conv2dOptions(in, out, kernel).padding(kernel / 2).groups(groups)));
  return alone;
}

ConvNorm halving(int in, int out) {
  return ConvNorm(in, out, ConvNormOptions{.kernel = 3, .stride = 2, .bias = true});
}

// x + depthwise(g(relu6(f1(y)) * f2(y))), y = depthwise(x).
class BlockImpl : public nn::Module {
 public:
  BlockImpl(int width, int hidden, double drop) : drop_(drop) {
    dwconv_ = register_module(
        "dwconv",
        ConvNorm(width, width, ConvNormOptions{.kernel = 7, .groups = width, .bias = true}));
    f1_ = register_module("f1", conv(width, hidden, 1));
    f2_ = register_module("f2", conv(width, hidden, 1));
    g_ = register_module("g", ConvNorm(hidden, width, ConvNormOptions{.bias = true}));
    dwconv2_ = register_module("dwconv2", conv(width, width, 7, width));
  }

  torch::Tensor forward(const torch::Tensor& input) {
    const auto x = dwconv_(input);
    const auto star = activate(Act::relu6, f1_->forward(x)) * f2_->forward(x);
    return input + drop_path(dwconv2_->forward(g_(star)), drop_, is_training());
  }

 private:
  ConvNorm dwconv_{nullptr}, g_{nullptr};
  nn::Sequential f1_{nullptr}, f2_{nullptr}, dwconv2_{nullptr};
  double drop_;
};
TORCH_MODULE(Block);

class StarNet : public Network {
 public:
  StarNet(const Variant& v, const BuildOptions& o)
      : depths_(v.depths), drop_rate_(o.drop_rate), pool_(pool_or(o.global_pool, "avg")) {
    int in = 32;
    stem_->push_back(
        ConvNorm(o.in_chans, in,
                 ConvNormOptions{.kernel = 3, .stride = 2, .bias = true, .act = Act::relu6}));
    register_module("stem", stem_);
    nn::ModuleList stages;
    const int blocks = std::accumulate(v.depths.begin(), v.depths.end(), 0);
    for (int stage = 0, block = 0; stage < 4; ++stage) {
      const int width = v.width << stage;
      nn::Sequential layers(halving(in, width));
      for (int i = 0; i < v.depths[stage]; ++i, ++block)
        layers->push_back(
            Block(width, v.mlp_ratio * width, o.drop_path_rate * block / std::max(1, blocks - 1)));
      stages_.push_back(layers);
      stages->push_back(layers);
      in = width;
    }
    register_module("stages", stages);
    norm_ = register_module("norm", BatchNorm2d(in));
    num_features = in;
    classifier = "head";
    const int classes = o.num_classes < 0 ? 1000 : o.num_classes;
    if (classes > 0) head_ = register_module("head", nn::Linear(in * pool_width(pool_), classes));
    for (auto& module : modules(/*include_self=*/false)) {
      if (auto* c = module->as<nn::Conv2d>()) nn::init::normal_(c->weight, 0, 0.02);
      if (auto* l = module->as<nn::Linear>()) {
        nn::init::normal_(l->weight, 0, 0.02);
        nn::init::zeros_(l->bias);
      }
    }
  }

  torch::Tensor features(const torch::Tensor& images) override {
    auto x = stem_->forward(images);                    // 1/2
    for (auto& stage : stages_) x = stage->forward(x);  // 1/4, 1/8, 1/16, 1/32
    return norm_(x);
  }

  torch::Tensor head(const torch::Tensor& features) override {
    auto x = global_pool(pool_, features);
    if (drop_rate_ > 0) x = torch::dropout(x, drop_rate_, is_training());
    return head_ ? head_(x) : x;
  }

  int layer_of(std::string_view key) const override {
    if (key.starts_with("stem")) return 0;
    // What halves the map counts as a block of its stage.
    const auto first = [&](int stage) {
      return std::accumulate(depths_.begin(), depths_.begin() + stage, 1 + stage);
    };
    if (key.starts_with("norm.")) return first(4) - 1;  // timm: with the last block
    if (!key.starts_with("stages.")) return first(4);
    int block = 0;
    std::from_chars(key.data() + 9, key.data() + key.size(), block);
    return first(key[7] - '0') + block;
  }

 private:
  std::array<int, 4> depths_;
  double drop_rate_;
  std::string pool_;
  nn::Sequential stem_;
  std::vector<nn::Sequential> stages_;
  BatchNorm2d norm_{nullptr};
  nn::Linear head_{nullptr};
};

}  // namespace

std::shared_ptr<Network> build(const Variant& variant, const BuildOptions& options) {
  return std::make_shared<StarNet>(variant, options);
}

}  // namespace archsweep::archs::starnet
