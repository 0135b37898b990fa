#include "archs/families/repghost.h"

#include <charconv>

#include "archs/layers/activation.h"
#include "archs/layers/batch_norm.h"
#include "archs/layers/channels.h"
#include "archs/layers/conv.h"
#include "archs/layers/conv_norm.h"
#include "archs/layers/pool.h"
#include "archs/layers/squeeze_excite.h"
#include "archs/network.h"

namespace archsweep::archs::repghost {
namespace {

namespace nn = torch::nn;

struct Plan {
  int kernel;  // of the strided convolution and the shortcut
  int hidden;
  int width;
  double squeeze = 0;  // squeezed width over hidden; 0: no squeeze-and-excitation
  int stride = 1;
};

// One a block. A stage ends where the stride changes.
// clang-format off
constexpr Plan plan[] = {
    {3, 8, 16},
    {3, 24, 24, 0, 2},
    {3, 36, 24},
    {5, 36, 40, 0.25, 2},
    {5, 60, 40, 0.25},
    {3, 120, 80, 0, 2},
    {3, 100, 80}, {3, 120, 80}, {3, 120, 80}, {3, 240, 112, 0.25}, {3, 336, 112, 0.25},
    {5, 336, 160, 0.25, 2},
    {5, 480, 160}, {5, 480, 160, 0.25}, {5, 480, 160}, {5, 480, 160, 0.25},
};
// clang-format on
constexpr int block_count = std::size(plan), last_hidden = 960, head_width = 1280;

// act(depthwise(y) + norm(y)), where y = act(pointwise(x)); both convolutions have norms.
class GhostModuleImpl : public nn::Module {
 public:
  GhostModuleImpl(int in, int out, Act act) : act_(act) {
    ConvNormOptions options{.act = act, .conv = "0", .norm = "1"};
    primary_ = register_module("primary_conv", ConvNorm(in, out, options));
    register_module("fusion_bn", fusion_);
    fusion_->push_back(BatchNorm2d(out));
    options = {.kernel = 3, .groups = out, .conv = "0", .norm = "1"};
    cheap_ = register_module("cheap_operation", ConvNorm(out, out, options));
  }

  torch::Tensor forward(const torch::Tensor& x) {
    const auto y = primary_(x);
    return activate(act_, cheap_(y) + fusion_->forward(y));
  }

 private:
  ConvNorm primary_{nullptr}, cheap_{nullptr};
  nn::Sequential fusion_;
  Act act_;
};
TORCH_MODULE(GhostModule);

// Ghost module, strided depthwise convolution, squeeze-and-excitation, ghost module; plus the
// input, through a separable convolution where the shape changes.
class BottleneckImpl : public nn::Module {
 public:
  BottleneckImpl(const Plan& p, int in, int hidden, int out) {
    expand_ = register_module("ghost1", GhostModule(in, hidden, Act::relu));
    if (p.stride > 1) {
      depthwise_ = register_module("conv_dw", conv(hidden, hidden, p.kernel, p.stride, hidden));
      norm_ = register_module("bn_dw", BatchNorm2d(hidden));
    }
    if (p.squeeze > 0) {
      const SqueezeExciteOptions options{
          .gate = Act::hard_sigmoid, .reduce = "conv_reduce", .expand = "conv_expand"};
      const int squeezed = make_divisible(hidden * p.squeeze, 4);
      squeeze_ = register_module("se", SqueezeExcite(hidden, squeezed, options));
    }
    project_ = register_module("ghost2", GhostModule(hidden, out, Act::identity));
    if (p.stride > 1 || in != out)
      shortcut_ = register_module(
          "shortcut", nn::Sequential(conv(in, in, p.kernel, p.stride, in), BatchNorm2d(in),
                                     conv(in, out, 1), BatchNorm2d(out)));
  }

  torch::Tensor forward(const torch::Tensor& input) {
    auto x = expand_(input);
    if (depthwise_) x = norm_(depthwise_(x));
    if (squeeze_) x = squeeze_(x);
    return project_(x) + (shortcut_ ? shortcut_->forward(input) : input);
  }

 private:
  GhostModule expand_{nullptr}, project_{nullptr};
  nn::Conv2d depthwise_{nullptr};
  BatchNorm2d norm_{nullptr};
  SqueezeExcite squeeze_{nullptr};
  nn::Sequential shortcut_{nullptr};
};
TORCH_MODULE(Bottleneck);

class RepGhostNet : public Network {
 public:
  RepGhostNet(const Variant& v, const BuildOptions& o)
      : pool_(pool_or(o.global_pool, "avg")), drop_rate_(o.drop_rate) {
    TORCH_CHECK(pool_width(pool_) == 1, v.name, ": global_pool '", pool_,
                "' changes the width that its head needs");
    auto scaled = [&](double width) { return make_divisible(width * v.width, 4); };
    int in = scaled(16);
    stem_ = register_module("conv_stem", conv(o.in_chans, in, 3, 2));
    norm_ = register_module("bn1", BatchNorm2d(in));
    auto blocks = register_module("blocks", nn::ModuleList());
    auto next_stage = [&](int layer) {
      first_layer_.push_back(layer);
      blocks->push_back(stages_.emplace_back());
    };
    for (int i = 0; i < block_count; ++i) {
      const Plan& p = plan[i];
      if (i == 0 || p.stride != plan[i - 1].stride) next_stage(i + 1);
      const int out = scaled(p.width);
      stages_.back()->push_back(Bottleneck(p, in, scaled(p.hidden), out));
      in = out;
    }
    next_stage(block_count + 1);
    num_features = scaled(last_hidden);
    stages_.back()->push_back(
        ConvNorm(in, num_features, ConvNormOptions{.act = Act::relu, .norm = "bn1"}));
    head_ =
        register_module("conv_head", nn::Conv2d(nn::Conv2dOptions(num_features, head_width, 1)));
    const int classes = o.num_classes < 0 ? 1000 : o.num_classes;
    if (classes > 0) classifier_ = register_module("classifier", nn::Linear(head_width, classes));
    classifier = "classifier";
  }

  torch::Tensor features(const torch::Tensor& images) override {
    auto x = torch::relu(norm_(stem_(images)));         // 1/2
    for (auto& stage : stages_) x = stage->forward(x);  // 1/2, 1/4, 1/4, 1/8, 1/8, ... 1/32
    return x;
  }

  torch::Tensor head(const torch::Tensor& features) override {
    auto x = global_pool(pool_, features).unsqueeze(-1).unsqueeze(-1);
    x = torch::relu(head_(x)).flatten(1);
    x = torch::dropout(x, drop_rate_, is_training());
    return classifier_ ? classifier_(x) : x;
  }

  int layer_of(std::string_view key) const override {
    if (key.starts_with("conv_stem") || key.starts_with("bn1")) return 0;
    if (key.starts_with("classifier")) return block_count + 2;
    if (!key.starts_with("blocks.")) return block_count + 1;  // of the head
    std::size_t stage = 0;
    int block = 0;
    const char* end = key.data() + key.size();
    const char* dot = std::from_chars(key.data() + 7, end, stage).ptr;
    std::from_chars(dot + 1, end, block);
    return first_layer_[stage] + block;
  }

 private:
  std::string pool_;
  double drop_rate_;
  nn::Conv2d stem_{nullptr}, head_{nullptr};
  BatchNorm2d norm_{nullptr};
  std::vector<nn::Sequential> stages_;
  std::vector<int> first_layer_;  // of each stage
  nn::Linear classifier_{nullptr};
};

}  // namespace

std::shared_ptr<Network> build(const Variant& variant, const BuildOptions& options) {
  return std::make_shared<RepGhostNet>(variant, options);
}

}  // namespace archsweep::archs::repghost
