#include "archs/layers/efficientnet_blocks.h"

#include <algorithm>
#include <cmath>

#include <torch/nn/init.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/linear.h>

#include "archs/layers/activation.h"
#include "archs/layers/conv_same.h"
#include "archs/layers/drop_path.h"
#include "archs/layers/layer_scale.h"
#include "archs/layers/squeeze_excite.h"

namespace archsweep::archs::mobile {

namespace nn = torch::nn;

// The nearest multiple of 8, or the next where that loses too much.
static int multiple_of_8(double channels, double limit = 0.9) {
  const int nearest = std::max(8, static_cast<int>(channels + 4) / 8 * 8);
  return nearest < limit * channels ? nearest + 8 : nearest;
}

int round_channels(double channels, const Style& style) {
  return multiple_of_8(channels * style.width, style.round_limit);
}

static nn::BatchNorm2d batch_norm(int channels, const Style& style) {
  return nn::BatchNorm2d(nn::BatchNorm2dOptions(channels).eps(style.norm_eps));
}

ConvNorm::ConvNorm(nn::Module& owner, const std::string& conv_name, const std::string& norm_name,
                   int in, int out, Conv conv, std::optional<Act> act, const Style& style)
    : act_(act) {
  if (conv.stride > 1 && style.downsample != Downsample::stride) {
    downsample_ = style.downsample;
    conv.stride = 1;
  }
  const bool uneven = style.same_padding && (conv.stride > 1 || conv.kernel % 2 == 0);
  if (uneven) {
    same_kernel_ = conv.kernel;
    same_stride_ = conv.stride;
  }
  conv_ = owner.register_module(
      conv_name, nn::Conv2d(nn::Conv2dOptions(in, out, conv.kernel)
                                .stride(conv.stride)
                                .padding(uneven ? 0 : even_padding(conv.kernel, conv.stride))
                                .groups(conv.groups)
                                .bias(false)));
  norm_ = owner.register_module(norm_name, batch_norm(out, style));
  if (downsample_ == Downsample::blur) {
    const auto binomial = torch::tensor({0.25F, 0.5F, 0.25F});
    blur_ = owner.register_buffer("~aa", torch::outer(binomial, binomial).repeat({out, 1, 1, 1}));
  }
}

torch::Tensor ConvNorm::operator()(torch::Tensor x) {
  if (same_kernel_ > 0) x = pad_same(x, same_kernel_, same_stride_);
  x = norm_(conv_(x));
  if (act_) x = activate(*act_, x);
  if (downsample_ == Downsample::average) return torch::avg_pool2d(x, 2);
  if (downsample_ == Downsample::blur)
    return torch::conv2d(x, blur_, {}, /*stride=*/2, /*padding=*/1, /*dilation=*/1, x.size(1));
  return x;
}

// What a block must know to build itself.
struct Spec {
  const Block& block;
  const Style& style;
  int in;
  int out;
  int stride;
  double drop_path_rate;

  Act act() const { return block.extra.relu ? Act::relu : style.act; }
  int expanded() const { return multiple_of_8(in * block.expansion); }
  bool has_skip() const { return block.extra.skip && stride == 1 && in == out; }
};

static SqueezeExcite register_squeeze(nn::Module& owner, int channels, const Spec& spec) {
  double ratio = spec.block.extra.squeeze;
  if (ratio == 0) return nullptr;
  if (spec.style.squeeze_from_input) ratio /= spec.block.expansion;
  // Ties to even, as Python rounds.
  const int squeezed = spec.style.squeeze_rounding == SqueezeRounding::nearest
                           ? static_cast<int>(std::nearbyint(channels * ratio))
                           : multiple_of_8(channels * ratio, spec.style.round_limit);
  const Act act = spec.style.squeeze_relu ? Act::relu : spec.act();
  return owner.register_module("se", SqueezeExcite(channels, squeezed,
                                                   SqueezeExciteOptions{.act = act,
                                                                        .gate = Act::hard_sigmoid,
                                                                        .reduce = "conv_reduce",
                                                                        .expand = "conv_expand"}));
}

// A block with an optional skip; the other path is dropped at random for whole samples.
class SkipBlock : public BlockModule {
 public:
  explicit SkipBlock(const Spec& spec)
      : has_skip_(spec.has_skip()), drop_path_rate_(spec.drop_path_rate) {}

  torch::Tensor forward(const torch::Tensor& x) final {
    const auto y = path(x);
    if (!has_skip_) return y;
    return drop_path(y, drop_path_rate_, is_training()) + x;
  }

 protected:
  virtual torch::Tensor path(const torch::Tensor& x) = 0;

 private:
  bool has_skip_;
  double drop_path_rate_;
};

class ConvBlock final : public SkipBlock {
 public:
  explicit ConvBlock(const Spec& s) : SkipBlock(s) {
    conv_ = {*this, "conv", "bn1", s.in, s.out, {s.block.kernel, s.stride}, s.act(), s.style};
  }

 private:
  torch::Tensor path(const torch::Tensor& x) override { return conv_(x); }

  ConvNorm conv_;
};

class DepthwiseBlock final : public SkipBlock {
 public:
  explicit DepthwiseBlock(const Spec& s) : SkipBlock(s) {
    const Conv depthwise{s.block.kernel, s.stride, s.in};
    const auto last = s.block.act_last ? std::optional(s.act()) : std::nullopt;
    depthwise_ = {*this, "conv_dw", "bn1", s.in, s.in, depthwise, s.act(), s.style};
    squeeze_ = register_squeeze(*this, s.in, s);
    pointwise_ = {*this, "conv_pw", "bn2", s.in, s.out, {}, last, s.style};
  }

 private:
  torch::Tensor path(const torch::Tensor& x) override {
    auto y = depthwise_(x);
    if (squeeze_) y = squeeze_(y);
    return pointwise_(y);
  }

  ConvNorm depthwise_, pointwise_;
  SqueezeExcite squeeze_{nullptr};
};

class InvertedBlock final : public SkipBlock {
 public:
  explicit InvertedBlock(const Spec& s) : SkipBlock(s) {
    const int mid = s.expanded();
    const Conv depthwise{s.block.kernel, s.stride, mid};
    expand_ = {*this, "conv_pw", "bn1", s.in, mid, {}, s.act(), s.style};
    depthwise_ = {*this, "conv_dw", "bn2", mid, mid, depthwise, s.act(), s.style};
    squeeze_ = register_squeeze(*this, mid, s);
    project_ = {*this, "conv_pwl", "bn3", mid, s.out, {}, std::nullopt, s.style};
  }

 private:
  torch::Tensor path(const torch::Tensor& x) override {
    auto y = depthwise_(expand_(x));
    if (squeeze_) y = squeeze_(y);
    return project_(y);
  }

  ConvNorm expand_, depthwise_, project_;
  SqueezeExcite squeeze_{nullptr};
};

class EdgeBlock final : public SkipBlock {
 public:
  explicit EdgeBlock(const Spec& s) : SkipBlock(s) {
    const int mid = s.expanded();
    expand_ = {*this, "conv_exp", "bn1", s.in, mid, {s.block.kernel, s.stride}, s.act(), s.style};
    squeeze_ = register_squeeze(*this, mid, s);
    project_ = {*this, "conv_pwl", "bn2", mid, s.out, {}, std::nullopt, s.style};
  }

 private:
  torch::Tensor path(const torch::Tensor& x) override {
    auto y = expand_(x);
    if (squeeze_) y = squeeze_(y);
    return project_(y);
  }

  ConvNorm expand_, project_;
  SqueezeExcite squeeze_{nullptr};
};

static LayerScale2d register_layer_scale(nn::Module& owner, int channels, double value) {
  if (value == 0) return nullptr;
  return owner.register_module("layer_scale", LayerScale2d(channels, value));
}

class UniversalBlock final : public SkipBlock {
 public:
  explicit UniversalBlock(const Spec& s) : SkipBlock(s) {
    auto conv = [&](const std::string& name, int in, int out, Conv shape, std::optional<Act> act) {
      auto owner = register_module(name, std::make_shared<nn::Module>());
      return ConvNorm(*owner, "conv", "bn", in, out, shape, act, s.style);
    };
    const int mid = s.expanded(), start = s.block.kernel_start, kernel = s.block.kernel;
    if (start > 0) {
      const int stride = kernel > 0 ? 1 : s.stride;
      start_ = conv("dw_start", s.in, s.in, {start, stride, s.in}, std::nullopt);
    }
    expand_ = conv("pw_exp", s.in, mid, {}, s.act());
    if (kernel > 0) middle_ = conv("dw_mid", mid, mid, {kernel, s.stride, mid}, s.act());
    project_ = conv("pw_proj", mid, s.out, {}, std::nullopt);
    scale_ = register_layer_scale(*this, s.out, s.style.layer_scale);
  }

 private:
  torch::Tensor path(const torch::Tensor& x) override {
    auto y = expand_(start_ ? (*start_)(x) : x);
    if (middle_) y = (*middle_)(y);
    y = project_(y);
    return scale_ ? scale_(y) : y;
  }

  std::optional<ConvNorm> start_, middle_;
  ConvNorm expand_, project_;
  LayerScale2d scale_{nullptr};
};

// Many queries, one key and one value, the latter two perhaps on a coarser grid.
// Paper: https://arxiv.org/abs/1911.02150
class MultiQueryAttentionImpl : public nn::Module {
 public:
  explicit MultiQueryAttentionImpl(const Spec& s) : heads_(s.block.heads) {
    const Conv2dOptions down = Conv2dOptions(s.in, s.in, s.block.kernel)
                                   .stride(s.block.key_stride)
                                   .padding(even_padding(s.block.kernel, s.block.key_stride))
                                   .groups(s.in)
                                   .bias(false);
    query_->push_back("proj", pointwise(s.in, heads_ * s.block.key_width));
    for (nn::Sequential part : {key_, value_}) {
      if (s.block.key_stride > 1) {
        part->push_back("down_conv", nn::Conv2d(down));
        part->push_back("norm", batch_norm(s.in, s.style));
      }
      part->push_back("proj", pointwise(s.in, s.block.key_width));
    }
    output_->push_back("proj", pointwise(heads_ * s.block.key_width, s.out));
    register_module("query", query_);
    register_module("key", key_);
    register_module("value", value_);
    register_module("output", output_);
  }

  torch::Tensor forward(const torch::Tensor& x) {
    const auto n = x.size(0), h = x.size(2), w = x.size(3);
    auto shared = [](const torch::Tensor& y) {
      return y.flatten(2).transpose(1, 2).unsqueeze(1).contiguous();
    };
    const auto query = query_->forward(x).reshape({n, heads_, -1, h * w}).transpose(2, 3);
    const auto mixed = torch::scaled_dot_product_attention(
        query.contiguous(), shared(key_->forward(x)), shared(value_->forward(x)));
    return output_->forward(mixed.transpose(2, 3).reshape({n, -1, h, w}));
  }

  void init_weights() {
    for (const auto& part : {query_, key_, value_, output_})
      for (auto& module : part->children())
        if (auto* conv = module->as<nn::Conv2d>()) nn::init::xavier_uniform_(conv->weight);
  }

 private:
  using Conv2dOptions = nn::Conv2dOptions;

  static nn::Conv2d pointwise(int in, int out) {
    return nn::Conv2d(Conv2dOptions(in, out, 1).bias(false));
  }

  int heads_;
  nn::Sequential query_, key_, value_, output_;
};
TORCH_MODULE(MultiQueryAttention);

class AttentionBlock final : public SkipBlock {
 public:
  explicit AttentionBlock(const Spec& s)
      : SkipBlock(s),
        norm_(register_module("norm", batch_norm(s.in, s.style))),
        attention_(register_module("attn", MultiQueryAttention(s))),
        scale_(register_layer_scale(*this, s.out, s.style.layer_scale)) {}

 private:
  torch::Tensor path(const torch::Tensor& x) override {
    const auto y = attention_(norm_(x));
    return scale_ ? scale_(y) : y;
  }

  nn::BatchNorm2d norm_;
  MultiQueryAttention attention_;
  LayerScale2d scale_{nullptr};
};

static std::shared_ptr<BlockModule> make_block(const Spec& spec) {
  switch (spec.block.op) {
    case Op::conv:
      return std::make_shared<ConvBlock>(spec);
    case Op::depthwise:
      return std::make_shared<DepthwiseBlock>(spec);
    case Op::inverted:
      return std::make_shared<InvertedBlock>(spec);
    case Op::edge:
      return std::make_shared<EdgeBlock>(spec);
    case Op::universal:
      return std::make_shared<UniversalBlock>(spec);
    case Op::attention:
      return std::make_shared<AttentionBlock>(spec);
  }
  return nullptr;
}

// The blocks of a stage, one a repeat. A depth multiplier stretches the stage as a whole; the
// repeats of its last rows grow first.
static std::vector<const Block*> repeated(const Stage& stage, double depth) {
  double left = 0;
  for (const Block& block : stage) left += block.repeats;
  double scaled_left = std::ceil(left * depth);
  std::vector<const Block*> blocks;
  for (auto row = stage.size; row-- > 0;) {
    const Block& block = stage.blocks[row];
    const double repeats = std::max(1.0, std::nearbyint(block.repeats / left * scaled_left));
    blocks.insert(blocks.begin(), static_cast<std::size_t>(repeats), &block);
    left -= block.repeats;
    scaled_left -= repeats;
  }
  return blocks;
}

Trunk::Trunk(nn::Module& owner, std::span<const Stage> plan, int in, const Style& style,
             double drop_path_rate)
    : channels(in) {
  std::vector<std::vector<const Block*>> rows;
  double count = 0;
  for (const Stage& stage : plan) {
    rows.push_back(repeated(stage, style.depth));
    count += static_cast<double>(rows.back().size());
  }
  auto blocks = owner.register_module("blocks", std::make_shared<nn::Module>());
  double index = 0;
  for (const auto& row : rows) {
    auto stage =
        blocks->register_module(std::to_string(stages.size()), std::make_shared<nn::Module>());
    auto& built = stages.emplace_back();
    for (const Block* block : row) {
      const int out = round_channels(block->width, style);
      const int stride = built.empty() ? block->stride : 1;
      auto next =
          make_block({*block, style, channels, out, stride, drop_path_rate * index / count});
      built.push_back(stage->register_module(std::to_string(built.size()), next));
      channels = out;
      ++index;
    }
  }
}

torch::Tensor Trunk::operator()(torch::Tensor x) const {
  for (const auto& stage : stages)
    for (const auto& block : stage) x = block->forward(x);
  return x;
}

void init_weights(nn::Module& network) {
  const auto modules = network.modules();
  for (const auto& module : modules) {
    if (auto* conv = module->as<nn::Conv2d>()) {
      const auto fan_out =
          conv->weight[0][0].numel() * conv->weight.size(0) / conv->options.groups();
      nn::init::normal_(conv->weight, 0, std::sqrt(2.0 / static_cast<double>(fan_out)));
      if (conv->bias.defined()) nn::init::zeros_(conv->bias);
    } else if (auto* linear = module->as<nn::Linear>()) {
      const double range = 1 / std::sqrt(static_cast<double>(linear->weight.size(0)));
      nn::init::uniform_(linear->weight, -range, range);
      nn::init::zeros_(linear->bias);
    }
  }
  for (const auto& module : modules)
    if (auto* attention = module->as<MultiQueryAttention>()) attention->init_weights();
}

}  // namespace archsweep::archs::mobile
