#include "archs/families/mobilenetv3.h"

#include "archs/layers/activation.h"
#include "archs/layers/batch_norm.h"
#include "archs/layers/efficientnet_blocks.h"
#include "archs/layers/pool.h"
#include "archs/network.h"

namespace archsweep::archs::mobilenetv3 {

namespace nn = torch::nn;

static mobile::Style style_of(const Variant& variant) {
  mobile::Style style = variant.design.style;
  style.width = variant.width;
  style.depth = variant.depth;
  style.downsample = variant.downsample;
  return style;
}

static int stem_width(const Variant& variant, const mobile::Style& style) {
  const Design& design = variant.design;
  return variant.width < design.fix_stem_below ? design.stem
                                               : mobile::round_channels(design.stem, style);
}

class MobileNetV3 final : public Network {
 public:
  MobileNetV3(const Variant& variant, const BuildOptions& options)
      : style_(style_of(variant)),
        stem_(mobile::make_stem(*this, options.in_chans, stem_width(variant, style_), 3, style_)),
        trunk_(*this, variant.design.stages, stem_width(variant, style_), style_,
               options.drop_path_rate),
        pool_(pool_or(options.global_pool, "avg")),
        drop_rate_(options.drop_rate) {
    const Design& design = variant.design;
    num_features = trunk_.channels;
    const int pooled = num_features * pool_width(pool_);
    const bool bias = design.head_bias && !design.head_norm;
    head_ = register_module("conv_head",
                            nn::Conv2d(nn::Conv2dOptions(pooled, design.head, 1).bias(bias)));
    if (design.head_norm)
      norm_ = register_module(
          "norm_head", BatchNorm2d(nn::BatchNorm2dOptions(design.head).eps(style_.norm_eps)));
    const int classes = options.num_classes < 0 ? 1000 : options.num_classes;
    if (classes > 0) classifier_ = register_module("classifier", nn::Linear(design.head, classes));
    classifier = "classifier";
  }

  torch::Tensor features(const torch::Tensor& images) override { return trunk_(stem_(images)); }

  torch::Tensor head(const torch::Tensor& features) override {
    auto x = head_(global_pool(pool_, features).unsqueeze(-1).unsqueeze(-1));
    if (norm_) x = norm_(x);
    x = activate(style_.act, x).flatten(1);
    x = torch::dropout(x, drop_rate_, is_training());
    return classifier_ ? classifier_(x) : x;
  }

  int layer_of(std::string_view key) const override { return trunk_.layer_of(key); }

 private:
  mobile::Style style_;
  mobile::ConvNorm stem_;
  mobile::Trunk trunk_;
  std::string pool_;
  double drop_rate_;
  nn::Conv2d head_{nullptr};
  BatchNorm2d norm_{nullptr};
  nn::Linear classifier_{nullptr};
};

std::shared_ptr<Network> build(const Variant& variant, const BuildOptions& options) {
  auto network = std::make_shared<MobileNetV3>(variant, options);
  mobile::init_weights(*network);
  return network;
}

}  // namespace archsweep::archs::mobilenetv3
