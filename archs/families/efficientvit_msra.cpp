#include "archs/families/efficientvit_msra.h"

#include "archs/layers/conv_blocks.h"
#include "archs/layers/conv_stem.h"
#include "archs/layers/layer_groups.h"
#include "archs/layers/map_attention.h"
#include "archs/layers/norm_linear.h"
#include "archs/layers/pool.h"
#include "archs/layers/stage.h"
#include "archs/network.h"

namespace archsweep::archs::efficientvit_msra {
namespace {

namespace nn = torch::nn;

constexpr int key_width = 16;
constexpr int window = 7;  // side, at most

// The channels go to the heads in equal parts; each head adds what the one before it found to its
// own part and attends to that.
class CascadedGroupAttentionImpl : public nn::Module {
 public:
  CascadedGroupAttentionImpl(const Variant& v, int width, int heads, int side)
      : biases_(*this, heads, side), part_(width / heads) {
    for (int i = 0; i < heads; ++i) {
      qkvs_.push_back(ConvNorm(part_, 2 * key_width + part_));
      depthwise_.push_back(ConvNorm(key_width, key_width,
                                    ConvNormOptions{.kernel = v.kernels[i], .groups = key_width}));
    }
    register_all("qkvs", qkvs_);
    register_all("dws", depthwise_);
    proj_ = register_module(
        "proj", nn::Sequential(nn::ReLU(), ConvNorm(width, width, ConvNormOptions{.initial = 0})));
  }

  torch::Tensor forward(const torch::Tensor& x) {
    const auto parts = x.split(part_, 1);
    const auto biases = biases_();
    std::vector<torch::Tensor> found;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const auto qkv = qkvs_[i](i == 0 ? parts[0] : found.back() + parts[i])
                           .split_with_sizes({key_width, key_width, part_}, 1);
      const auto mixed = attend(depthwise_[i](qkv[0]).flatten(2), qkv[1].flatten(2),
                                qkv[2].flatten(2), biases[static_cast<std::int64_t>(i)]);
      found.push_back(mixed.view_as(parts[i]));
    }
    return proj_->forward(torch::cat(found, 1));
  }

 private:
  void register_all(const std::string& key, const std::vector<ConvNorm>& layers) {
    nn::ModuleList list;
    for (const auto& layer : layers) list->push_back(layer);
    register_module(key, list);
  }

  OffsetBias biases_;
  int part_;  // channels of a head
  std::vector<ConvNorm> qkvs_, depthwise_;
  nn::Sequential proj_{nullptr};
};
TORCH_MODULE(CascadedGroupAttention);

// The attention within windows, padded with zeros to whole ones.
class WindowAttentionImpl : public nn::Module {
 public:
  WindowAttentionImpl(const Variant& v, int width, int heads, int side)
      : window_(std::min(window, side)) {
    attn_ = register_module("attn", CascadedGroupAttention(v, width, heads, window_));
  }

  torch::Tensor forward(const torch::Tensor& x) {
    const auto n = x.size(0), c = x.size(1), h = x.size(2), w = x.size(3), s = window_;
    if (h == s && w == s) return attn_(x);
    const auto rows = (h + s - 1) / s, columns = (w + s - 1) / s;
    const auto windows = torch::constant_pad_nd(x, {0, columns * s - w, 0, rows * s - h})
                             .view({n, c, rows, s, columns, s})
                             .permute({0, 2, 4, 1, 3, 5})
                             .reshape({-1, c, s, s});
    return attn_(windows)
        .view({n, rows, columns, c, s, s})
        .permute({0, 3, 1, 4, 2, 5})
        .reshape({n, c, rows * s, columns * s})
        .slice(2, 0, h)
        .slice(3, 0, w);
  }

 private:
  std::int64_t window_;  // side
  CascadedGroupAttention attn_{nullptr};
};
TORCH_MODULE(WindowAttention);

// A sandwich: attention between two pairs of depthwise convolution and MLP; each residual.
class BlockImpl : public nn::Module {
 public:
  BlockImpl(const Variant& v, int width, int heads, int side) {
    const auto add = [this](const char* key, const Residual& layer) {
      layers_.push_back(register_module(key, layer));
    };
    add("dw0", residual_depthwise(width, "conv", /*initial=*/0));
    add("ffn0", residual_mlp(width, "conv"));
    add("mixer", Residual(nn::AnyModule(WindowAttention(v, width, heads, side))));
    add("dw1", residual_depthwise(width, "conv", /*initial=*/0));
    add("ffn1", residual_mlp(width, "conv"));
  }

  torch::Tensor forward(torch::Tensor x) {
    for (auto& layer : layers_) x = layer(x);
    return x;
  }

 private:
  std::vector<Residual> layers_;
};
TORCH_MODULE(Block);

// A depthwise convolution and an MLP, each residual.
class LocalImpl : public nn::Module {
 public:
  explicit LocalImpl(int width) {
    depthwise_ = register_module("0", residual_depthwise(width, "conv"));
    mlp_ = register_module("1", residual_mlp(width, "conv"));
  }

  torch::Tensor forward(const torch::Tensor& x) { return mlp_(depthwise_(x)); }

 private:
  Residual depthwise_{nullptr}, mlp_{nullptr};
};
TORCH_MODULE(Local);

// Half the side, except in the first stage, then the blocks. `side`: of the stage's maps.
class StageImpl : public DownsampledBlocks {
 public:
  StageImpl(const Variant& v, int stage, int side) {
    const int width = v.widths[stage];
    if (stage > 0) {
      const int in = v.widths[stage - 1];
      downsample_ = nn::Sequential();
      downsample_->push_back("res1", Local(in));
      downsample_->push_back("patchmerge", ConvMerging(in, width, "conv"));
      downsample_->push_back("res2", Local(width));
      register_module("downsample", downsample_);
    }
    for (int i = 0; i < v.depths[stage]; ++i)
      blocks_->push_back(Block(v, width, v.heads[stage], side));
    register_module("blocks", blocks_);
  }
};
TORCH_MODULE(Stage);

class EfficientVitMsra : public Network {
 public:
  EfficientVitMsra(const Variant& v, const BuildOptions& o)
      : depths_(v.depths), pool_(pool_or(o.global_pool, "avg")) {
    const int image = o.image_size > 0 ? o.image_size : v.preprocessing.input_size;
    TORCH_CHECK(image >= 16, v.name, ": an image of ", image, " pixels is smaller than 16");
    TORCH_CHECK(o.drop_path_rate == 0, v.name, ": has no stochastic depth");
    stem_ = register_module("patch_embed", conv_stem(o.in_chans, v.widths[0]));
    for (int stage = 0, side = image / 16; stage < 3; ++stage, side = (side + 1) / 2)
      stages_->push_back(Stage(v, stage, side));
    register_module("stages", stages_);
    num_features = v.widths[2];
    classifier = "head.linear";
    head_ = NormLinearHead(*this, num_features * pool_width(pool_),
                           o.num_classes < 0 ? 1000 : o.num_classes, /*distilled=*/false,
                           {.drop = o.drop_rate});
  }

  torch::Tensor features(const torch::Tensor& images) override {
    return stages_->forward(stem_->forward(images));  // 1/16, 1/32, 1/64
  }

  torch::Tensor head(const torch::Tensor& features) override {
    return head_(global_pool(pool_, features));
  }

  int layer_of(std::string_view key) const override {
    return layer_in_stages(key, "patch_embed", depths_);
  }

 private:
  std::array<int, 3> depths_;
  std::string pool_;
  nn::Sequential stem_{nullptr}, stages_;
  NormLinearHead head_;
};

}  // namespace

std::shared_ptr<Network> build(const Variant& variant, const BuildOptions& options) {
  return std::make_shared<EfficientVitMsra>(variant, options);
}

}  // namespace archsweep::archs::efficientvit_msra
