#include "archs/families/vision_transformer.h"

#include <charconv>

#include "archs/layers/activation.h"
#include "archs/layers/attention.h"
#include "archs/layers/drop_path.h"
#include "archs/layers/layer_scale.h"
#include "archs/layers/mlp.h"
#include "archs/layers/norm.h"
#include "archs/network.h"

namespace archsweep::archs::vision_transformer {
namespace {

namespace nn = torch::nn;

AttentionOptions attention_options(const Variant& v, int block) {
  AttentionOptions o{.qkv_bias = v.qkv_bias, .proj_bias = v.proj_bias};
  if (v.qk_norm) o.qk_norm = v.norm;
  if (v.inner_norm) o.out_norm = v.norm;
  if (v.differential) o.differential = block;
  return o;
}

int hidden_width(const Variant& v) {
  return static_cast<int>(v.width * v.mlp_ratio);
}

nn::AnyModule mlp_of(const Variant& v) {
  if (v.mlp != MlpKind::plain)
    return nn::AnyModule(
        GatedMlp(v.width, hidden_width(v),
                 GatedMlpOptions{
                     .act = v.act, .packed = v.mlp == MlpKind::gated_packed, .bias = v.proj_bias}));
  MlpOptions o{.act = v.act, .bias = v.proj_bias};
  if (v.inner_norm) o.norm = v.norm;
  return nn::AnyModule(Mlp(v.width, hidden_width(v), o));
}

// A norm, then attention or MLP, then the scale; the paths of a parallel block.
nn::Sequential path_of(const Variant& v, const char* name, const nn::AnyModule& layer) {
  nn::Sequential path;
  path->push_back("norm", Norm(v.width, v.norm));
  path->push_back(name, layer);
  if (v.layer_scale > 0) path->push_back("ls", LayerScale(v.width, v.layer_scale));
  return path;
}

// One of a transformer's blocks, [n, tokens, width] to the same.
class Block : public nn::Module {
 public:
  virtual torch::Tensor forward(const torch::Tensor& x) = 0;
};

class PreNormBlock : public Block {
 public:
  PreNormBlock(const Variant& v, int block, double drop) : drop_(drop) {
    norm1_ = register_module("norm1", Norm(v.width, v.norm));
    attn_ = register_module("attn", Attention(v.width, v.heads, attention_options(v, block)));
    norm2_ = register_module("norm2", Norm(v.width, v.norm));
    mlp_ = mlp_of(v);
    register_module("mlp", mlp_.ptr());
    if (v.layer_scale == 0) return;
    ls1_ = register_module("ls1", LayerScale(v.width, v.layer_scale));
    ls2_ = register_module("ls2", LayerScale(v.width, v.layer_scale));
  }

  torch::Tensor forward(const torch::Tensor& input) override {
    auto path = attn_(norm1_(input));
    const auto x = input + drop_path(ls1_ ? ls1_(path) : path, drop_, is_training());
    path = mlp_.forward(norm2_(x));
    return x + drop_path(ls2_ ? ls2_(path) : path, drop_, is_training());
  }

 private:
  Norm norm1_{nullptr}, norm2_{nullptr};
  Attention attn_{nullptr};
  nn::AnyModule mlp_;
  LayerScale ls1_{nullptr}, ls2_{nullptr};
  double drop_;
};

class ResidualPostNormBlock : public Block {
 public:
  ResidualPostNormBlock(const Variant& v, int block, double drop) : drop_(drop) {
    attn_ = register_module("attn", Attention(v.width, v.heads, attention_options(v, block)));
    norm1_ = register_module("norm1", Norm(v.width, v.norm));
    mlp_ = mlp_of(v);
    register_module("mlp", mlp_.ptr());
    norm2_ = register_module("norm2", Norm(v.width, v.norm));
    torch::NoGradGuard no_grad;
    for (auto* norm : {&norm1_, &norm2_})
      if (v.layer_scale > 0) (*norm)->weight.fill_(v.layer_scale);
  }

  torch::Tensor forward(const torch::Tensor& input) override {
    const auto x = input + drop_path(norm1_(attn_(input)), drop_, is_training());
    return x + drop_path(norm2_(mlp_.forward(x)), drop_, is_training());
  }

 private:
  Attention attn_{nullptr};
  Norm norm1_{nullptr}, norm2_{nullptr};
  nn::AnyModule mlp_;
  double drop_;
};

class ParallelPairsBlock : public Block {
 public:
  ParallelPairsBlock(const Variant& v, int block, double drop) : drop_(drop) {
    for (int i = 0; i < 2; ++i) {
      const Attention attention(v.width, v.heads, attention_options(v, block));
      attns_->push_back(path_of(v, "attn", nn::AnyModule(attention)));
      ffns_->push_back(path_of(v, "mlp", mlp_of(v)));
    }
    register_module("attns", attns_);
    register_module("ffns", ffns_);
  }

  torch::Tensor forward(const torch::Tensor& input) override {
    return add(add(input, attns_), ffns_);
  }

 private:
  torch::Tensor add(const torch::Tensor& x, const nn::ModuleList& paths) {
    auto sum = x;
    for (auto& path : *paths)
      sum = sum + drop_path(path->as<nn::Sequential>()->forward(x), drop_, is_training());
    return sum;
  }

  nn::ModuleList attns_, ffns_;
  double drop_;
};

// Plain blocks leave attention and MLP by a layer each, differential ones by one for both.
class ParallelScalingBlock : public Block {
 public:
  ParallelScalingBlock(const Variant& v, int block, double drop)
      : width_(v.width),
        hidden_(hidden_width(v)),
        act_(v.act),
        mix_(*this, v.width, v.heads, attention_options(v, block)),
        drop_(drop) {
    in_norm_ = register_module("in_norm", Norm(width_, v.norm));
    in_proj_ = register_module("in_proj", linear(width_, hidden_ + 3 * width_, v.qkv_bias));
    if (!v.qkv_bias) mlp_bias_ = register_parameter("mlp_bias", torch::zeros(hidden_));
    if (v.differential) {
      out_ = register_module("out_proj", linear(width_ + hidden_, width_, v.proj_bias));
    } else {
      attn_out_ = register_module("attn_out_proj", linear(width_, width_, v.proj_bias));
      mlp_out_ = register_module("mlp_out_proj", linear(hidden_, width_, v.proj_bias));
    }
    if (v.layer_scale > 0) ls_ = register_module("ls", LayerScale(width_, v.layer_scale));
  }

  torch::Tensor forward(const torch::Tensor& input) override {
    const auto parts =
        in_proj_(in_norm_(input)).split_with_sizes({hidden_, width_, width_, width_}, -1);
    const auto mlp = activate(act_, mlp_bias_.defined() ? parts[0] + mlp_bias_ : parts[0]);
    const auto attention = mix_(parts[1], parts[2], parts[3]);
    auto x = out_ ? out_(torch::cat({attention, mlp}, -1)) : attn_out_(attention) + mlp_out_(mlp);
    if (ls_) x = ls_(x);
    return input + drop_path(x, drop_, is_training());
  }

 private:
  static nn::Linear linear(int in, int out, bool bias) {
    return nn::Linear(nn::LinearOptions(in, out).bias(bias));
  }

  int width_, hidden_;
  Act act_;
  HeadMix mix_;
  double drop_;
  Norm in_norm_{nullptr};
  nn::Linear in_proj_{nullptr}, out_{nullptr}, attn_out_{nullptr}, mlp_out_{nullptr};
  torch::Tensor mlp_bias_;
  LayerScale ls_{nullptr};
};

std::shared_ptr<Block> block_of(const Variant& v, int block, double drop) {
  switch (v.block) {
    case BlockKind::residual_post_norm:
      return std::make_shared<ResidualPostNormBlock>(v, block, drop);
    case BlockKind::parallel_pairs:
      return std::make_shared<ParallelPairsBlock>(v, block, drop);
    case BlockKind::parallel_scaling:
      return std::make_shared<ParallelScalingBlock>(v, block, drop);
    default:
      return std::make_shared<PreNormBlock>(v, block, drop);
  }
}

// One strided convolution and an optional norm; keys `proj` and `norm`.
class PatchEmbedImpl : public nn::Module {
 public:
  PatchEmbedImpl(const Variant& v, int in_chans) {
    proj_ = register_module(
        "proj",
        nn::Conv2d(
            nn::Conv2dOptions(in_chans, v.width, v.patch).stride(v.patch).bias(!v.pre_norm)));
    if (v.embed_norm) norm_ = register_module("norm", Norm(v.width, v.norm));
  }
  torch::Tensor forward(const torch::Tensor& images) {
    const auto x = proj_(images).flatten(2).transpose(1, 2);
    return norm_ ? norm_(x) : x;
  }

 private:
  nn::Conv2d proj_{nullptr};
  Norm norm_{nullptr};
};
TORCH_MODULE(PatchEmbed);

class VisionTransformer : public Network {
 public:
  VisionTransformer(const Variant& v, const BuildOptions& o)
      : depth_(v.depth),
        prefix_(v.class_token + v.distilled + v.registers),
        positions_first_(v.patch_positions_only),
        pool_from_(v.pool_prefix ? 0 : prefix_),
        drop_rate_(o.drop_rate),
        pool_(o.global_pool.empty() ? std::string(v.pool) : o.global_pool) {
    const int side = o.image_size > 0 ? o.image_size : v.preprocessing.input_size;
    TORCH_CHECK(side >= v.patch, v.name, ": an image of ", side,
                " pixels is smaller than a patch of ", v.patch);
    TORCH_CHECK(pool_ == "avg" || pool_ == "map" || (pool_ == "token" && v.class_token), v.name,
                ": global_pool '", pool_, "' is not possible");
    TORCH_CHECK(pool_ == "token" || !v.distilled, v.name, ": global_pool '", pool_,
                "': the two classifiers each read a token of their own");
    const int patches = (side / v.patch) * (side / v.patch);
    if (v.class_token)
      cls_token_ = register_parameter("cls_token", torch::randn({1, 1, v.width}) * 1e-6);
    if (v.registers > 0)
      reg_token_ = register_parameter("reg_token", torch::randn({1, v.registers, v.width}) * 1e-6);
    const int positions = patches + (positions_first_ ? 0 : prefix_);
    pos_embed_ = register_parameter("pos_embed", torch::randn({1, positions, v.width}) * 0.02);
    if (v.distilled)
      dist_token_ = register_parameter("dist_token", torch::randn({1, 1, v.width}) * 0.02);
    patch_embed_ = register_module("patch_embed", PatchEmbed(v, o.in_chans));
    if (v.pre_norm) norm_pre_ = register_module("norm_pre", Norm(v.width, v.norm));
    nn::ModuleList blocks;
    for (int i = 0; i < v.depth; ++i) {
      blocks_.push_back(block_of(v, i, o.drop_path_rate * i / std::max(1, v.depth - 1)));
      blocks->push_back(blocks_.back());
    }
    register_module("blocks", blocks);
    // A mean is normalised after it is taken, all else before.
    const bool norm_after = pool_ == "avg" && !v.norm_before_pool;
    if (v.final_norm) {
      auto& norm = norm_after ? fc_norm_ : norm_;
      norm = register_module(norm_after ? "fc_norm" : "norm", Norm(v.width, v.norm));
    }
    if (pool_ == "map")
      attn_pool_ = register_module("attn_pool",
                                   AttentionPool(v.width, v.heads, hidden_width(v), v.act, v.norm));
    num_features = v.width;
    classifier = "head";
    const int classes = o.num_classes < 0 ? v.classes : o.num_classes;
    if (classes > 0) head_ = register_module("head", nn::Linear(v.width, classes));
    if (classes > 0 && v.distilled)
      head_dist_ = register_module("head_dist", nn::Linear(v.width, classes));
    torch::NoGradGuard no_grad;
    for (auto& module : modules(/*include_self=*/false))
      if (auto* linear = module->as<nn::Linear>()) {
        linear->weight.normal_(0, 0.02);
        if (linear->bias.defined()) linear->bias.zero_();
      }
    for (auto& module : modules(/*include_self=*/false))
      if (auto* mlp = module->as<GatedMlp>()) mlp->init_gate();
  }

  torch::Tensor features(const torch::Tensor& images) override {
    auto x = patch_embed_(images);  // [n, patches, width]
    if (positions_first_) x = x + pos_embed_;
    std::vector<torch::Tensor> tokens;
    if (cls_token_.defined()) tokens.push_back(cls_token_.expand({x.size(0), -1, -1}));
    if (dist_token_.defined()) tokens.push_back(dist_token_.expand({x.size(0), -1, -1}));
    if (reg_token_.defined()) tokens.push_back(reg_token_.expand({x.size(0), -1, -1}));
    tokens.push_back(x);
    x = torch::cat(tokens, 1);
    if (!positions_first_) x = x + pos_embed_;
    if (norm_pre_) x = norm_pre_(x);
    for (const auto& block : blocks_) x = block->forward(x);
    return norm_ ? norm_(x) : x;
  }

  torch::Tensor head(const torch::Tensor& features) override {
    if (dist_token_.defined())
      return 0.5 *
             (classify(features.select(1, 0), head_) + classify(features.select(1, 1), head_dist_));
    auto x = pool_ == "token" ? features.select(1, 0)
             : pool_ == "avg" ? features.slice(1, pool_from_).mean(1)
                              : attn_pool_(features.slice(1, pool_from_));
    if (fc_norm_) x = fc_norm_(x);
    return classify(x, head_);
  }

  int layer_of(std::string_view key) const override {
    if (key.starts_with("blocks.")) {
      int block = 0;
      std::from_chars(key.data() + 7, key.data() + key.size(), block);
      return 1 + block;
    }
    if (key.starts_with("norm.")) return depth_;  // timm: with the last block
    return key.starts_with("fc_norm") || key.starts_with("attn_pool") || key.starts_with("head")
               ? depth_ + 1
               : 0;
  }

 private:
  torch::Tensor classify(const torch::Tensor& pooled, nn::Linear& layer) const {
    const auto x = drop_rate_ > 0 ? torch::dropout(pooled, drop_rate_, is_training()) : pooled;
    return layer ? layer(x) : x;
  }

  int depth_, prefix_;
  bool positions_first_;  // only patches have positions, added before the other tokens come
  int pool_from_;         // the first token that is pooled
  double drop_rate_;
  std::string pool_;
  torch::Tensor cls_token_, dist_token_, reg_token_, pos_embed_;
  PatchEmbed patch_embed_{nullptr};
  std::vector<std::shared_ptr<Block>> blocks_;
  Norm norm_pre_{nullptr}, norm_{nullptr}, fc_norm_{nullptr};
  AttentionPool attn_pool_{nullptr};
  nn::Linear head_{nullptr}, head_dist_{nullptr};
};

}  // namespace

std::shared_ptr<Network> build(const Variant& variant, const BuildOptions& options) {
  return std::make_shared<VisionTransformer>(variant, options);
}

}  // namespace archsweep::archs::vision_transformer
