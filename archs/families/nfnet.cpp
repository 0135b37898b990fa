#include "archs/families/nfnet.h"

#include <charconv>
#include <cmath>
#include <numeric>

#include "archs/layers/activation.h"
#include "archs/layers/channels.h"
#include "archs/layers/classifier_head.h"
#include "archs/layers/conv_same.h"
#include "archs/layers/drop_path.h"
#include "archs/layers/squeeze_excite.h"
#include "archs/network.h"

namespace archsweep::archs::nfnet {
namespace {

namespace nn = torch::nn;
namespace F = torch::nn::functional;

constexpr double alpha = 0.2;         // of each residual
constexpr double attention_gain = 2;  // a sigmoid halves its input, on average

// 1 over the deviation of act(x) where x is standard normal.
double gain_of(Act act) {
  switch (act) {
    case Act::relu:
      return 1.7139588594436646;
    case Act::gelu:
      return 1.7015043497085571;
    default:
      return 1.7881293296813965;  // silu
  }
}

// An activation that keeps the variance, unless the convolution after it does.
struct ScaledAct {
  explicit ScaledAct(const Design& d) : act(d.act), gain(d.deepmind ? gain_of(d.act) : 1) {}

  torch::Tensor operator()(const torch::Tensor& x) const {
    const auto y = activate(act, x);
    return gain == 1 ? y : y * gain;
  }

  Act act;
  double gain;
};

// A convolution whose weights are standardised for each channel out, then scaled by a learned
// gain and by the root of what a channel sums over. timm ScaledStdConv2d, ScaledStdConv2dSame.
class ScaledConvImpl : public nn::Conv2dImpl {
 public:
  ScaledConvImpl(const Design& d, int in, int out, int kernel = 1, int stride = 1, int groups = 1)
      : nn::Conv2dImpl(nn::Conv2dOptions(in, out, kernel).stride(stride).groups(groups)),
        kernel_(kernel),
        stride_(stride),
        same_(d.deepmind && stride > 1),
        scale_((d.deepmind ? 1 : gain_of(d.act)) /
               std::sqrt(static_cast<double>(weight[0].numel()))) {
    gain = register_parameter("gain", torch::ones({out, 1, 1, 1}));
  }

  torch::Tensor forward(const torch::Tensor& input) {
    const auto x = same_ ? pad_same(input, kernel_, stride_) : input;
    const auto standard =
        F::batch_norm(weight.flatten(1).unsqueeze(0), {}, {},
                      F::BatchNormFuncOptions().weight((gain * scale_).flatten()).training(true))
            .reshape_as(weight);
    return torch::conv2d(x, standard, bias, stride_, same_ ? 0 : even_padding(kernel_, stride_),
                         /*dilation=*/1, options.groups());
  }

  torch::Tensor gain;  // [out, 1, 1, 1]

 private:
  int kernel_, stride_;
  bool same_;  // TensorFlow's padding
  double scale_;
};
TORCH_MODULE(ScaledConv);

nn::AnyModule attention(const Design& d, int width) {
  if (d.attention == Attention::eca) return nn::AnyModule(Eca(width));
  return nn::AnyModule(SqueezeExcite(width, squeezed_width(width, d.se_ratio)));
}

// shortcut(x) + alpha * path(act(x) * beta), with beta 1 over the deviation of x; the shortcut of
// a block that changes the shape begins after the activation.
class BlockImpl : public nn::Module {
 public:
  BlockImpl(const Design& d, int in, int out, double bottleneck, int stride, double beta,
            double drop)
      : act_(d), beta_(beta), drop_(drop) {
    int mid = make_divisible((d.inverted ? in : out) * bottleneck);
    const int groups = d.group_width > 0 ? mid / d.group_width : 1;
    if (d.group_width > 0) mid = d.group_width * groups;
    if (d.deepmind) skip_gain_ = register_parameter("skipinit_gain", torch::zeros({}));
    if (in != out || stride != 1) {
      if (stride > 1)
        downsample_->push_back(
            "pool",
            nn::AvgPool2d(
                nn::AvgPool2dOptions(2).stride(stride).ceil_mode(true).count_include_pad(false)));
      downsample_->push_back("conv", ScaledConv(d, in, out));
      register_module("downsample", downsample_);
    }
    conv1_ = register_module("conv1", ScaledConv(d, in, mid));
    conv2_ = register_module("conv2", ScaledConv(d, mid, mid, 3, stride, groups));
    if (d.extra_conv)
      conv2b_ = register_module("conv2b", ScaledConv(d, mid, mid, 3, /*stride=*/1, groups));
    if (d.inverted) {
      attention_ = attention(d, mid);
      register_module("attn", attention_.ptr());
    }
    conv3_ = register_module("conv3", ScaledConv(d, mid, out));
    if (!d.deepmind) nn::init::zeros_(conv3_->gain);  // the block starts as its shortcut
    if (!d.inverted && d.attention != Attention::none) {
      attention_last_ = attention(d, out);
      register_module("attn_last", attention_last_.ptr());
    }
  }

  torch::Tensor forward(const torch::Tensor& input) {
    auto x = act_(input) * beta_;
    const auto shortcut = downsample_->is_empty() ? input : downsample_->forward(x);
    x = conv2_(act_(conv1_(x)));
    if (conv2b_) x = conv2b_(act_(x));
    if (!attention_.is_empty()) x = attention_gain * attention_.forward(x);
    x = conv3_(act_(x));
    if (!attention_last_.is_empty()) x = attention_gain * attention_last_.forward(x);
    x = drop_path(x, drop_, is_training());
    if (skip_gain_.defined()) x = x * skip_gain_;
    return x * alpha + shortcut;
  }

 private:
  ScaledAct act_;
  double beta_, drop_;
  torch::Tensor skip_gain_;
  nn::Sequential downsample_;
  ScaledConv conv1_{nullptr}, conv2_{nullptr}, conv2b_{nullptr}, conv3_{nullptr};
  nn::AnyModule attention_, attention_last_;
};
TORCH_MODULE(Block);

// To 1/2 (conv3x3) or 1/4.
nn::Sequential stem(const Design& d, int in, int out) {
  nn::Sequential layers;
  if (d.stem == Stem::deep) {
    for (int i = 1; i <= 4; ++i) {
      const int width = out >> (4 - i);
      if (i > 1) layers->push_back("act" + std::to_string(i), nn::Functional(ScaledAct(d)));
      layers->push_back("conv" + std::to_string(i),
                        ScaledConv(d, in, width, 3, i == 1 || i == 4 ? 2 : 1));
      in = width;
    }
    return layers;
  }
  const bool pool = d.stem == Stem::conv7x7_pool;
  layers->push_back("conv", ScaledConv(d, in, out, pool ? 7 : 3, 2));
  if (pool) layers->push_back("pool", nn::MaxPool2d(nn::MaxPool2dOptions(3).stride(2).padding(1)));
  return layers;
}

class NfNet : public Network {
 public:
  NfNet(const Variant& v, const BuildOptions& o) : depths_(v.depths), act_(v.design) {
    const Design& d = v.design;
    auto scaled = [&](double width) { return make_divisible(width * d.width); };
    int in = scaled(d.stem_width > 0 ? d.stem_width : v.widths[0]);
    stem_ = register_module("stem", stem(d, o.in_chans, in));
    auto stages = register_module("stages", nn::ModuleList());
    const int blocks = std::accumulate(v.depths.begin(), v.depths.end(), 0);
    double variance = 1;  // of a block's input, before training
    for (int stage = 0, block = 0; stage < 4; ++stage) {
      stages->push_back(stages_.emplace_back());
      const int out = scaled(v.widths[stage]);
      for (int i = 0; i < v.depths[stage]; ++i, ++block) {
        const bool strides = i == 0 && (stage > 0 || d.stem == Stem::conv3x3);
        const double bottleneck = d.inverted && block == 0 ? 1 : d.bottleneck;
        stages_.back()->push_back(Block(d, in, out, bottleneck, strides ? 2 : 1,
                                        1 / std::sqrt(variance),
                                        o.drop_path_rate * block / std::max(1, blocks - 1)));
        if (i == 0) variance = 1;  // its shortcut was normalised too
        variance += alpha * alpha;
        in = out;
      }
    }
    num_features = in;
    if (d.last > 0) {
      num_features = scaled(v.widths[3] * d.last);
      final_conv_ = register_module("final_conv", ScaledConv(d, in, num_features));
    }
    head_ = register_module("head", ClassifierHead(num_features, o));
    classifier = "head.fc";
    for (auto& module : modules(/*include_self=*/false)) {
      if (auto* c = module->as<nn::Conv2d>()) {
        nn::init::kaiming_normal_(c->weight, 0, torch::kFanIn, torch::kLinear);
        nn::init::zeros_(c->bias);
      } else if (auto* l = module->as<nn::Linear>()) {
        nn::init::normal_(l->weight, 0, 0.01);
        nn::init::zeros_(l->bias);
      }
    }
  }

  torch::Tensor features(const torch::Tensor& images) override {
    auto x = stem_->forward(images);                    // 1/4, of NF-RegNet 1/2
    for (auto& stage : stages_) x = stage->forward(x);  // 1/4, 1/8, 1/16, 1/32
    return act_(final_conv_ ? final_conv_(x) : x);
  }

  torch::Tensor head(const torch::Tensor& features) override { return head_(features); }

  int layer_of(std::string_view key) const override {
    const int blocks = std::accumulate(depths_.begin(), depths_.end(), 0);
    if (key.starts_with("stem")) return 0;
    if (key.starts_with("final_conv")) return blocks;  // goes with the last block
    if (!key.starts_with("stages.")) return blocks + 1;
    const int stage = key[7] - '0';
    int block = 0;
    std::from_chars(key.data() + 9, key.data() + key.size(), block);
    return std::accumulate(depths_.begin(), depths_.begin() + stage, 1) + block;
  }

 private:
  std::array<int, 4> depths_;
  ScaledAct act_;
  nn::Sequential stem_{nullptr};
  std::vector<nn::Sequential> stages_;
  ScaledConv final_conv_{nullptr};
  ClassifierHead head_{nullptr};
};

}  // namespace

std::shared_ptr<Network> build(const Variant& variant, const BuildOptions& options) {
  return std::make_shared<NfNet>(variant, options);
}

}  // namespace archsweep::archs::nfnet
