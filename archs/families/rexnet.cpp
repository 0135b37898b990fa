#include "archs/families/rexnet.h"

#include <charconv>
#include <cmath>

#include "archs/layers/activation.h"
#include "archs/layers/channels.h"
#include "archs/layers/classifier_head.h"
#include "archs/layers/conv_norm.h"
#include "archs/layers/drop_path.h"
#include "archs/layers/efficientnet_blocks.h"
#include "archs/layers/squeeze_excite.h"
#include "archs/network.h"

namespace archsweep::archs::rexnet {
namespace {

namespace nn = torch::nn;

struct Stage {
  int blocks;
  int stride;  // of the first block
  int expansion = 6;
  bool squeeze = true;
};
constexpr Stage plan[] = {
    {1, 1, 1, false}, {2, 2, 6, false}, {2, 2}, {3, 2}, {3, 1}, {5, 2},
};
constexpr int block_count = 16;

// Expansion, depthwise 3x3, squeeze-and-excitation, projection; plus the input.
class BlockImpl : public nn::Module {
 public:
  BlockImpl(const Stage& stage, int in, int out, int stride, int divisor, double drop)
      : skip_(stride == 1 && in <= out), drop_(drop) {
    const int hidden = stage.expansion == 1 ? in : make_divisible(in * stage.expansion, divisor);
    if (stage.expansion != 1)
      expand_ =
          register_module("conv_exp", ConvNorm(in, hidden, ConvNormOptions{.act = Act::silu}));
    depthwise_ = register_module(
        "conv_dw",
        ConvNorm(hidden, hidden, ConvNormOptions{.kernel = 3, .stride = stride, .groups = hidden}));
    if (stage.squeeze)
      squeeze_ = register_module("se", SqueezeExcite(hidden, make_divisible(hidden / 12, divisor),
                                                     SqueezeExciteOptions{.norm = true}));
    project_ = register_module("conv_pwl", ConvNorm(hidden, out));
  }

  torch::Tensor forward(const torch::Tensor& input) {
    auto x = depthwise_(expand_ ? expand_(input) : input);
    if (squeeze_) x = squeeze_(x);
    x = project_(activate(Act::relu6, x));
    if (!skip_) return x;
    x = drop_path(x, drop_, is_training());
    const auto in = input.size(1);
    return torch::cat({x.narrow(1, 0, in) + input, x.narrow(1, in, x.size(1) - in)}, 1);
  }

 private:
  ConvNorm expand_{nullptr}, depthwise_{nullptr}, project_{nullptr};
  SqueezeExcite squeeze_{nullptr};
  bool skip_;
  double drop_;
};
TORCH_MODULE(Block);

class ReXNet : public Network {
 public:
  ReXNet(const Variant& v, const BuildOptions& o) {
    // Ties to even, as Python rounds.
    auto rounded = [&](double width) { return make_divisible(std::nearbyint(width), v.divisor); };
    int in = rounded(32 * v.width), block = 0;
    stem_ = register_module(
        "stem",
        ConvNorm(o.in_chans, in, ConvNormOptions{.kernel = 3, .stride = 2, .act = Act::silu}));
    for (const Stage& stage : plan) {
      for (int i = 0; i < stage.blocks; ++i, ++block) {
        const int out = rounded((16 + 180.0 / block_count * block) * v.width);
        const double drop = o.drop_path_rate * block / (block_count - 1);
        blocks_->push_back(Block(stage, in, out, i == 0 ? stage.stride : 1, v.divisor, drop));
        in = out;
      }
    }
    num_features = make_divisible(1280 * v.width, v.divisor);
    blocks_->push_back(ConvNorm(in, num_features, ConvNormOptions{.act = Act::silu}));
    register_module("features", blocks_);
    head_ = register_module("head", ClassifierHead(num_features, o));
    classifier = "head.fc";
  }

  torch::Tensor features(const torch::Tensor& images) override {
    return blocks_->forward(stem_(images));  // 1/2; 1/2, 1/4, 1/8, 1/16, 1/16, 1/32
  }

  torch::Tensor head(const torch::Tensor& features) override { return head_(features); }

  int layer_of(std::string_view key) const override {
    if (key.starts_with("stem")) return 0;
    if (!key.starts_with("features.")) return block_count + 2;
    int block = 0;
    std::from_chars(key.data() + 9, key.data() + key.size(), block);
    return block + 1;
  }

 private:
  ConvNorm stem_{nullptr};
  nn::Sequential blocks_;
  ClassifierHead head_{nullptr};
};

}  // namespace

std::shared_ptr<Network> build(const Variant& variant, const BuildOptions& options) {
  auto network = std::make_shared<ReXNet>(variant, options);
  mobile::init_weights(*network);
  return network;
}

}  // namespace archsweep::archs::rexnet
