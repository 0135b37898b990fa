#include "archs/layers/concat_head.h"

#include <torch/nn/init.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/linear.h>

namespace archsweep::archs {
namespace {

namespace nn = torch::nn;

constexpr int hidden = 512;

// "model", as fastai's TimmBody calls it.
class Body : public nn::Module {
 public:
  explicit Body(std::shared_ptr<Network> network) { register_module("model", std::move(network)); }
};

class ConcatHead : public Network {
 public:
  ConcatHead(std::shared_ptr<Network> body, bool pools, int num_classes)
      : body_(std::move(body)), pools_(pools) {
    register_module("0", std::make_shared<Body>(body_));
    num_features = body_->num_features * (pools_ ? 2 : 1);
    // fastai numbers all, also what has no weights.
    auto head = register_module("1", std::make_shared<nn::Module>());
    int number = pools_ ? 2 : 0;
    const auto add_norm = [&](int width) {
      auto norm = head->register_module(std::to_string(number++), nn::BatchNorm1d(width));
      nn::init::constant_(norm->bias, 1e-3);
      return norm;
    };
    const auto add_linear = [&](int from, int to) {
      ++number;  // the dropout before it
      auto linear = head->register_module(std::to_string(number++),
                                          nn::Linear(nn::LinearOptions(from, to).bias(false)));
      nn::init::kaiming_normal_(linear->weight);
      return linear;
    };
    norm1_ = add_norm(num_features);
    linear1_ = add_linear(num_features, hidden);
    ++number;  // the ReLU
    norm2_ = add_norm(hidden);
    linear2_ = add_linear(hidden, num_classes);
    classifier = "1." + std::to_string(number - 1);
  }

  torch::Tensor features(const torch::Tensor& images) override { return body_->features(images); }

  torch::Tensor head(const torch::Tensor& features) override {
    auto x = pools_ ? torch::cat({features.amax({2, 3}), features.mean({2, 3})}, 1)
                    : body_->head(features);
    x = torch::relu(linear1_(torch::dropout(norm1_(x), 0.25, is_training())));
    return linear2_(torch::dropout(norm2_(x), 0.5, is_training()));
  }

  int layer_of(std::string_view key) const override {
    constexpr std::string_view of_body = "0.model.";
    return key.starts_with(of_body) ? body_->layer_of(key.substr(of_body.size()))
                                    : body_->layer_of(body_->classifier + ".weight") + 1;
  }

 private:
  std::shared_ptr<Network> body_;
  bool pools_;  // the features are maps
  nn::BatchNorm1d norm1_{nullptr}, norm2_{nullptr};
  nn::Linear linear1_{nullptr}, linear2_{nullptr};
};

}  // namespace

std::shared_ptr<Network> with_concat_head(std::shared_ptr<Network> body, int num_classes,
                                          int in_chans, int image_size) {
  const torch::NoGradGuard no_grad;
  const bool was_training = body->is_training();
  body->eval();
  const auto features = body->features(torch::zeros({1, in_chans, image_size, image_size}));
  body->train(was_training);
  return std::make_shared<ConcatHead>(std::move(body), features.dim() == 4, num_classes);
}

}  // namespace archsweep::archs
