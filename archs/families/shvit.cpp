#include "archs/families/shvit.h"

#include "archs/layers/conv_blocks.h"
#include "archs/layers/conv_stem.h"
#include "archs/layers/layer_groups.h"
#include "archs/layers/map_attention.h"
#include "archs/layers/norm_linear.h"
#include "archs/layers/pool.h"
#include "archs/layers/stage.h"
#include "archs/network.h"

namespace archsweep::archs::shvit {
namespace {

namespace nn = torch::nn;

constexpr int key_width = 16;

ConvNorm pointwise(int in, int out, double initial = 1) {
  return ConvNorm(in, out, ConvNormOptions{.initial = initial, .conv = "c"});
}

// Attention over the first `attended` channels, then a layer over all.
class SingleHeadAttentionImpl : public nn::Module {
 public:
  SingleHeadAttentionImpl(int width, int attended) : attended_(attended) {
    norm_ =
        register_module("pre_norm", nn::GroupNorm(nn::GroupNormOptions(/*groups=*/1, attended)));
    qkv_ = register_module("qkv", pointwise(attended, 2 * key_width + attended));
    proj_ =
        register_module("proj", nn::Sequential(nn::ReLU(), pointwise(width, width, /*initial=*/0)));
  }

  torch::Tensor forward(const torch::Tensor& x) {
    const auto parts = x.split_with_sizes({attended_, x.size(1) - attended_}, 1);
    const auto qkv =
        qkv_(norm_(parts[0])).flatten(2).split_with_sizes({key_width, key_width, attended_}, 1);
    const auto mixed = attend(qkv[0], qkv[1], qkv[2]).view_as(parts[0]);
    return proj_->forward(torch::cat({mixed, parts[1]}, 1));
  }

 private:
  int attended_;
  nn::GroupNorm norm_{nullptr};
  ConvNorm qkv_{nullptr};
  nn::Sequential proj_{nullptr};
};
TORCH_MODULE(SingleHeadAttention);

// Depthwise convolution, attention where the stage has it, MLP; each residual.
class BlockImpl : public nn::Module {
 public:
  BlockImpl(int width, int attended) {
    conv_ = register_module("conv", residual_depthwise(width, "c", /*initial=*/0));
    if (attended > 0)
      mixer_ =
          register_module("mixer", Residual(nn::AnyModule(SingleHeadAttention(width, attended))));
    ffn_ = register_module("ffn", residual_mlp(width, "c"));
  }

  torch::Tensor forward(const torch::Tensor& input) {
    const auto x = conv_(input);
    return ffn_(mixer_ ? mixer_(x) : x);
  }

 private:
  Residual conv_{nullptr}, mixer_{nullptr}, ffn_{nullptr};
};
TORCH_MODULE(Block);

// Half the side between two depthwise convolutions and MLPs, except in the first stage; the blocks.
class StageImpl : public DownsampledBlocks {
 public:
  StageImpl(const Variant& v, int stage) {
    const int out = v.widths[stage];
    if (stage > 0) {
      const int in = v.widths[stage - 1];
      downsample_ = nn::Sequential(residual_depthwise(in, "c"), residual_mlp(in, "c"),
                                   ConvMerging(in, out, "c"), residual_depthwise(out, "c"),
                                   residual_mlp(out, "c"));
      register_module("downsample", downsample_);
    }
    for (int i = 0; i < v.depths[stage]; ++i) blocks_->push_back(Block(out, v.attended[stage]));
    register_module("blocks", blocks_);
  }
};
TORCH_MODULE(Stage);

class ShViT : public Network {
 public:
  ShViT(const Variant& v, const BuildOptions& o)
      : depths_(v.depths), pool_(pool_or(o.global_pool, "avg")), drop_rate_(o.drop_rate) {
    TORCH_CHECK(o.drop_path_rate == 0, v.name, ": has no stochastic depth");
    TORCH_CHECK(pool_width(pool_) == 1, v.name, ": global_pool '", pool_, "' is not possible");
    stem_ = register_module("patch_embed",
                            conv_stem(o.in_chans, v.widths[0], {.conv = "c", .numbered = true}));
    for (int stage = 0; stage < 3; ++stage) stages_->push_back(Stage(v, stage));
    register_module("stages", stages_);
    num_features = v.widths[2];
    classifier = "head.l";
    head_ = NormLinearHead(*this, num_features, o.num_classes < 0 ? 1000 : o.num_classes,
                           /*distilled=*/false, {.linear = "l"});
  }

  torch::Tensor features(const torch::Tensor& images) override {
    return stages_->forward(stem_->forward(images));  // 1/16, 1/32, 1/64
  }

  torch::Tensor head(const torch::Tensor& features) override {
    return head_(torch::dropout(global_pool(pool_, features), drop_rate_, is_training()));
  }

  int layer_of(std::string_view key) const override {
    return layer_in_stages(key, "patch_embed", depths_);
  }

 private:
  std::array<int, 3> depths_;
  std::string pool_;
  double drop_rate_;
  nn::Sequential stem_{nullptr}, stages_;
  NormLinearHead head_;
};

}  // namespace

std::shared_ptr<Network> build(const Variant& variant, const BuildOptions& options) {
  return std::make_shared<ShViT>(variant, options);
}

}  // namespace archsweep::archs::shvit
