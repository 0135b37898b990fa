#include "archs/families/convnext.h"

#include <numeric>

#include "archs/layers/activation.h"
#include "archs/layers/channels.h"
#include "archs/layers/drop_path.h"
#include "archs/layers/layer_groups.h"
#include "archs/layers/mlp.h"
#include "archs/layers/norm.h"
#include "archs/layers/pool.h"
#include "archs/layers/stage.h"
#include "archs/network.h"

namespace archsweep::archs::convnext {
namespace {

namespace nn = torch::nn;

// x + gamma * mlp(norm(depthwise(x))).
class BlockImpl : public nn::Module {
 public:
  BlockImpl(const Variant& v, int width, int kernel, double drop)
      : conv_mlp_(v.conv_mlp), drop_(drop) {
    if (!v.response_norm) gamma_ = register_parameter("gamma", torch::full(width, 1e-6));
    conv_dw_ = register_module(
        "conv_dw",
        nn::Conv2d(nn::Conv2dOptions(width, width, kernel).padding(kernel / 2).groups(width)));
    norm_ = register_module("norm", Norm2d(width, v.norm));
    mlp_ = register_module(
        "mlp", Mlp(width, 4 * width,
                   MlpOptions{.act = v.act, .conv = v.conv_mlp, .response_norm = v.response_norm}));
  }

  torch::Tensor forward(const torch::Tensor& input) {
    auto x = norm_(conv_dw_(input));
    x = conv_mlp_ ? mlp_(x) : mlp_(x.permute({0, 2, 3, 1})).permute({0, 3, 1, 2});
    if (gamma_.defined()) x = x * gamma_.view({1, -1, 1, 1});
    return drop_path(x, drop_, is_training()) + input;
  }

 private:
  torch::Tensor gamma_;
  nn::Conv2d conv_dw_{nullptr};
  Norm2d norm_{nullptr};
  Mlp mlp_{nullptr};
  bool conv_mlp_;
  double drop_;
};
TORCH_MODULE(Block);

// Norm and a strided 2x2 where the width changes, then the blocks.
class StageImpl : public DownsampledBlocks {
 public:
  // The network's block i drops its path with probability i * drop.
  StageImpl(const Variant& v, int stage, int in, int first_block, double drop) {
    const int width = v.widths[stage];
    if (stage > 0 || in != width) {
      const int stride = stage > 0 ? 2 : 1;
      downsample_ = nn::Sequential(Norm2d(in, v.norm),
                                   nn::Conv2d(nn::Conv2dOptions(in, width, stride).stride(stride)));
      register_module("downsample", downsample_);
    }
    for (int i = 0; i < v.depths[stage]; ++i)
      blocks_->push_back(Block(v, width, v.kernels[stage], (first_block + i) * drop));
    register_module("blocks", blocks_);
  }
};
TORCH_MODULE(Stage);

// Pool, norm, an optional hidden layer, classifier.
class HeadImpl : public nn::Module {
 public:
  HeadImpl(const Variant& v, const BuildOptions& o, int classes)
      : pool_(pool_or(o.global_pool, "avg")), drop_(o.drop_rate) {
    int width = v.widths[3];
    if (!v.head_norm_first) norm_ = register_module("norm", Norm2d(width, v.norm));
    if (v.head_hidden > 0) {
      hidden_ = nn::Linear(width, v.head_hidden);
      nn::Sequential pre_logits;
      register_module("pre_logits", pre_logits);
      pre_logits->register_module("fc", hidden_);
      width = v.head_hidden;
    }
    if (classes > 0) fc_ = register_module("fc", nn::Linear(width * pool_width(pool_), classes));
  }

  torch::Tensor forward(const torch::Tensor& features) {
    auto x = global_pool(pool_, features);
    if (norm_) x = norm_(x.unsqueeze(-1).unsqueeze(-1)).flatten(1);
    if (hidden_) x = torch::gelu(hidden_(x));
    if (drop_ > 0) x = torch::dropout(x, drop_, is_training());
    return fc_ ? fc_(x) : x;
  }

 private:
  std::string pool_;
  double drop_;
  Norm2d norm_{nullptr};
  nn::Linear hidden_{nullptr}, fc_{nullptr};
};
TORCH_MODULE(Head);

class ConvNeXt : public Network {
 public:
  ConvNeXt(const Variant& v, const BuildOptions& o) : depths_(v.depths) {
    const int first = v.widths[0];
    if (v.stem == Stem::patch) {
      stem_->push_back(nn::Conv2d(nn::Conv2dOptions(o.in_chans, first, 4).stride(4)));
    } else {
      const int mid = v.stem == Stem::overlap_tiered ? make_divisible(first / 2) : first;
      stem_->push_back(nn::Conv2d(nn::Conv2dOptions(o.in_chans, mid, 3).stride(2).padding(1)));
      if (v.stem == Stem::overlap_act)
        stem_->push_back(
            nn::Functional([act = v.act](const torch::Tensor& x) { return activate(act, x); }));
      stem_->push_back(nn::Conv2d(nn::Conv2dOptions(mid, first, 3).stride(2).padding(1)));
    }
    stem_->push_back(Norm2d(first, v.norm));
    register_module("stem", stem_);
    const int blocks = std::accumulate(v.depths.begin(), v.depths.end(), 0);
    for (int stage = 0, in = first, block = 0; stage < 4; in = v.widths[stage++]) {
      stages_->push_back(Stage(v, stage, in, block, o.drop_path_rate / std::max(1, blocks - 1)));
      block += v.depths[stage];
    }
    register_module("stages", stages_);
    num_features = v.widths[3];
    classifier = "head.fc";
    if (v.head_norm_first) norm_pre_ = register_module("norm_pre", Norm2d(num_features, v.norm));
    head_ = register_module("head", Head(v, o, o.num_classes < 0 ? 1000 : o.num_classes));
    for (auto& module : modules(/*include_self=*/false)) {
      if (auto* c = module->as<nn::Conv2d>()) init(c->weight, c->bias);
      if (auto* l = module->as<nn::Linear>()) init(l->weight, l->bias);
    }
  }

  torch::Tensor features(const torch::Tensor& images) override {
    auto x = stages_->forward(stem_->forward(images));  // 1/4, 1/8, 1/16, 1/32
    return norm_pre_ ? norm_pre_(x) : x;
  }

  torch::Tensor head(const torch::Tensor& features) override { return head_(features); }

  int layer_of(std::string_view key) const override {
    const int layer = layer_in_stages(key, "stem", depths_);
    return key.starts_with("norm_pre.") ? layer - 1 : layer;  // timm: with the last block
  }

 private:
  // Normal of deviation 0.02, cut off far outside, as good as never.
  static void init(torch::Tensor& weight, torch::Tensor& bias) {
    torch::NoGradGuard no_grad;
    weight.normal_(0, 0.02);
    if (bias.defined()) bias.zero_();
  }

  std::array<int, 4> depths_;
  nn::Sequential stem_, stages_;
  Norm2d norm_pre_{nullptr};
  Head head_{nullptr};
};

}  // namespace

std::shared_ptr<Network> build(const Variant& variant, const BuildOptions& options) {
  return std::make_shared<ConvNeXt>(variant, options);
}

}  // namespace archsweep::archs::convnext
