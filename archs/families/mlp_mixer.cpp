#include "archs/families/mlp_mixer.h"

#include <charconv>
#include <cmath>
#include <numbers>

#include "archs/layers/drop_path.h"
#include "archs/layers/mlp.h"
#include "archs/layers/norm.h"
#include "archs/network.h"

namespace archsweep::archs::mlp_mixer {
namespace {

namespace nn = torch::nn;

// alpha * x + beta, ResMLP's stand-in for a norm.
class AffineImpl : public nn::Module {
 public:
  explicit AffineImpl(int width) {
    alpha_ = register_parameter("alpha", torch::ones({1, 1, width}));
    beta_ = register_parameter("beta", torch::zeros({1, 1, width}));
  }

  torch::Tensor forward(const torch::Tensor& x) { return torch::addcmul(beta_, alpha_, x); }

 private:
  torch::Tensor alpha_, beta_;
};
TORCH_MODULE(Affine);

// One of a mixer's blocks, [n, tokens, width] to the same.
class Block : public nn::Module {
 public:
  virtual torch::Tensor forward(const torch::Tensor& x) = 0;
};

// MLPs along the tokens and along the channels.
class MixerBlock : public Block {
 public:
  MixerBlock(const Variant& v, int tokens, double drop) : drop_(drop) {
    const bool gated = v.block == BlockKind::gated_mixer;
    norm1_ = register_module("norm1", Norm(v.width, NormOptions{}));
    mlp_tokens_ = mlp(gated, tokens, gated ? v.width : v.width / 2);
    register_module("mlp_tokens", mlp_tokens_.ptr());
    norm2_ = register_module("norm2", Norm(v.width, NormOptions{}));
    mlp_channels_ = mlp(gated, v.width, 4 * v.width);
    register_module("mlp_channels", mlp_channels_.ptr());
  }

  torch::Tensor forward(const torch::Tensor& input) override {
    const auto mixed = mlp_tokens_.forward(norm1_(input).transpose(1, 2)).transpose(1, 2);
    const auto x = input + drop_path(mixed, drop_, is_training());
    return x + drop_path(mlp_channels_.forward(norm2_(x)), drop_, is_training());
  }

 private:
  static nn::AnyModule mlp(bool gated, int channels, int hidden) {
    if (!gated) return nn::AnyModule(Mlp(channels, hidden, MlpOptions{}));
    return nn::AnyModule(
        GatedMlp(channels, hidden, GatedMlpOptions{.packed = true, .gate_last = true}));
  }

  Norm norm1_{nullptr}, norm2_{nullptr};
  nn::AnyModule mlp_tokens_, mlp_channels_;
  double drop_;
};

// A linear layer along the tokens, an MLP along the channels.
class ResidualBlock : public Block {
 public:
  ResidualBlock(const Variant& v, int tokens, double drop) : drop_(drop) {
    ls1_ = register_parameter("ls1", torch::full(v.width, v.layer_scale));
    ls2_ = register_parameter("ls2", torch::full(v.width, v.layer_scale));
    norm1_ = register_module("norm1", Affine(v.width));
    linear_tokens_ = register_module("linear_tokens", nn::Linear(tokens, tokens));
    norm2_ = register_module("norm2", Affine(v.width));
    mlp_channels_ = register_module("mlp_channels", Mlp(v.width, 4 * v.width, MlpOptions{}));
  }

  torch::Tensor forward(const torch::Tensor& input) override {
    const auto mixed = linear_tokens_(norm1_(input).transpose(1, 2)).transpose(1, 2);
    const auto x = input + drop_path(ls1_ * mixed, drop_, is_training());
    return x + drop_path(ls2_ * mlp_channels_(norm2_(x)), drop_, is_training());
  }

 private:
  torch::Tensor ls1_, ls2_;
  Affine norm1_{nullptr}, norm2_{nullptr};
  nn::Linear linear_tokens_{nullptr};
  Mlp mlp_channels_{nullptr};
  double drop_;
};

// a * linear(norm(b)) along the tokens, of the halves a and b of the channels.
class SpatialGateImpl : public nn::Module {
 public:
  SpatialGateImpl(int channels, int tokens) {
    norm_ = register_module("norm", Norm(channels / 2, NormOptions{.eps = 1e-5}));
    proj = register_module("proj", nn::Linear(tokens, tokens));
  }

  torch::Tensor forward(const torch::Tensor& x) {
    const auto halves = x.chunk(2, -1);
    return halves[0] * proj(norm_(halves[1]).transpose(1, 2)).transpose(1, 2);
  }

  nn::Linear proj{nullptr};

 private:
  Norm norm_{nullptr};
};
TORCH_MODULE(SpatialGate);

// One MLP, with the spatial gate between its layers.
class SpatialMlpImpl : public nn::Module {
 public:
  SpatialMlpImpl(int width, int hidden, int tokens) {
    fc1_ = register_module("fc1", nn::Linear(width, hidden));
    gate_ = register_module("gate", SpatialGate(hidden, tokens));
    fc2_ = register_module("fc2", nn::Linear(hidden / 2, width));
  }

  torch::Tensor forward(const torch::Tensor& x) { return fc2_(gate_(torch::gelu(fc1_(x)))); }

 private:
  nn::Linear fc1_{nullptr}, fc2_{nullptr};
  SpatialGate gate_{nullptr};
};
TORCH_MODULE(SpatialMlp);

class GatingBlock : public Block {
 public:
  GatingBlock(const Variant& v, int tokens, double drop) : drop_(drop) {
    norm_ = register_module("norm", Norm(v.width, NormOptions{}));
    mlp_ = register_module("mlp_channels", SpatialMlp(v.width, 6 * v.width, tokens));
  }

  torch::Tensor forward(const torch::Tensor& x) override {
    return x + drop_path(mlp_(norm_(x)), drop_, is_training());
  }

 private:
  Norm norm_{nullptr};
  SpatialMlp mlp_{nullptr};
  double drop_;
};

std::shared_ptr<Block> block_of(const Variant& v, int tokens, double drop) {
  switch (v.block) {
    case BlockKind::residual:
      return std::make_shared<ResidualBlock>(v, tokens, drop);
    case BlockKind::gating:
      return std::make_shared<GatingBlock>(v, tokens, drop);
    default:
      return std::make_shared<MixerBlock>(v, tokens, drop);
  }
}

// Flax's initial weights: of convolutions LeCun's normal, cut off at two deviations, of linear
// layers Glorot's uniform; the classifier 0, and gates all but open.
void init_weights(nn::Module& network) {
  const torch::NoGradGuard no_grad;
  for (const auto& item : network.named_modules("", /*include_self=*/false)) {
    auto& module = *item.value();
    if (auto* conv = module.as<nn::Conv2d>()) {
      const double inside = std::erf(std::numbers::sqrt2);
      const double deviation = 1 / std::sqrt(conv->weight[0].numel()) / 0.87962566103423978;
      conv->weight.uniform_(-inside, inside).erfinv_().mul_(std::numbers::sqrt2 * deviation);
      conv->bias.zero_();
    }
    if (auto* linear = module.as<nn::Linear>()) {
      if (item.key() == "head") {
        linear->weight.zero_();
        linear->bias.zero_();
        continue;
      }
      nn::init::xavier_uniform_(linear->weight);
      linear->bias.normal_(0, item.key().find("mlp") == std::string::npos ? 0 : 1e-6);
    }
  }
  // After the layers that these override.
  for (const auto& module : network.modules(/*include_self=*/false)) {
    if (auto* gate = module->as<SpatialGate>()) {
      gate->proj->weight.normal_(0, 1e-6);
      gate->proj->bias.fill_(1);
    }
    if (auto* mlp = module->as<GatedMlp>()) mlp->init_gate();
  }
}

class MlpMixer : public Network {
 public:
  MlpMixer(const Variant& v, const BuildOptions& o) : depth_(v.depth), drop_rate_(o.drop_rate) {
    const int side = o.image_size > 0 ? o.image_size : v.preprocessing.input_size;
    TORCH_CHECK(side >= v.patch, v.name, ": an image of ", side,
                " pixels is smaller than a patch of ", v.patch);
    TORCH_CHECK(o.global_pool.empty() || o.global_pool == "avg", v.name, ": global_pool '",
                o.global_pool, "' is not possible");
    const int tokens = (side / v.patch) * (side / v.patch);
    stem_->push_back("proj",
                     nn::Conv2d(nn::Conv2dOptions(o.in_chans, v.width, v.patch).stride(v.patch)));
    register_module("stem", stem_);
    nn::ModuleList blocks;
    for (int i = 0; i < v.depth; ++i) {
      blocks_.push_back(block_of(v, tokens, o.drop_path_rate));
      blocks->push_back(blocks_.back());
    }
    register_module("blocks", blocks);
    norm_ = v.block == BlockKind::residual ? nn::AnyModule(Affine(v.width))
                                           : nn::AnyModule(Norm(v.width, NormOptions{}));
    register_module("norm", norm_.ptr());
    num_features = v.width;
    classifier = "head";
    const int classes = o.num_classes < 0 ? 1000 : o.num_classes;
    if (classes > 0) head_ = register_module("head", nn::Linear(v.width, classes));
    init_weights(*this);
  }

  torch::Tensor features(const torch::Tensor& images) override {
    auto x = stem_->forward(images).flatten(2).transpose(1, 2);  // [n, tokens, width]
    for (const auto& block : blocks_) x = block->forward(x);
    return norm_.forward(x);
  }

  torch::Tensor head(const torch::Tensor& features) override {
    auto x = features.mean(1);
    if (drop_rate_ > 0) x = torch::dropout(x, drop_rate_, is_training());
    return head_ ? head_(x) : x;
  }

  int layer_of(std::string_view key) const override {
    if (key.starts_with("stem")) return 0;
    if (key.starts_with("norm.")) return depth_;  // timm: with the last block
    if (!key.starts_with("blocks.")) return depth_ + 1;
    int block = 0;
    std::from_chars(key.data() + 7, key.data() + key.size(), block);
    return 1 + block;
  }

 private:
  int depth_;
  double drop_rate_;
  nn::Sequential stem_;
  std::vector<std::shared_ptr<Block>> blocks_;
  nn::AnyModule norm_;
  nn::Linear head_{nullptr};
};

}  // namespace

std::shared_ptr<Network> build(const Variant& variant, const BuildOptions& options) {
  return std::make_shared<MlpMixer>(variant, options);
}

}  // namespace archsweep::archs::mlp_mixer
