#include "archs/families/levit.h"

#include "archs/layers/activation.h"
#include "archs/layers/batch_norm.h"
#include "archs/layers/conv_norm.h"
#include "archs/layers/conv_stem.h"
#include "archs/layers/drop_path.h"
#include "archs/layers/layer_groups.h"
#include "archs/layers/map_attention.h"
#include "archs/layers/norm_linear.h"
#include "archs/layers/pool.h"
#include "archs/network.h"

namespace archsweep::archs::levit {
namespace {

namespace nn = torch::nn;

// A layer over the channels of tokens [n, tokens, c], then batch norm; keys `linear`, `bn`.
class LinearNormImpl : public nn::Module {
 public:
  LinearNormImpl(int in, int out, double initial) {
    linear_ = register_module("linear", nn::Linear(nn::LinearOptions(in, out).bias(false)));
    norm_ = register_module("bn", BatchNorm1d(out));
    nn::init::constant_(norm_->weight, initial);
  }

  torch::Tensor forward(const torch::Tensor& input) {
    const auto x = linear_(input);
    return norm_(x.flatten(0, 1)).view_as(x);
  }

 private:
  nn::Linear linear_{nullptr};
  BatchNorm1d norm_{nullptr};
};
TORCH_MODULE(LinearNorm);

// The same layer under the same keys, over tokens or over maps [n, c, h, w].
nn::AnyModule project(const Variant& v, int in, int out, double initial = 1) {
  if (!v.conv) return nn::AnyModule(LinearNorm(in, out, initial));
  return nn::AnyModule(ConvNorm(in, out, ConvNormOptions{.initial = initial, .conv = "linear"}));
}

// Attention with keys narrower than values, over a map of `side`; its queries come from every
// `stride`th row and column, as does the result.
class AttentionImpl : public nn::Module {
 public:
  AttentionImpl(const Variant& v, int in, int out, int heads, int value_width, int side, int stride)
      : conv_(v.conv),
        act_(v.act),
        heads_(heads),
        key_width_(v.key_width),
        value_width_(value_width),
        side_(side),
        stride_(stride),
        biases_(*this, heads, side, stride) {
    const int keys = heads * key_width_, values = heads * value_width_;
    if (stride == 1) {
      qkv_ = project(v, in, 2 * keys + values);
      register_module("qkv", qkv_.ptr());
    } else {
      qkv_ = project(v, in, keys + values);
      register_module("kv", qkv_.ptr());
      q_ = project(v, in, keys);
      register_inner("q", q_);
    }
    proj_ = project(v, values, out, /*initial=*/0);
    register_inner("proj", proj_);
  }

  torch::Tensor forward(const torch::Tensor& x) {
    const auto qkv = by_head(qkv_.forward(x));  // or only keys and values
    const auto v = qkv.narrow(2, -value_width_, value_width_);
    const auto k = qkv.narrow(2, -value_width_ - key_width_, key_width_);
    const auto q = stride_ == 1 ? qkv.narrow(2, 0, key_width_) : by_head(q_.forward(subsample(x)));
    const auto mixed = attend(q, k, v, biases_());  // [n, heads, value width, queries]
    const std::int64_t side = (side_ + stride_ - 1) / stride_;
    return proj_.forward(activate(act_, conv_ ? mixed.reshape({x.size(0), -1, side, side})
                                              : mixed.permute({0, 3, 1, 2}).flatten(2)));
  }

 private:
  // timm keeps an activation or a subsampling before these, in a sequence.
  void register_inner(const char* key, const nn::AnyModule& layer) {
    register_module(key, std::make_shared<nn::Module>())->register_module("ln", layer.ptr());
  }

  // To [n, heads, width of a head, positions].
  torch::Tensor by_head(const torch::Tensor& x) const {
    if (conv_) return x.reshape({x.size(0), heads_, -1, x.size(2) * x.size(3)});
    return x.view({x.size(0), x.size(1), heads_, -1}).permute({0, 2, 3, 1});
  }

  torch::Tensor subsample(const torch::Tensor& x) const {
    const int rows = conv_ ? 2 : 1;  // dimension
    const auto map = conv_ ? x : x.view({x.size(0), side_, side_, -1});
    const auto part =
        map.slice(rows, 0, std::nullopt, stride_).slice(rows + 1, 0, std::nullopt, stride_);
    return conv_ ? part : part.flatten(1, 2);
  }

  bool conv_;
  Act act_;
  int heads_, key_width_, value_width_;
  int side_, stride_;
  OffsetBias biases_;
  nn::AnyModule qkv_, q_, proj_;
};
TORCH_MODULE(Attention);

class MlpImpl : public nn::Module {
 public:
  MlpImpl(const Variant& v, int width) : act_(v.act) {
    first_ = project(v, width, 2 * width);
    second_ = project(v, 2 * width, width, /*initial=*/0);
    register_module("ln1", first_.ptr());
    register_module("ln2", second_.ptr());
  }

  torch::Tensor forward(const torch::Tensor& x) {
    return second_.forward(activate(act_, first_.forward(x)));
  }

 private:
  Act act_;
  nn::AnyModule first_, second_;
};
TORCH_MODULE(Mlp);

// x + attention(x), then x + mlp(x).
class BlockImpl : public nn::Module {
 public:
  BlockImpl(const Variant& v, int stage, int side, double drop) : drop_(drop) {
    const int width = v.widths[stage];
    attn_ = register_module(
        "attn", Attention(v, width, width, v.heads[stage], 2 * v.key_width, side, /*stride=*/1));
    mlp_ = register_module("mlp", Mlp(v, width));
  }

  torch::Tensor forward(const torch::Tensor& input) {
    const auto x = input + drop_path(attn_(input), drop_, is_training());
    return x + drop_path(mlp_(x), drop_, is_training());
  }

 private:
  Attention attn_{nullptr};
  Mlp mlp_{nullptr};
  double drop_;
};
TORCH_MODULE(Block);

// Attention to half the side and the next width, then x + mlp(x).
class DownsampleImpl : public nn::Module {
 public:
  DownsampleImpl(const Variant& v, int stage, int side, double drop) : drop_(drop) {
    const int in = v.widths[stage - 1], out = v.widths[stage];
    attn_ = register_module("attn_downsample", Attention(v, in, out, in / v.key_width,
                                                         4 * v.key_width, side, /*stride=*/2));
    mlp_ = register_module("mlp", Mlp(v, out));
  }

  torch::Tensor forward(const torch::Tensor& input) {
    const auto x = attn_(input);
    return x + drop_path(mlp_(x), drop_, is_training());
  }

 private:
  Attention attn_{nullptr};
  Mlp mlp_{nullptr};
  double drop_;
};
TORCH_MODULE(Downsample);

// `side`: of the map that comes in.
class StageImpl : public nn::Module {
 public:
  StageImpl(const Variant& v, int stage, int side, double drop) {
    if (stage > 0) {
      downsample_ = register_module("downsample", Downsample(v, stage, side, drop));
      side = (side + 1) / 2;
    }
    for (int i = 0; i < v.depths[stage]; ++i) blocks_->push_back(Block(v, stage, side, drop));
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

class LeViT : public Network {
 public:
  LeViT(const Variant& v, const BuildOptions& o) : depths_(v.depths), conv_(v.conv) {
    const int image = o.image_size > 0 ? o.image_size : v.preprocessing.input_size;
    const int stride = 1 << v.stem_convs;
    TORCH_CHECK(image % stride == 0, v.name, ": an image of ", image,
                " pixels is no multiple of the stem's stride of ", stride);
    TORCH_CHECK(pool_or(o.global_pool, "avg") == "avg", v.name, ": global_pool '", o.global_pool,
                "' is not possible");
    stem_ =
        register_module("stem", conv_stem(o.in_chans, v.widths[0],
                                          {.convs = v.stem_convs, .act = v.act, .conv = "linear"}));
    int side = image / stride;
    for (int stage = 0; stage < 3; ++stage) {
      stages_->push_back(Stage(v, stage, side, o.drop_path_rate));  // the same for every block
      if (stage > 0) side = (side + 1) / 2;
    }
    register_module("stages", stages_);
    num_features = v.widths[2];
    classifier = "head.linear";
    head_ = NormLinearHead(*this, num_features, o.num_classes < 0 ? 1000 : o.num_classes,
                           v.distilled, {.drop = o.drop_rate});
  }

  torch::Tensor features(const torch::Tensor& images) override {
    const auto x = stem_->forward(images);                              // 1/16, or 1/8
    return stages_->forward(conv_ ? x : x.flatten(2).transpose(1, 2));  // 1/16, 1/32, 1/64
  }

  torch::Tensor head(const torch::Tensor& features) override {
    return head_(conv_ ? features.mean({2, 3}) : features.mean(1));
  }

  int layer_of(std::string_view key) const override {
    return layer_in_stages(key, "stem", depths_);
  }

 private:
  std::array<int, 3> depths_;
  bool conv_;
  nn::Sequential stem_{nullptr}, stages_;
  NormLinearHead head_;
};

}  // namespace

std::shared_ptr<Network> build(const Variant& variant, const BuildOptions& options) {
  return std::make_shared<LeViT>(variant, options);
}

}  // namespace archsweep::archs::levit
