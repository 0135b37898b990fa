#include "archs/families/vision_transformer.h"

#include <charconv>

#include "archs/layers/attention.h"
#include "archs/layers/drop_path.h"
#include "archs/layers/mlp.h"
#include "archs/network.h"

namespace archsweep::archs::vision_transformer {
namespace {

namespace nn = torch::nn;

nn::LayerNorm norm(int width) {
  return nn::LayerNorm(nn::LayerNormOptions({width}).eps(1e-6));
}

// x * gamma, which starts small.
class LayerScaleImpl : public nn::Module {
 public:
  LayerScaleImpl(int width, double initial) {
    gamma_ = register_parameter("gamma", torch::full(width, initial));
  }
  torch::Tensor forward(const torch::Tensor& x) { return x * gamma_; }

 private:
  torch::Tensor gamma_;
};
TORCH_MODULE(LayerScale);

// x + attention(norm(x)), then x + mlp(norm(x)).
class BlockImpl : public nn::Module {
 public:
  BlockImpl(const Variant& v, double drop) : drop_(drop) {
    norm1_ = register_module("norm1", norm(v.width));
    attn_ = register_module("attn", Attention(v.width, v.heads));
    norm2_ = register_module("norm2", norm(v.width));
    mlp_ = register_module("mlp", Mlp(v.width, v.mlp_ratio * v.width, Act::gelu));
    if (v.layer_scale == 0) return;
    ls1_ = register_module("ls1", LayerScale(v.width, v.layer_scale));
    ls2_ = register_module("ls2", LayerScale(v.width, v.layer_scale));
  }

  torch::Tensor forward(const torch::Tensor& input) {
    auto path = attn_(norm1_(input));
    const auto x = input + drop_path(ls1_ ? ls1_(path) : path, drop_, is_training());
    path = mlp_(norm2_(x));
    return x + drop_path(ls2_ ? ls2_(path) : path, drop_, is_training());
  }

 private:
  nn::LayerNorm norm1_{nullptr}, norm2_{nullptr};
  Attention attn_{nullptr};
  Mlp mlp_{nullptr};
  LayerScale ls1_{nullptr}, ls2_{nullptr};
  double drop_;
};
TORCH_MODULE(Block);

// One strided convolution; key `patch_embed.proj`.
class PatchEmbedImpl : public nn::Module {
 public:
  PatchEmbedImpl(int in_chans, int width, int patch) {
    proj_ = register_module("proj",
                            nn::Conv2d(nn::Conv2dOptions(in_chans, width, patch).stride(patch)));
  }
  torch::Tensor forward(const torch::Tensor& images) {
    return proj_(images).flatten(2).transpose(1, 2);
  }

 private:
  nn::Conv2d proj_{nullptr};
};
TORCH_MODULE(PatchEmbed);

class VisionTransformer : public Network {
 public:
  VisionTransformer(const Variant& v, const BuildOptions& o)
      : depth_(v.depth),
        prefix_(v.class_token + v.registers),
        drop_rate_(o.drop_rate),
        pool_(o.global_pool.empty() ? std::string(v.pool) : o.global_pool) {
    const int side = o.image_size > 0 ? o.image_size : v.preprocessing.input_size;
    TORCH_CHECK(side >= v.patch, v.name, ": an image of ", side,
                " pixels is smaller than a patch of ", v.patch);
    TORCH_CHECK(pool_ == "avg" || (pool_ == "token" && v.class_token), v.name, ": global_pool '",
                pool_, "' is not possible");
    const int grid = side / v.patch;
    if (v.class_token)
      cls_token_ = register_parameter("cls_token", torch::randn({1, 1, v.width}) * 1e-6);
    if (v.registers > 0)
      reg_token_ = register_parameter("reg_token", torch::randn({1, v.registers, v.width}) * 1e-6);
    pos_embed_ =
        register_parameter("pos_embed", torch::randn({1, grid * grid + prefix_, v.width}) * 0.02);
    patch_embed_ = register_module("patch_embed", PatchEmbed(o.in_chans, v.width, v.patch));
    for (int i = 0; i < v.depth; ++i)
      blocks_->push_back(Block(v, o.drop_path_rate * i / std::max(1, v.depth - 1)));
    register_module("blocks", blocks_);
    // The mean of the patches is normalised after it is taken, the class token before.
    norm_ = register_module(pool_ == "avg" ? "fc_norm" : "norm", norm(v.width));
    num_features = v.width;
    classifier = "head";
    const int classes = o.num_classes < 0 ? v.classes : o.num_classes;
    if (classes > 0) head_ = register_module("head", nn::Linear(v.width, classes));
    torch::NoGradGuard no_grad;
    for (auto& module : modules(/*include_self=*/false))
      if (auto* linear = module->as<nn::Linear>()) {
        linear->weight.normal_(0, 0.02);
        linear->bias.zero_();
      }
  }

  torch::Tensor features(const torch::Tensor& images) override {
    auto x = patch_embed_(images);  // [n, grid * grid, width]
    std::vector<torch::Tensor> tokens;
    if (cls_token_.defined()) tokens.push_back(cls_token_.expand({x.size(0), -1, -1}));
    if (reg_token_.defined()) tokens.push_back(reg_token_.expand({x.size(0), -1, -1}));
    tokens.push_back(x);
    x = blocks_->forward(torch::cat(tokens, 1) + pos_embed_);
    return pool_ == "avg" ? x : norm_(x);
  }

  torch::Tensor head(const torch::Tensor& features) override {
    auto x = pool_ == "avg" ? norm_(features.slice(1, prefix_).mean(1)) : features.select(1, 0);
    if (drop_rate_ > 0) x = torch::dropout(x, drop_rate_, is_training());
    return head_ ? head_(x) : x;
  }

  int layer_of(std::string_view key) const override {
    if (key.starts_with("blocks.")) {
      int block = 0;
      std::from_chars(key.data() + 7, key.data() + key.size(), block);
      return 1 + block;
    }
    return key.starts_with("norm") || key.starts_with("fc_norm") || key.starts_with("head")
               ? depth_ + 1
               : 0;
  }

 private:
  int depth_, prefix_;
  double drop_rate_;
  std::string pool_;
  torch::Tensor cls_token_, reg_token_, pos_embed_;
  PatchEmbed patch_embed_{nullptr};
  nn::Sequential blocks_;
  nn::LayerNorm norm_{nullptr};
  nn::Linear head_{nullptr};
};

}  // namespace

std::shared_ptr<Network> build(const Variant& variant, const BuildOptions& options) {
  return std::make_shared<VisionTransformer>(variant, options);
}

}  // namespace archsweep::archs::vision_transformer
