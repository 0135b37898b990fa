#include "archs/layers/efficientnet_blocks.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <torch/nn/init.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/linear.h>

#include "archs/layers/batch_norm.h"
#include "archs/layers/channels.h"
#include "archs/layers/conv_same.h"
#include "archs/layers/drop_path.h"
#include "archs/layers/global_context.h"
#include "archs/layers/layer_scale.h"
#include "archs/layers/squeeze_excite.h"

namespace archsweep::archs::mobile {

namespace nn = torch::nn;

// What a block must know to build itself.
struct Spec {
  const Block& block;
  const Style& style;
  int in;
  int out;
  int stride;
  double expansion;
  double drop_path_rate;
  bool packs;                 // Block::pack, and the pixels are not packed yet
  const PrunedBlock* pruned;  // null: by the widths above

  Act act() const { return block.extra.act.value_or(style.act); }
  bool has_skip() const { return block.extra.skip && stride == 1 && in == out; }
  int expanded() const {
    if (pruned) return pruned->expanded;
    const int from = block.expand_from > 0 ? round_channels(block.expand_from, style) : in;
    return make_divisible(from * expansion);
  }
  Conv depthwise(int channels) const {
    return {.kernel = block.kernel,
            .stride = stride,
            .groups = channels / style.depthwise_group,
            .kernels = block.kernels,
            .experts = block.extra.experts};
  }
};

// What weighs the channels, if anything does.
class Squeeze {
 public:
  Squeeze() = default;
  Squeeze(nn::Module& owner, int channels, const Spec& spec) {
    const Style& style = spec.style;
    double ratio = spec.block.extra.squeeze;
    if (ratio == 0) return;
    if (style.squeeze_from_input) ratio /= spec.expansion;
    if (spec.packs) ratio /= 4;
    // Ties to even, as Python rounds.
    int squeezed = style.squeeze_rounding == SqueezeRounding::nearest
                       ? static_cast<int>(std::nearbyint(channels * ratio))
                       : make_divisible(channels * ratio, 8, 0, style.round_limit);
    if (spec.pruned) squeezed = spec.pruned->squeezed;
    const SqueezeExciteOptions options{.act = style.squeeze_relu ? Act::relu : spec.act(),
                                       .gate = style.squeeze_gate,
                                       .reduce = "conv_reduce",
                                       .expand = "conv_expand"};
    module_ = style.global_context
                  ? nn::AnyModule(GlobalContext(
                        channels, squeezed_width(channels, ratio, /*divisor=*/1), options.act))
                  : nn::AnyModule(SqueezeExcite(channels, squeezed, options));
    owner.register_module("se", module_.ptr());
  }

  torch::Tensor operator()(const torch::Tensor& x) {
    return module_.is_empty() ? x : module_.forward(x);
  }

 private:
  nn::AnyModule module_;
};

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
    const auto last = s.block.act_last ? std::optional(s.act()) : std::nullopt;
    const int mid = s.packs ? 4 * s.in : s.in;
    Conv depthwise = s.depthwise(mid);
    Style style = s.style;
    if (s.packs) {
      depthwise.kernel = (depthwise.kernel + 1) / 2;
      style.same_padding = true;
      pack_.emplace(*this, "conv_s2d", "bn_s2d", s.in, mid, Conv{2, 2}, s.act(), style);
    }
    depthwise_ = {*this, "conv_dw", "bn1", mid, mid, depthwise, s.act(), style};
    squeeze_ = {*this, mid, s};
    pointwise_ = {*this, "conv_pw", "bn2", mid, s.out, {}, last, s.style};
  }

 private:
  torch::Tensor path(const torch::Tensor& x) override {
    return pointwise_(squeeze_(depthwise_(pack_ ? (*pack_)(x) : x)));
  }

  std::optional<ConvNorm> pack_;
  ConvNorm depthwise_, pointwise_;
  Squeeze squeeze_;
};

class InvertedBlock final : public SkipBlock {
 public:
  explicit InvertedBlock(const Spec& s) : SkipBlock(s) {
    const Extra& extra = s.block.extra;
    const Conv expand{.kernels = extra.split_expansion ? 2 : 1, .experts = extra.experts};
    const Conv project{.kernels = extra.split_projection ? 2 : 1, .experts = extra.experts};
    const int mid = s.expanded();
    expand_ = {*this, "conv_pw", "bn1", s.in, mid, expand, s.act(), s.style};
    depthwise_ = {*this, "conv_dw", "bn2", mid, mid, s.depthwise(mid), s.act(), s.style};
    squeeze_ = {*this, mid, s};
    project_ = {*this, "conv_pwl", "bn3", mid, s.out, project, std::nullopt, s.style};
    if (extra.experts > 0)
      routing_ = register_module("routing_fn", nn::Linear(s.in, extra.experts));
  }

 private:
  torch::Tensor path(const torch::Tensor& x) override {
    torch::Tensor routing;
    if (routing_) routing = torch::sigmoid(routing_(x.mean({2, 3})));
    return project_(squeeze_(depthwise_(expand_(x, routing), routing)), routing);
  }

  ConvNorm expand_, depthwise_, project_;
  Squeeze squeeze_;
  nn::Linear routing_{nullptr};
};

class EdgeBlock final : public SkipBlock {
 public:
  explicit EdgeBlock(const Spec& s) : SkipBlock(s) {
    const int mid = s.expanded();
    const Conv full{.kernel = s.block.kernel,
                    .stride = s.stride,
                    .groups = s.block.group_width > 0 ? mid / s.block.group_width : 1};
    expand_ = {*this, "conv_exp", "bn1", s.in, mid, full, s.act(), s.style};
    squeeze_ = {*this, mid, s};
    project_ = {*this, "conv_pwl", "bn2", mid, s.out, {}, std::nullopt, s.style};
  }

 private:
  torch::Tensor path(const torch::Tensor& x) override { return project_(squeeze_(expand_(x))); }

  ConvNorm expand_, project_;
  Squeeze squeeze_;
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

  BatchNorm2d norm_;
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
static std::vector<const Block*> repeated(const Stage& stage, double depth,
                                          DepthRounding rounding) {
  double left = 0;
  for (const Block& block : stage) left += block.repeats;
  double scaled_left = rounding == DepthRounding::up ? std::ceil(left * depth)
                                                     : std::max(1.0, std::nearbyint(left * depth));
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
             double drop_path_rate, std::span<const PrunedBlock> pruned)
    : channels(in) {
  std::vector<std::vector<const Block*>> rows;
  std::size_t count = 0;
  for (std::size_t i = 0; i < plan.size(); ++i) {
    const bool end = i == 0 || i + 1 == plan.size();
    rows.push_back(
        repeated(plan[i], end && style.fix_ends ? 1 : style.depth, style.depth_rounding));
    count += rows.back().size();
  }
  TORCH_CHECK(pruned.empty() || pruned.size() == count, "a trunk of ", count, " blocks, pruned of ",
              pruned.size());
  auto blocks = owner.register_module("blocks", std::make_shared<nn::Module>());
  std::size_t index = 0;
  bool packed = false;
  for (const auto& row : rows) {
    auto stage =
        blocks->register_module(std::to_string(stages.size()), std::make_shared<nn::Module>());
    auto& built = stages.emplace_back();
    for (const Block* block : row) {
      Spec spec{.block = *block,
                .style = style,
                .in = channels,
                .out = round_channels(block->width, style),
                .stride = built.empty() ? block->stride : 1,
                .expansion = block->expansion,
                .drop_path_rate =
                    drop_path_rate * static_cast<double>(index) / static_cast<double>(count),
                .packs = block->pack && !packed,
                .pruned = pruned.empty() ? nullptr : &pruned[index]};
      if (spec.pruned) spec.out = spec.pruned->out;
      if (block->pack) {
        spec.out *= 4;
        packed = true;
      } else if (packed && spec.stride > 1) {
        spec.stride = 1;
        spec.expansion /= 4;
        packed = false;
      }
      built.push_back(stage->register_module(std::to_string(built.size()), make_block(spec)));
      channels = spec.out;
      ++index;
    }
  }
}

torch::Tensor Trunk::operator()(torch::Tensor x) const {
  for (const auto& stage : stages)
    for (const auto& block : stage) x = block->forward(x);
  return x;
}

int Trunk::layer_of(std::string_view key) const {
  if (key.starts_with("conv_stem") || key.starts_with("bn1")) return 0;
  int layer = 1;
  std::size_t stage = stages.size(), block = 0;
  if (key.starts_with("blocks.")) {
    const char* end = key.data() + key.size();
    const char* dot = std::from_chars(key.data() + 7, end, stage).ptr;
    std::from_chars(dot + 1, end, block);
  }
  for (std::size_t i = 0; i < stage; ++i) layer += static_cast<int>(stages[i].size());
  return layer + static_cast<int>(block);
}

ConvNorm make_stem(nn::Module& owner, int in, int width, int kernel, Style style) {
  style.downsample = Downsample::stride;
  return {owner, "conv_stem", "bn1", in, width, {kernel, /*stride=*/2}, style.act, style};
}

void init_weights(nn::Module& network) {
  for (const auto& [name, module] : network.named_modules().pairs()) {
    if (auto* mixture = module->as<CondConv>()) {
      mixture->init_weights();
    } else if (auto* conv = module->as<nn::Conv2d>()) {
      const auto fan_out =
          conv->weight[0][0].numel() * conv->weight.size(0) / conv->options.groups();
      nn::init::normal_(conv->weight, 0, std::sqrt(2.0 / static_cast<double>(fan_out)));
      if (conv->bias.defined()) nn::init::zeros_(conv->bias);
    } else if (auto* linear = module->as<nn::Linear>()) {
      const bool routes = name.ends_with("routing_fn");
      const auto fan = linear->weight.size(0) + (routes ? linear->weight.size(1) : 0);
      const double range = 1 / std::sqrt(static_cast<double>(fan));
      nn::init::uniform_(linear->weight, -range, range);
      nn::init::zeros_(linear->bias);
    }
  }
  for (const auto& module : network.modules())
    if (auto* attention = module->as<MultiQueryAttention>()) attention->init_weights();
}

}  // namespace archsweep::archs::mobile
