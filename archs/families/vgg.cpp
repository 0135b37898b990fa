#include "archs/families/vgg.h"

#include <charconv>

#include "archs/layers/batch_norm.h"
#include "archs/layers/classifier_head.h"
#include "archs/network.h"

namespace archsweep::archs::vgg {
namespace {

namespace nn = torch::nn;

constexpr int hidden = 4096;

// The first two of VGG's three last layers, as convolutions: maps [n, 512, h, w], h and w of at
// least 7 or enlarged to it, to [n, 4096, h - 6, w - 6].
class ConvMlpImpl : public nn::Module {
 public:
  ConvMlpImpl(int in, double drop_rate) : drop_rate_(drop_rate) {
    fc1_ = register_module("fc1", nn::Conv2d(nn::Conv2dOptions(in, hidden, kernel)));
    fc2_ = register_module("fc2", nn::Conv2d(nn::Conv2dOptions(hidden, hidden, 1)));
  }
  torch::Tensor forward(const torch::Tensor& features) {
    auto x = features;
    if (std::min(x.size(2), x.size(3)) < kernel)
      x = torch::adaptive_avg_pool2d(x, {std::max<std::int64_t>(kernel, x.size(2)),
                                         std::max<std::int64_t>(kernel, x.size(3))});
    x = torch::relu(fc1_(x));
    x = torch::dropout(x, drop_rate_, is_training());
    return torch::relu(fc2_(x));
  }

 private:
  static constexpr int kernel = 7;
  nn::Conv2d fc1_{nullptr}, fc2_{nullptr};
  double drop_rate_;
};
TORCH_MODULE(ConvMlp);

class Vgg : public Network {
 public:
  Vgg(const Variant& v, const BuildOptions& o) {
    const int widths[] = {64, 128, 256, 512, 512};
    int in = o.in_chans, convs = 0;
    for (int stage = 0; stage < 5; ++stage) {
      for (int i = 0; i < v.depths[stage]; ++i, in = widths[stage]) {
        layers_.resize(features_->size() + (v.norm ? 2 : 1), convs++);
        features_->push_back(nn::Conv2d(nn::Conv2dOptions(in, widths[stage], 3).padding(1)));
        if (v.norm) features_->push_back(BatchNorm2d(widths[stage]));
        features_->push_back(nn::ReLU());
      }
      features_->push_back(nn::MaxPool2d(nn::MaxPool2dOptions(2)));
    }
    layers_.push_back(convs);
    register_module("features", features_);
    pre_logits_ = register_module("pre_logits", ConvMlp(in, o.drop_rate));
    head_ = register_module("head", ClassifierHead(hidden, o));
    num_features = in;
    classifier = "head.fc";
    torch::NoGradGuard no_grad;
    for (auto& module : modules(/*include_self=*/false)) {
      if (auto* c = module->as<nn::Conv2d>()) {
        nn::init::kaiming_normal_(c->weight, 0, torch::kFanOut, torch::kReLU);
        c->bias.zero_();
      }
      if (auto* linear = module->as<nn::Linear>()) {
        linear->weight.normal_(0, 0.01);
        linear->bias.zero_();
      }
    }
  }

  torch::Tensor features(const torch::Tensor& images) override {
    return features_->forward(images);  // 1/2, 1/4, 1/8, 1/16, 1/32
  }

  torch::Tensor head(const torch::Tensor& features) override {
    return head_(pre_logits_(features));
  }

  int layer_of(std::string_view key) const override {
    if (!key.starts_with("features.")) return layers_.back();
    std::size_t index = 0;
    std::from_chars(key.data() + 9, key.data() + key.size(), index);
    return layers_[index];
  }

 private:
  nn::Sequential features_;
  std::vector<int> layers_;  // of each of `features`' weights: a convolution and its norm are one;
                             // the head's last
  ConvMlp pre_logits_{nullptr};
  ClassifierHead head_{nullptr};
};

}  // namespace

std::shared_ptr<Network> build(const Variant& variant, const BuildOptions& options) {
  return std::make_shared<Vgg>(variant, options);
}

}  // namespace archsweep::archs::vgg
