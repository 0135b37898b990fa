#include "archs/families/regnet.h"

#include <charconv>
#include <cmath>

#include "archs/layers/activation.h"
#include "archs/layers/batch_norm.h"
#include "archs/layers/channels.h"
#include "archs/layers/classifier_head.h"
#include "archs/layers/conv.h"
#include "archs/layers/conv_norm.h"
#include "archs/layers/drop_path.h"
#include "archs/layers/squeeze_excite.h"
#include "archs/network.h"

namespace archsweep::archs::regnet {
namespace {

namespace nn = torch::nn;

struct Stage {
  int width;       // of each block's output
  int depth = 0;   // blocks
  int mid = 0;     // width of the 3x3
  int groups = 0;  // of the 3x3
};

// Every block's width is the line's, rounded to a power of wm times w0 and then to a multiple of 8;
// neighbours of one width are a stage, whose 3x3 is then fitted to whole groups.
std::vector<Stage> stages_of(const Variant& v) {
  std::vector<Stage> stages;
  for (int block = 0; block < v.depth; ++block) {
    const double line = v.w0 + v.wa * block;
    const double power = std::nearbyint(std::log(line / v.w0) / std::log(v.wm));
    const int width = 8 * static_cast<int>(std::nearbyint(v.w0 * std::pow(v.wm, power) / 8));
    if (stages.empty() || stages.back().width != width) stages.push_back({width});
    ++stages.back().depth;
  }
  const int expansion = v.block == Block::inverted ? 4 : 1;
  for (auto& stage : stages) {
    const int wanted = stage.width * expansion;
    const int group = std::min(v.group_size, wanted);
    stage.mid = v.torchvision_rounding
                    ? make_divisible(wanted, group)
                    : group * static_cast<int>(std::nearbyint(1.0 * wanted / group));
    stage.groups = stage.mid / group;
    stage.width = stage.mid / expansion;
  }
  return stages;
}

ConvNorm conv_norm(const Variant& v, int in, int out, ConvNormOptions options) {
  options.norm_group = v.group_norm ? 16 : 0;
  return ConvNorm(in, out, options);
}

SqueezeExcite squeeze(const Variant& v, int in, int mid) {
  return SqueezeExcite(mid, static_cast<int>(std::nearbyint(in * v.se_ratio)),
                       SqueezeExciteOptions{.act = v.act});
}

// 1x1, 3x3, 1x1, with squeeze-and-excitation after the 3x3. A stage's first block strides.
class BottleneckImpl : public nn::Module {
 public:
  BottleneckImpl(const Variant& v, const Stage& stage, int in, int stride, double drop)
      : act_(v.block == Block::inverted ? Act::identity : v.act), drop_(drop) {
    const int mid = stage.mid, out = stage.width;
    conv1_ = register_module("conv1", conv_norm(v, in, mid, {.act = v.act}));
    conv2_ = register_module(
        "conv2", conv_norm(v, mid, mid,
                           {.kernel = 3, .stride = stride, .groups = stage.groups, .act = v.act}));
    if (v.se_ratio > 0) se_ = register_module("se", squeeze(v, in, mid));
    // The block starts as the identity.
    conv3_ = register_module("conv3", conv_norm(v, mid, out, {.initial = 0}));
    add_ = stride == 1 || v.block != Block::inverted;
    if (add_ && stride > 1)
      downsample_ = register_module("downsample", conv_norm(v, in, out, {.stride = stride}));
  }

  torch::Tensor forward(const torch::Tensor& input) {
    auto x = conv2_(conv1_(input));
    if (se_) x = se_(x);
    x = conv3_(x);
    if (add_) x = drop_path(x, drop_, is_training()) + (downsample_ ? downsample_(input) : input);
    return activate(act_, x);
  }

 private:
  ConvNorm conv1_{nullptr}, conv2_{nullptr}, conv3_{nullptr}, downsample_{nullptr};
  SqueezeExcite se_{nullptr};
  bool add_;
  Act act_;
  double drop_;
};
TORCH_MODULE(Bottleneck);

// The same with norm and activation before each convolution. The shortcut is normalised too.
class PreNormBottleneckImpl : public nn::Module {
 public:
  PreNormBottleneckImpl(const Variant& v, const Stage& stage, int in, int stride, double drop)
      : act_(v.act), drop_(drop) {
    const int mid = stage.mid, out = stage.width;
    norm1_ = register_module("norm1", BatchNorm2d(in));
    conv1_ = register_module("conv1", conv(in, mid, 1));
    norm2_ = register_module("norm2", BatchNorm2d(mid));
    conv2_ = register_module("conv2", conv(mid, mid, 3, stride, stage.groups));
    if (v.se_ratio > 0) se_ = register_module("se", squeeze(v, in, mid));
    norm3_ = register_module("norm3", BatchNorm2d(mid));
    conv3_ = register_module("conv3", conv(mid, out, 1));
    if (stride == 1) return;
    pool_ = v.avg_down;
    downsample_ = conv(in, out, 1, pool_ ? 1 : stride);
    if (pool_)
      register_module("downsample", nn::Sequential(nn::Identity(), downsample_));
    else
      register_module("downsample", downsample_);
  }

  torch::Tensor forward(const torch::Tensor& input) {
    const auto normed = activate(act_, norm1_(input));
    auto x = conv2_(activate(act_, norm2_(conv1_(normed))));
    if (se_) x = se_(x);
    x = conv3_(activate(act_, norm3_(x)));
    auto shortcut = pool_ ? torch::avg_pool2d(normed, 2, 2, 0, /*ceil_mode=*/true,
                                              /*count_include_pad=*/false)
                          : normed;
    if (downsample_) shortcut = downsample_(shortcut);
    return drop_path(x, drop_, is_training()) + shortcut;
  }

 private:
  BatchNorm2d norm1_{nullptr}, norm2_{nullptr}, norm3_{nullptr};
  nn::Conv2d conv1_{nullptr}, conv2_{nullptr}, conv3_{nullptr}, downsample_{nullptr};
  SqueezeExcite se_{nullptr};
  bool pool_ = false;
  Act act_;
  double drop_;
};
TORCH_MODULE(PreNormBottleneck);

class RegNet : public Network {
 public:
  RegNet(const Variant& v, const BuildOptions& o) {
    const bool pre_norm = v.block == Block::pre_norm;
    int in = 32;
    if (pre_norm)
      stem_ = nn::AnyModule(conv(o.in_chans, in, 3, 2));
    else
      stem_ = nn::AnyModule(conv_norm(v, o.in_chans, in, {.kernel = 3, .stride = 2, .act = v.act}));
    register_module("stem", stem_.ptr());
    int block = 0;
    for (const auto& stage : stages_of(v)) {
      firsts_.push_back(1 + block);
      nn::Sequential blocks;
      for (int i = 0; i < stage.depth; ++i, ++block, in = stage.width) {
        const int stride = i == 0 ? 2 : 1;
        const double drop = o.drop_path_rate * block / (v.depth - 1);
        blocks->push_back("b" + std::to_string(i + 1),
                          pre_norm ? nn::AnyModule(PreNormBottleneck(v, stage, in, stride, drop))
                                   : nn::AnyModule(Bottleneck(v, stage, in, stride, drop)));
      }
      stages_.push_back(register_module("s" + std::to_string(firsts_.size()), blocks));
    }
    firsts_.push_back(1 + block);
    if (v.head_width > 0) {
      final_conv_ = register_module("final_conv", conv_norm(v, in, v.head_width, {.act = v.act}));
      in = v.head_width;
    } else if (v.block != Block::bottleneck) {
      final_act_ = v.act;
    }
    num_features = in;
    classifier = "head.fc";
    head_ = register_module("head", ClassifierHead(in, o));
    torch::NoGradGuard no_grad;
    for (auto& module : modules(/*include_self=*/false)) {
      if (auto* c = module->as<nn::Conv2d>()) {
        const auto fan_out = c->weight.size(0) * c->weight[0][0].numel() / c->options.groups();
        c->weight.normal_(0, std::sqrt(2.0 / fan_out));
        if (c->bias.defined()) c->bias.zero_();
      }
      if (auto* linear = module->as<nn::Linear>()) {
        linear->weight.normal_(0, 0.01);
        linear->bias.zero_();
      }
    }
  }

  torch::Tensor features(const torch::Tensor& images) override {
    auto x = stem_.forward(images);                     // 1/2, 32 channels
    for (auto& stage : stages_) x = stage->forward(x);  // 1/4, 1/8, 1/16, 1/32
    return final_conv_ ? final_conv_(x) : activate(final_act_, x);
  }

  torch::Tensor head(const torch::Tensor& features) override { return head_(features); }

  int layer_of(std::string_view key) const override {
    if (key.starts_with("stem")) return 0;
    if (key[0] != 's') return firsts_.back();
    int block = 0;  // "s1.b1"
    std::from_chars(key.data() + 4, key.data() + key.size(), block);
    return firsts_[key[1] - '1'] + block - 1;
  }

 private:
  nn::AnyModule stem_;
  std::vector<nn::Sequential> stages_;
  std::vector<int> firsts_;  // layer of each stage's first block, then of the head
  ConvNorm final_conv_{nullptr};
  Act final_act_ = Act::identity;
  ClassifierHead head_{nullptr};
};

}  // namespace

std::shared_ptr<Network> build(const Variant& variant, const BuildOptions& options) {
  return std::make_shared<RegNet>(variant, options);
}

}  // namespace archsweep::archs::regnet
