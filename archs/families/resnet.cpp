#include "archs/families/resnet.h"

#include <charconv>
#include <numeric>

#include "archs/families/res2net.h"
#include "archs/families/resnest.h"
#include "archs/families/sknet.h"
#include "archs/layers/blur_pool.h"
#include "archs/layers/conv.h"
#include "archs/layers/pool.h"
#include "archs/layers/resnet_block.h"
#include "archs/layers/squeeze_excite.h"
#include "archs/network.h"

namespace archsweep::archs::resnet {
namespace {

namespace nn = torch::nn;

// Halves the map after a convolution that did not.
nn::AnyModule anti_alias(const Variant& v, int channels) {
  if (v.anti_alias == AntiAlias::blur) return nn::AnyModule(BlurPool(channels));
  return nn::AnyModule(nn::AvgPool2d(nn::AvgPool2dOptions(2)));
}

int expansion(Block block) {
  return block == Block::basic || block == Block::sk_basic ? 1 : 4;
}

// Two 3x3 convolutions (basic) or 1x1, 3x3, 1x1 (bottleneck).
class PlainBlock : public Residual {
 public:
  PlainBlock(const Variant& v, Block block, const Place& p) : Residual(p) {
    const bool alias = v.anti_alias != AntiAlias::none && p.stride == 2;
    const int stride = alias ? 1 : p.stride;
    if (block == Block::basic) {
      const int mid = p.width / v.first_conv_divisor;
      add(v, conv(p.in, mid, 3, stride), mid);
      pool_after_ = 1;
      add(v, conv(mid, p.out, 3), p.out);
      if (alias) pool_ = anti_alias(v, mid);
    } else {
      const int unpruned = inner_width(v, p.width);
      const int first = p.pruned ? (*p.pruned)[0] : unpruned / v.first_conv_divisor;
      const int mid = p.pruned ? (*p.pruned)[1] : unpruned;
      add(v, conv(p.in, first, 1), first);
      add(v, conv(first, mid, 3, stride, v.groups), mid);
      pool_after_ = 2;
      add(v, conv(mid, p.out, 1), p.out);
      if (alias) pool_ = anti_alias(v, mid);
    }
    if (!pool_.is_empty()) register_module("aa", pool_.ptr());
    if (v.attention == Attention::se) {
      const int squeezed = squeezed_width(p.out, v.se_ratio, v.se_divisor);
      se_ = register_module("se", SqueezeExcite(p.out, squeezed));
    }
    // timm sizes its kernel before it prunes.
    if (v.attention == Attention::eca)
      eca_ = register_module("se", Eca(p.width * expansion(block)));
    add_shortcut(v, p);
    // The block starts as the identity.
    torch::nn::init::zeros_(norms_.back().ptr()->named_parameters()["weight"]);
  }

 private:
  torch::Tensor path(const torch::Tensor& input) override {
    auto x = input;
    for (std::size_t i = 0; i < convs_.size(); ++i) {
      x = norms_[i].forward(convs_[i](x));
      if (i + 1 < convs_.size()) x = torch::relu(x);
      if (i + 1 == pool_after_ && !pool_.is_empty()) x = pool_.forward(x);
    }
    if (se_) x = se_(x);
    return eca_ ? eca_(x) : x;
  }

  void add(const Variant& v, nn::Conv2d conv, int channels) {
    const auto number = std::to_string(convs_.size() + 1);
    convs_.push_back(register_module("conv" + number, conv));
    norms_.push_back(norm(v, channels));
    register_module("bn" + number, norms_.back().ptr());
  }

  std::vector<nn::Conv2d> convs_;
  std::vector<nn::AnyModule> norms_;
  nn::AnyModule pool_;
  std::size_t pool_after_ = 0;
  SqueezeExcite se_{nullptr};
  Eca eca_{nullptr};
};

std::shared_ptr<Residual> block_of(const Variant& v, Block block, const Place& place) {
  switch (block) {
    case Block::res2net:
      return res2net::block(v, place);
    case Block::resnest:
      return resnest::block(v, place);
    case Block::sk_basic:
      return sknet::basic(v, place);
    case Block::sk_bottleneck:
      return sknet::bottleneck(v, place);
    default:
      return std::make_shared<PlainBlock>(v, block, place);
  }
}

class ResNet : public Network {
 public:
  ResNet(const Variant& v, const BuildOptions& o)
      : depths_(v.depths), drop_rate_(o.drop_rate), pool_(pool_or(o.global_pool, "avg")) {
    int in = v.stem == Stem::conv7x7 ? 64 : 2 * v.stem_width;
    stem(v, o.in_chans, in);
    const int blocks = std::accumulate(v.depths.begin(), v.depths.end(), 0);
    for (int stage = 0, block = 0; stage < 4; ++stage) {
      nn::Sequential layer;
      for (int i = 0; i < v.depths[stage]; ++i, ++block) {
        const Pruned* pruned = v.pruned.empty() ? nullptr : &v.pruned[block];
        const int width = v.widths[stage];
        const int out = pruned ? (*pruned)[2] : width * expansion(v.blocks[stage]);
        const int stride = stage > 0 && i == 0 ? 2 : 1;
        layer->push_back(
            block_of(v, v.blocks[stage],
                     Place{
                         .in = in,
                         .out = out,
                         .width = width,
                         .stride = stride,
                         .project = i == 0 && (stride != 1 || in != out),
                         .drop_path = o.drop_path_rate * block / std::max(1, blocks - 1),
                         .pruned = pruned,
                     }));
        in = out;
      }
      layers_.push_back(register_module("layer" + std::to_string(stage + 1), layer));
    }
    num_features = in;
    classifier = "fc";
    const int classes = o.num_classes < 0 ? 1000 : o.num_classes;
    for (auto& module : modules(/*include_self=*/false))
      if (auto* c = module->as<nn::Conv2d>())
        nn::init::kaiming_normal_(c->weight, 0, torch::kFanOut, torch::kReLU);
    if (classes > 0) fc_ = register_module("fc", nn::Linear(in * pool_width(pool_), classes));
  }

  torch::Tensor features(const torch::Tensor& images) override {
    auto x = deep_ ? deep_->forward(images) : conv1_(images);  // 1/2
    x = torch::relu(bn1_.forward(x));
    x = maxpool_->forward(x);                           // 1/4
    for (auto& layer : layers_) x = layer->forward(x);  // 1/4, 1/8, 1/16, 1/32
    return x;
  }

  torch::Tensor head(const torch::Tensor& features) override {
    auto x = global_pool(pool_, features);
    if (drop_rate_ > 0) x = torch::dropout(x, drop_rate_, is_training());
    return fc_ ? fc_(x) : x;
  }

  int layer_of(std::string_view key) const override {
    const int blocks = std::accumulate(depths_.begin(), depths_.end(), 0);
    if (key.starts_with("fc")) return blocks + 1;
    if (!key.starts_with("layer")) return 0;
    const int stage = key[5] - '1';
    int block = 0;
    std::from_chars(key.data() + 7, key.data() + key.size(), block);
    return std::accumulate(depths_.begin(), depths_.begin() + stage, 1) + block;
  }

 private:
  void stem(const Variant& v, int in_chans, int out) {
    if (v.stem == Stem::conv7x7) {
      conv1_ = register_module("conv1", conv(in_chans, out, 7, 2));
    } else {
      const int second = v.stem_width;
      const int first = v.stem == Stem::deep_tiered ? 3 * (second / 4) : second;
      nn::Sequential deep;
      deep->push_back(conv(in_chans, first, 3, 2));
      deep->push_back(norm(v, first));
      deep->push_back(nn::ReLU());
      deep->push_back(conv(first, second, 3));
      deep->push_back(norm(v, second));
      deep->push_back(nn::ReLU());
      deep->push_back(conv(second, out, 3));
      deep_ = register_module("conv1", deep);
    }
    bn1_ = norm(v, out);
    register_module("bn1", bn1_.ptr());
    nn::Sequential pool;
    if (v.stem_conv_pool) {
      pool->push_back(conv(out, out, 3, 2));
      pool->push_back(norm(v, out));
      pool->push_back(nn::ReLU());
    } else if (v.anti_alias == AntiAlias::average) {
      pool->push_back(anti_alias(v, out));
    } else {
      const bool blur = v.anti_alias == AntiAlias::blur;
      pool->push_back(nn::MaxPool2d(nn::MaxPool2dOptions(3).stride(blur ? 1 : 2).padding(1)));
      if (blur) pool->push_back(anti_alias(v, out));
    }
    maxpool_ = register_module("maxpool", pool);
  }

  std::array<int, 4> depths_;
  double drop_rate_;
  std::string pool_;
  nn::Conv2d conv1_{nullptr};
  nn::Sequential deep_{nullptr};  // conv1 where the stem is deep
  nn::AnyModule bn1_;
  nn::Sequential maxpool_{nullptr};
  std::vector<nn::Sequential> layers_;
  nn::Linear fc_{nullptr};
};

}  // namespace

std::shared_ptr<Network> build(const Variant& variant, const BuildOptions& options) {
  return std::make_shared<ResNet>(variant, options);
}

}  // namespace archsweep::archs::resnet
