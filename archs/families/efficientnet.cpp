#include "archs/families/efficientnet.h"

#include <algorithm>
#include <optional>

#include "archs/layers/efficientnet_blocks.h"
#include "archs/layers/pool.h"
#include "archs/network.h"

namespace archsweep::archs::efficientnet {
namespace {

namespace nn = torch::nn;

mobile::Style style_of(const Variant& variant) {
  mobile::Style style = variant.design.style;
  style.width = variant.width;
  style.depth = variant.depth;
  return style;
}

int stem_width(const Design& design, const mobile::Style& style) {
  return design.fix_stem ? design.stem : mobile::round_channels(design.stem, style);
}

int head_width(const Design& design, const mobile::Style& style) {
  const int scaled = mobile::round_channels(design.head, style);
  switch (design.head_width) {
    case HeadWidth::fixed:
      return design.head;
    case HeadWidth::scaled:
      return scaled;
    case HeadWidth::grown:
      return std::max(design.head, scaled);
  }
  return 0;
}

class EfficientNet final : public Network {
 public:
  EfficientNet(const Design& design, const mobile::Style& style,
               std::span<const mobile::PrunedBlock> pruned, const BuildOptions& options)
      : stem_(mobile::make_stem(*this, options.in_chans, stem_width(design, style),
                                design.stem_kernel, style)),
        trunk_(*this, design.stages, stem_width(design, style), style, options.drop_path_rate,
               pruned),
        pool_(pool_or(options.global_pool, "avg")),
        drop_rate_(options.drop_rate) {
    num_features = trunk_.channels;
    if (design.head > 0) {
      num_features = head_width(design, style);
      head_.emplace(*this, "conv_head", "bn2", trunk_.channels, num_features, mobile::Conv{},
                    style.act, style);
    }
    const int classes = options.num_classes < 0 ? 1000 : options.num_classes;
    const int pooled = num_features * pool_width(pool_);
    if (classes > 0) classifier_ = register_module("classifier", nn::Linear(pooled, classes));
    classifier = "classifier";
  }

  torch::Tensor features(const torch::Tensor& images) override {
    const auto x = trunk_(stem_(images));  // 1/32
    return head_ ? (*head_)(x) : x;
  }

  torch::Tensor head(const torch::Tensor& features) override {
    auto x = global_pool(pool_, features);
    if (drop_rate_ > 0) x = torch::dropout(x, drop_rate_, is_training());
    return classifier_ ? classifier_(x) : x;
  }

  int layer_of(std::string_view key) const override {
    const int layer = trunk_.layer_of(key);
    // timm: with the last block
    return key.starts_with("conv_head") || key.starts_with("bn2") ? layer - 1 : layer;
  }

 private:
  mobile::ConvNorm stem_;
  mobile::Trunk trunk_;
  std::optional<mobile::ConvNorm> head_;
  std::string pool_;
  double drop_rate_;
  nn::Linear classifier_{nullptr};
};

}  // namespace

std::shared_ptr<Network> build(const Variant& variant, const BuildOptions& options) {
  auto network =
      std::make_shared<EfficientNet>(variant.design, style_of(variant), variant.pruned, options);
  mobile::init_weights(*network);
  return network;
}

}  // namespace archsweep::archs::efficientnet
