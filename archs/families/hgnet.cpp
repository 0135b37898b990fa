#include "archs/families/hgnet.h"

#include <numeric>

#include "archs/layers/conv_norm.h"
#include "archs/layers/drop_path.h"
#include "archs/layers/layer_groups.h"
#include "archs/layers/pool.h"
#include "archs/layers/scalar_affine.h"
#include "archs/network.h"

namespace archsweep::archs::hgnet {
namespace {

namespace nn = torch::nn;

// Convolution, batch norm, relu and the learned scale where the variant has it.
class UnitImpl : public ConvNormImpl {
 public:
  UnitImpl(const Variant& v, int in, int out, int kernel, int stride = 1, int groups = 1)
      : ConvNormImpl(in, out,
                     {.kernel = kernel, .stride = stride, .groups = groups, .act = Act::relu}) {
    if (v.affine) lab_ = register_module("lab", ScalarAffine());
  }

  torch::Tensor forward(const torch::Tensor& input) {
    const auto x = ConvNormImpl::forward(input);
    return lab_ ? lab_(x) : x;
  }

 private:
  ScalarAffine lab_{nullptr};
};
TORCH_MODULE(Unit);

// A 1x1, then a depthwise convolution.
class LightUnitImpl : public nn::Module {
 public:
  LightUnitImpl(const Variant& v, int in, int out, int kernel) {
    conv1_ = register_module("conv1", ConvNorm(in, out));
    conv2_ = register_module("conv2", Unit(v, out, out, kernel, 1, out));
  }

  torch::Tensor forward(const torch::Tensor& x) { return conv2_(conv1_(x)); }

 private:
  ConvNorm conv1_{nullptr};
  Unit conv2_{nullptr};
};
TORCH_MODULE(LightUnit);

// Each channel times what the means of all channels say of it, by one layer.
class ExciteImpl : public nn::Module {
 public:
  explicit ExciteImpl(int channels) {
    conv_ = register_module("conv", nn::Conv2d(nn::Conv2dOptions(channels, channels, 1)));
  }

  torch::Tensor forward(const torch::Tensor& x) {
    return x * torch::sigmoid(conv_(x.mean({2, 3}, /*keepdim=*/true)));
  }

 private:
  nn::Conv2d conv_{nullptr};
};
TORCH_MODULE(Excite);

// The input and the outputs of all convolutions in a row, joined and mixed; and, but in the first
// block of a stage, x + that.
class BlockImpl : public nn::Module {
 public:
  BlockImpl(const Variant& v, int stage, int in, bool residual, double drop)
      : residual_(residual), drop_(drop) {
    const bool light = v.version == 2 && stage >= 2;
    const int inner = v.inner[stage], out = v.widths[stage];
    nn::ModuleList layers;
    for (int i = 0, width = in; i < v.layers; ++i, width = inner) {
      layers_.push_back(light ? nn::AnyModule(LightUnit(v, width, inner, 5))
                              : nn::AnyModule(Unit(v, width, inner, 3)));
      layers->push_back(layers_.back().ptr());
    }
    register_module("layers", layers);
    const int joined = in + v.layers * inner;
    if (v.version == 2)
      aggregation_ = nn::Sequential(Unit(v, joined, out / 2, 1), Unit(v, out / 2, out, 1));
    else
      aggregation_ = nn::Sequential(Unit(v, joined, out, 1), Excite(out));
    register_module("aggregation", aggregation_);
  }

  torch::Tensor forward(const torch::Tensor& input) {
    std::vector<torch::Tensor> outputs{input};
    for (auto& layer : layers_) outputs.push_back(layer.forward(outputs.back()));
    const auto x = aggregation_->forward(torch::cat(outputs, 1));
    return residual_ ? drop_path(x, drop_, is_training()) + input : x;
  }

 private:
  std::vector<nn::AnyModule> layers_;
  nn::Sequential aggregation_{nullptr};
  bool residual_;
  double drop_;
};
TORCH_MODULE(Block);

// A strided depthwise 3x3, except in the first stage, then the blocks.
class StageImpl : public nn::Module {
 public:
  // `before`: blocks of the earlier stages; `drop`: of a block over its number.
  StageImpl(const Variant& v, int stage, int in, int before, double drop) {
    if (stage > 0)
      downsample_ = register_module(
          "downsample", ConvNorm(in, in, ConvNormOptions{.kernel = 3, .stride = 2, .groups = in}));
    for (int i = 0; i < v.depths[stage]; ++i)
      blocks_->push_back(
          Block(v, stage, i == 0 ? in : v.widths[stage], /*residual=*/i > 0, drop * (before + i)));
    register_module("blocks", blocks_);
  }

  torch::Tensor forward(const torch::Tensor& x) {
    return blocks_->forward(downsample_ ? downsample_(x) : x);
  }

 private:
  ConvNorm downsample_{nullptr};
  nn::Sequential blocks_;
};
TORCH_MODULE(Stage);

// Three 3x3, and a pool.
class StemImpl : public nn::Module {
 public:
  StemImpl(const Variant& v, int in) {
    const auto [inner, out] = v.stem;
    register_module("stem",
                    stem_ = nn::Sequential(Unit(v, in, inner, 3, 2), Unit(v, inner, inner, 3),
                                           Unit(v, inner, out, 3)));
  }

  torch::Tensor forward(const torch::Tensor& images) {
    return torch::max_pool2d(stem_->forward(images), 3, 2, 1);
  }

 private:
  nn::Sequential stem_{nullptr};
};
TORCH_MODULE(Stem);

// Two 2x2 beside a 2x2 pool, between strided 3x3.
class BranchingStemImpl : public nn::Module {
 public:
  BranchingStemImpl(const Variant& v, int in) {
    const auto [inner, out] = v.stem;
    stem1_ = register_module("stem1", Unit(v, in, inner, 3, 2));
    stem2a_ = register_module("stem2a", Unit(v, inner, inner / 2, 2));
    stem2b_ = register_module("stem2b", Unit(v, inner / 2, inner, 2));
    stem3_ = register_module("stem3", Unit(v, 2 * inner, inner, 3, 2));
    stem4_ = register_module("stem4", Unit(v, inner, out, 1));
  }

  torch::Tensor forward(const torch::Tensor& images) {
    // A pixel at the far end, so that a 2x2 keeps the size.
    const auto pad = [](const torch::Tensor& x) { return torch::constant_pad_nd(x, {0, 1, 0, 1}); };
    const auto x = pad(stem1_(images));
    const auto branch = stem2b_(pad(stem2a_(x)));
    return stem4_(stem3_(torch::cat({torch::max_pool2d(x, 2, 1), branch}, 1)));
  }

 private:
  Unit stem1_{nullptr}, stem2a_{nullptr}, stem2b_{nullptr}, stem3_{nullptr}, stem4_{nullptr};
};
TORCH_MODULE(BranchingStem);

// Pool, a hidden layer, classifier.
class HeadImpl : public nn::Module {
 public:
  HeadImpl(const Variant& v, const BuildOptions& o)
      : pool_(pool_or(o.global_pool, "avg")), drop_rate_(o.drop_rate) {
    TORCH_CHECK(pool_width(pool_) == 1, v.name, ": global_pool '", pool_, "' is not possible");
    constexpr int hidden = 2048;
    last_conv_ = nn::Sequential(nn::Conv2d(nn::Conv2dOptions(v.widths[3], hidden, 1).bias(false)),
                                nn::ReLU());
    if (v.affine) last_conv_->push_back(ScalarAffine());
    register_module("last_conv", last_conv_);
    const int classes = o.num_classes < 0 ? 1000 : o.num_classes;
    if (classes > 0) fc_ = register_module("fc", nn::Linear(hidden, classes));
  }

  torch::Tensor forward(const torch::Tensor& features) {
    auto x = global_pool(pool_, features).unsqueeze(-1).unsqueeze(-1);
    x = last_conv_->forward(x).flatten(1);
    if (drop_rate_ > 0) x = torch::dropout(x, drop_rate_, is_training());
    return fc_ ? fc_(x) : x;
  }

 private:
  std::string pool_;
  double drop_rate_;
  nn::Sequential last_conv_{nullptr};
  nn::Linear fc_{nullptr};
};
TORCH_MODULE(Head);

class HgNet : public Network {
 public:
  HgNet(const Variant& v, const BuildOptions& o) : depths_(v.depths) {
    stem_ = v.version == 2 ? nn::AnyModule(BranchingStem(v, o.in_chans))
                           : nn::AnyModule(Stem(v, o.in_chans));
    register_module("stem", stem_.ptr());
    const int blocks = std::accumulate(v.depths.begin(), v.depths.end(), 0);
    const double drop = o.drop_path_rate / std::max(1, blocks - 1);
    int in = v.stem[1];
    for (int stage = 0, before = 0; stage < 4; before += v.depths[stage++]) {
      stages_->push_back(Stage(v, stage, in, before, drop));
      in = v.widths[stage];
    }
    register_module("stages", stages_);
    head_ = register_module("head", Head(v, o));
    num_features = in;
    classifier = "head.fc";
    for (auto& module : modules(/*include_self=*/false)) {
      if (auto* c = module->as<nn::Conv2d>())
        nn::init::kaiming_normal_(c->weight, 0, torch::kFanOut, torch::kReLU);
      if (auto* l = module->as<nn::Linear>()) nn::init::zeros_(l->bias);
    }
  }

  torch::Tensor features(const torch::Tensor& images) override {
    return stages_->forward(stem_.forward(images));  // 1/4; 1/4, 1/8, 1/16, 1/32
  }

  torch::Tensor head(const torch::Tensor& features) override { return head_(features); }

  int layer_of(std::string_view key) const override {
    return layer_in_stages(key, "stem", depths_);
  }

 private:
  std::array<int, 4> depths_;
  nn::AnyModule stem_;
  nn::Sequential stages_;
  Head head_{nullptr};
};

}  // namespace

std::shared_ptr<Network> build(const Variant& variant, const BuildOptions& options) {
  return std::make_shared<HgNet>(variant, options);
}

}  // namespace archsweep::archs::hgnet
