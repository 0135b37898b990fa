#include "archs/families/repvit.h"

#include "archs/layers/batch_norm.h"
#include "archs/layers/conv_blocks.h"
#include "archs/layers/conv_stem.h"
#include "archs/layers/layer_groups.h"
#include "archs/layers/norm_linear.h"
#include "archs/layers/pool.h"
#include "archs/network.h"

namespace archsweep::archs::repvit {
namespace {

namespace nn = torch::nn;

ConvNorm depthwise(int width, int kernel, int stride = 1) {
  return ConvNorm(
      width, width,
      ConvNormOptions{.kernel = kernel, .stride = stride, .groups = width, .conv = "c"});
}

ConvMlp mlp(int width) {
  return ConvMlp(
      width, 2 * width,
      ConvMlpOptions{.act = Act::gelu, .conv = "c", .first = "conv1", .second = "conv2"});
}

// Depthwise 3x3, depthwise 1x1 and the input itself, added up.
class TokenMixerImpl : public nn::Module {
 public:
  TokenMixerImpl(int width, bool legacy) {
    conv_ = register_module("conv", depthwise(width, 3));
    point_ = legacy ? nn::AnyModule(depthwise(width, 1))
                    : nn::AnyModule(nn::Conv2d(nn::Conv2dOptions(width, width, 1).groups(width)));
    register_module("conv1", point_.ptr());
    if (!legacy) norm_ = register_module("bn", BatchNorm2d(width));
  }

  torch::Tensor forward(const torch::Tensor& x) {
    const auto sum = conv_(x) + point_.forward(x) + x;
    return norm_ ? norm_(sum) : sum;
  }

 private:
  ConvNorm conv_{nullptr};
  nn::AnyModule point_;
  BatchNorm2d norm_{nullptr};
};
TORCH_MODULE(TokenMixer);

// y = mixed over positions (and squeezed), then y + mlp(y).
class BlockImpl : public nn::Module {
 public:
  BlockImpl(int width, bool squeeze, bool legacy) {
    token_mixer_ = register_module("token_mixer", TokenMixer(width, legacy));
    if (squeeze)
      se_ = register_module("se", SqueezeExcite(width, squeezed_width(width, /*ratio=*/0.25)));
    channel_mixer_ = register_module("channel_mixer", mlp(width));
  }

  torch::Tensor forward(const torch::Tensor& input) {
    auto x = token_mixer_(input);
    if (se_) x = se_(x);
    return x + channel_mixer_(x);
  }

 private:
  TokenMixer token_mixer_{nullptr};
  SqueezeExcite se_{nullptr};
  ConvMlp channel_mixer_{nullptr};
};
TORCH_MODULE(Block);

// A block, half the side, the new width, an MLP.
class DownsampleImpl : public nn::Module {
 public:
  DownsampleImpl(int in, int out, bool legacy) {
    block_ = register_module("pre_block", Block(in, /*squeeze=*/false, legacy));
    spatial_ = register_module("spatial_downsample", depthwise(in, 3, /*stride=*/2));
    channel_ =
        register_module("channel_downsample", ConvNorm(in, out, ConvNormOptions{.conv = "c"}));
    ffn_ = register_module("ffn", mlp(out));
  }

  torch::Tensor forward(const torch::Tensor& input) {
    const auto x = channel_(spatial_(block_(input)));
    return x + ffn_(x);
  }

 private:
  Block block_{nullptr};
  ConvNorm spatial_{nullptr}, channel_{nullptr};
  ConvMlp ffn_{nullptr};
};
TORCH_MODULE(Downsample);

// Every other block squeezes and excites, the first does.
class StageImpl : public nn::Module {
 public:
  StageImpl(const Variant& v, int stage) {
    const int width = v.widths[stage];
    if (stage > 0)
      downsample_ = register_module("downsample", Downsample(v.widths[stage - 1], width, v.legacy));
    for (int i = 0; i < v.depths[stage]; ++i)
      blocks_->push_back(Block(width, /*squeeze=*/i % 2 == 0, v.legacy));
    register_module("blocks", blocks_);
  }

  torch::Tensor forward(const torch::Tensor& x) {
    return blocks_->forward(downsample_ ? downsample_(x) : x);
  }

 private:
  Downsample downsample_{nullptr};
  nn::Sequential blocks_;
};
TORCH_MODULE(Stage);

class RepViT : public Network {
 public:
  RepViT(const Variant& v, const BuildOptions& o) : depths_(v.depths), drop_rate_(o.drop_rate) {
    TORCH_CHECK(o.drop_path_rate == 0, v.name, ": has no stochastic depth");
    TORCH_CHECK(pool_or(o.global_pool, "avg") == "avg", v.name, ": global_pool '", o.global_pool,
                "' is not possible");
    stem_ = register_module(
        "stem", conv_stem(o.in_chans, v.widths[0], {.convs = 2, .act = Act::gelu, .conv = "c"}));
    for (int stage = 0; stage < 4; ++stage) stages_->push_back(Stage(v, stage));
    register_module("stages", stages_);
    num_features = v.widths[3];
    classifier = "head.head.l";
    const auto heads = register_module("head", std::make_shared<nn::Module>());
    head_ = NormLinearHead(*heads, num_features, o.num_classes < 0 ? 1000 : o.num_classes,
                           /*distilled=*/true, {.linear = "l"});
  }

  torch::Tensor features(const torch::Tensor& images) override {
    return stages_->forward(stem_->forward(images));  // 1/4, 1/8, 1/16, 1/32
  }

  torch::Tensor head(const torch::Tensor& features) override {
    return head_(torch::dropout(features.mean({2, 3}), drop_rate_, is_training()));
  }

  int layer_of(std::string_view key) const override {
    return layer_in_stages(key, "stem", depths_);
  }

 private:
  std::array<int, 4> depths_;
  double drop_rate_;
  nn::Sequential stem_{nullptr}, stages_;
  NormLinearHead head_;
};

}  // namespace

std::shared_ptr<Network> build(const Variant& variant, const BuildOptions& options) {
  return std::make_shared<RepViT>(variant, options);
}

}  // namespace archsweep::archs::repvit
