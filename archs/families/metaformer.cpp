#include "archs/families/metaformer.h"

#include <charconv>
#include <numeric>

#include "archs/layers/attention.h"
#include "archs/layers/drop_path.h"
#include "archs/layers/layer_scale.h"
#include "archs/layers/mlp.h"
#include "archs/layers/norm.h"
#include "archs/layers/pool.h"
#include "archs/layers/scalar_affine.h"
#include "archs/network.h"

namespace archsweep::archs::metaformer {
namespace {

namespace nn = torch::nn;

bool first_paper(const Variant& v) {
  return v.layer_scale > 0;
}

// Each pixel's neighbourhood of 3x3, less the pixel.
class PoolingImpl : public nn::Module {
 public:
  torch::Tensor forward(const torch::Tensor& x) {
    return torch::avg_pool2d(x, 3, 1, 1, /*ceil_mode=*/false, /*count_include_pad=*/false) - x;
  }
};
TORCH_MODULE(Pooling);

// MobileNetV2's inverted separable convolution: to twice the width, depthwise 7x7, back.
class SeparableImpl : public nn::Module {
 public:
  explicit SeparableImpl(int width) {
    const int mid = 2 * width;
    pwconv1_ = register_module("pwconv1", conv(width, mid, 1));
    act1_ = register_module("act1", StarRelu());
    dwconv_ = register_module("dwconv", conv(mid, mid, 7, mid));
    pwconv2_ = register_module("pwconv2", conv(mid, width, 1));
  }

  torch::Tensor forward(const torch::Tensor& x) { return pwconv2_(dwconv_(act1_(pwconv1_(x)))); }

 private:
  static nn::Conv2d conv(int in, int out, int kernel, int groups = 1) {
    return nn::Conv2d(
        nn::Conv2dOptions(in, out, kernel).padding(kernel / 2).groups(groups).bias(false));
  }

  nn::Conv2d pwconv1_{nullptr}, dwconv_{nullptr}, pwconv2_{nullptr};
  StarRelu act1_{nullptr};
};
TORCH_MODULE(Separable);

nn::AnyModule mixer_of(Mixer mixer, int width) {
  switch (mixer) {
    case Mixer::pooling:
      return nn::AnyModule(Pooling());
    case Mixer::separable:
      return nn::AnyModule(Separable(width));
    default:
      return nn::AnyModule(
          Attention(width, width / 32, AttentionOptions{.qkv_bias = false, .proj_bias = false}));
  }
}

nn::AnyModule norm_of(const Variant& v, Mixer mixer, int width) {
  const auto options = first_paper(v) ? NormOptions{.eps = 1e-5} : NormOptions{.bias = false};
  if (mixer == Mixer::pooling) return nn::AnyModule(GroupNorm1(width, options));
  if (mixer == Mixer::separable) return nn::AnyModule(Norm2d(width, options));
  return nn::AnyModule(Norm(width, options));
}

// residual_scale(x) + layer_scale(path(norm(x))), of which a block has one scale or none. In stages
// of attention x is tokens [n, tokens, width], else a map. Its parts are registered in `owner`
// under timm's numbers.
class Residual {
 public:
  Residual(nn::Module& owner, const std::string& number, const Variant& v, int stage,
           const std::string& name, nn::AnyModule path, double drop)
      : path_(std::move(path)), drop_(drop) {
    const int width = v.widths[stage];
    const Mixer mixer = v.mixers[stage];
    const auto scale = [&](const std::string& key, double initial) {
      auto module = mixer == Mixer::attention
                        ? nn::AnyModule(LayerScale(width, initial, "scale"))
                        : nn::AnyModule(LayerScale2d(width, initial, "scale"));
      owner.register_module(key + number, module.ptr());
      return module;
    };
    norm_ = norm_of(v, mixer, width);
    owner.register_module("norm" + number, norm_.ptr());
    owner.register_module(name, path_.ptr());
    if (first_paper(v))
      layer_scale_ = scale("layer_scale", v.layer_scale);
    else if (stage >= 2)
      residual_scale_ = scale("res_scale", 1);
  }

  torch::Tensor operator()(const torch::Tensor& input, bool training) {
    auto x = drop_path(path_.forward(norm_.forward(input)), drop_, training);
    if (!layer_scale_.is_empty()) x = layer_scale_.forward(x);
    return (residual_scale_.is_empty() ? input : residual_scale_.forward(input)) + x;
  }

 private:
  nn::AnyModule norm_, path_, layer_scale_, residual_scale_;
  double drop_;
};

// A transformer's block: mix the tokens, then the channels of each.
class BlockImpl : public nn::Module {
 public:
  BlockImpl(const Variant& v, int stage, double drop)
      : tokens_(*this, "1", v, stage, "token_mixer", mixer_of(v.mixers[stage], v.widths[stage]),
                drop),
        channels_(*this, "2", v, stage, "mlp", mlp_of(v, stage), drop) {}

  torch::Tensor forward(const torch::Tensor& x) {
    return channels_(tokens_(x, is_training()), is_training());
  }

 private:
  static nn::AnyModule mlp_of(const Variant& v, int stage) {
    return nn::AnyModule(Mlp(v.widths[stage], 4 * v.widths[stage],
                             MlpOptions{.conv = v.mixers[stage] != Mixer::attention,
                                        .star_relu = !first_paper(v),
                                        .bias = first_paper(v)}));
  }

  Residual tokens_, channels_;
};
TORCH_MODULE(Block);

// A strided convolution and a norm, which comes after the stem's and before the others.
class DownsampleImpl : public nn::Module {
 public:
  DownsampleImpl(const Variant& v, int in, int out, bool stem) : stem_(stem) {
    if (!first_paper(v))
      norm_ = register_module("norm", Norm2d(stem ? out : in, NormOptions{.bias = false}));
    conv_ = register_module("conv",
                            nn::Conv2d(stem ? nn::Conv2dOptions(in, out, 7).stride(4).padding(2)
                                            : nn::Conv2dOptions(in, out, 3).stride(2).padding(1)));
  }

  torch::Tensor forward(const torch::Tensor& x) {
    if (!norm_) return conv_(x);
    return stem_ ? norm_(conv_(x)) : conv_(norm_(x));
  }

 private:
  Norm2d norm_{nullptr};
  nn::Conv2d conv_{nullptr};
  bool stem_;
};
TORCH_MODULE(Downsample);

class StageImpl : public nn::Module {
 public:
  // `before`: blocks of the earlier stages; `drop`: of a block over its number.
  StageImpl(const Variant& v, int stage, int before, double drop)
      : tokens_(v.mixers[stage] == Mixer::attention) {
    if (stage > 0)
      downsample_ = register_module(
          "downsample", Downsample(v, v.widths[stage - 1], v.widths[stage], /*stem=*/false));
    for (int i = 0; i < v.depths[stage]; ++i)
      blocks_->push_back(Block(v, stage, drop * (before + i)));
    register_module("blocks", blocks_);
  }

  torch::Tensor forward(const torch::Tensor& input) {
    const auto x = downsample_ ? downsample_(input) : input;
    if (!tokens_) return blocks_->forward(x);
    return blocks_->forward(x.flatten(2).transpose(1, 2)).transpose(1, 2).reshape(x.sizes());
  }

 private:
  Downsample downsample_{nullptr};
  nn::Sequential blocks_;
  bool tokens_;
};
TORCH_MODULE(Stage);

// Classifier with a hidden layer, squared relu and a norm.
class MlpHeadImpl : public nn::Module {
 public:
  MlpHeadImpl(int width, int classes) {
    fc1_ = register_module("fc1", nn::Linear(width, 4 * width));
    norm_ = register_module("norm", Norm(4 * width, NormOptions{}));
    fc2_ = register_module("fc2", nn::Linear(4 * width, classes));
  }

  torch::Tensor forward(const torch::Tensor& x) {
    return fc2_(norm_(torch::relu(fc1_(x)).square()));
  }

 private:
  nn::Linear fc1_{nullptr}, fc2_{nullptr};
  Norm norm_{nullptr};
};
TORCH_MODULE(MlpHead);

// Pool, norm, classifier.
class HeadImpl : public nn::Module {
 public:
  HeadImpl(const Variant& v, const BuildOptions& o, bool hidden)
      : pool_(pool_or(o.global_pool, "avg")), drop_rate_(o.drop_rate) {
    TORCH_CHECK(pool_width(pool_) == 1, v.name, ": global_pool '", pool_, "' is not possible");
    norm_ = register_module("norm", Norm(v.widths[3], NormOptions{}));
    const int classes = o.num_classes < 0 ? 1000 : o.num_classes;
    if (classes == 0) return;
    fc_ = hidden ? nn::AnyModule(MlpHead(v.widths[3], classes))
                 : nn::AnyModule(nn::Linear(v.widths[3], classes));
    register_module("fc", fc_.ptr());
  }

  torch::Tensor forward(const torch::Tensor& features) {
    auto x = norm_(global_pool(pool_, features));
    if (drop_rate_ > 0) x = torch::dropout(x, drop_rate_, is_training());
    return fc_.is_empty() ? x : fc_.forward(x);
  }

 private:
  std::string pool_;
  double drop_rate_;
  Norm norm_{nullptr};
  nn::AnyModule fc_;
};
TORCH_MODULE(Head);

class MetaFormer : public Network {
 public:
  MetaFormer(const Variant& v, const BuildOptions& o) : depths_(v.depths) {
    stem_ = register_module("stem", Downsample(v, o.in_chans, v.widths[0], /*stem=*/true));
    const int blocks = std::accumulate(v.depths.begin(), v.depths.end(), 0);
    const double drop = o.drop_path_rate / std::max(1, blocks - 1);
    for (int stage = 0, before = 0; stage < 4; before += v.depths[stage++])
      stages_->push_back(Stage(v, stage, before, drop));
    register_module("stages", stages_);
    const bool hidden = v.mixers != pooling;
    head_ = register_module("head", Head(v, o, hidden));
    num_features = v.widths[3];
    classifier = hidden ? "head.fc.fc2" : "head.fc";
    for (auto& module : modules(/*include_self=*/false)) {
      if (auto* c = module->as<nn::Conv2d>()) init(c->weight, c->bias);
      if (auto* l = module->as<nn::Linear>()) init(l->weight, l->bias);
    }
  }

  torch::Tensor features(const torch::Tensor& images) override {
    return stages_->forward(stem_(images));  // 1/4; 1/4, 1/8, 1/16, 1/32
  }

  torch::Tensor head(const torch::Tensor& features) override { return head_(features); }

  int layer_of(std::string_view key) const override {
    const auto first = [&](int stage) {
      return std::accumulate(depths_.begin(), depths_.begin() + stage, 1);
    };
    if (key.starts_with("stem")) return 0;
    if (!key.starts_with("stages.")) return first(4);
    int block = 0;
    if (const auto at = key.find("blocks."); at != key.npos)
      std::from_chars(key.data() + at + 7, key.data() + key.size(), block);
    return first(key[7] - '0') + block;
  }

 private:
  static void init(torch::Tensor& weight, torch::Tensor& bias) {
    nn::init::normal_(weight, 0, 0.02);
    if (bias.defined()) nn::init::zeros_(bias);
  }

  std::array<int, 4> depths_;
  Downsample stem_{nullptr};
  nn::Sequential stages_;
  Head head_{nullptr};
};

}  // namespace

std::shared_ptr<Network> build(const Variant& variant, const BuildOptions& options) {
  return std::make_shared<MetaFormer>(variant, options);
}

}  // namespace archsweep::archs::metaformer
