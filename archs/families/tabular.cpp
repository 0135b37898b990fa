#include "archs/families/tabular.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "archs/layers/linear.h"
#include "archs/network.h"

namespace archsweep::archs::tabular {
namespace {

namespace nn = torch::nn;

// Code 0 is what training never saw, 1 the level without a dummy.
constexpr int levels_without_dummy = 2;

// fastai's rule.
int embedding_width(int levels) {
  return std::min(600, static_cast<int>(std::lround(1.6 * std::pow(levels, 0.56))));
}

int outputs_of(const BuildOptions& o) {
  return o.num_classes < 0 ? 2 : o.num_classes;
}

std::vector<int> hidden_of(const Variant& v, const BuildOptions& o) {
  if (!o.hidden.empty()) return o.hidden;
  return {v.hidden.begin(), std::ranges::find(v.hidden, 0)};
}

// Of "layers.3.0.weight": 3.
int layer_number(std::string_view key) {
  int number = 0;
  if (const auto at = key.find('.'); at != key.npos)
    std::from_chars(key.data() + at + 1, key.data() + key.size(), number);
  return number;
}

class Mlp : public Network {
 public:
  Mlp(const Variant& v, const BuildOptions& o) : levels_(o.categories), drop_rate_(o.drop_rate) {
    int in = o.numbers;
    for (const int levels : levels_) in += std::max(0, levels - levels_without_dummy);
    for (const int width : hidden_of(v, o)) {
      layers_->push_back(nn::Linear(in, width));
      in = width;
    }
    register_module("layers", layers_);
    num_features = in;
    if (outputs_of(o) == 0) return;
    head_ = register_module("head", nn::Linear(in, outputs_of(o)));
    classifier = "head";
  }

  torch::Tensor features(const torch::Tensor& rows) override {
    auto x = with_dummies(rows);
    for (auto& layer : *layers_) x = torch::relu(layer->as<nn::Linear>()->forward(x));
    return x;
  }

  torch::Tensor head(const torch::Tensor& features) override {
    return head_ ? head_(torch::dropout(features, drop_rate_, is_training())) : features;
  }

  int layer_of(std::string_view key) const override {
    return key.starts_with("layers.") ? layer_number(key) : static_cast<int>(layers_->size());
  }

 private:
  torch::Tensor with_dummies(const torch::Tensor& rows) const {
    std::vector<torch::Tensor> columns;
    const auto categories = static_cast<std::int64_t>(levels_.size());
    for (std::int64_t c = 0; c < categories; ++c) {
      const int levels = levels_[static_cast<std::size_t>(c)];
      if (levels <= levels_without_dummy) continue;
      const auto codes = torch::arange(levels_without_dummy, levels, rows.options());
      columns.push_back(rows.slice(1, c, c + 1).eq(codes).to(rows.scalar_type()));
    }
    columns.push_back(rows.slice(1, categories));
    return torch::cat(columns, 1);
  }

  std::vector<int> levels_;
  double drop_rate_;
  nn::ModuleList layers_;
  nn::Linear head_{nullptr};
};

// fastai's LinBnDrop: Linear, ReLU, batch norm.
nn::Sequential lin_bn(int in, int out) {
  return nn::Sequential(linear(in, out, /*bias=*/false), nn::ReLU(), nn::BatchNorm1d(out));
}

class Embedding : public Network {
 public:
  Embedding(const Variant& v, const BuildOptions& o)
      : numbers_(o.numbers), drop_rate_(o.drop_rate) {
    int in = o.numbers;
    for (const int levels : o.categories) {
      const int width = embedding_width(levels);
      nn::Embedding table(levels, width);
      torch::NoGradGuard no_grad;
      table->weight.normal_().fmod_(2).mul_(0.01);  // fastai's trunc_normal_
      embeds_->push_back(table);
      in += width;
    }
    register_module("embeds", embeds_);
    if (numbers_ > 0) bn_cont_ = register_module("bn_cont", nn::BatchNorm1d(numbers_));
    for (const int width : hidden_of(v, o)) {
      layers_->push_back(lin_bn(in, width));
      in = width;
    }
    hidden_ = layers_->size();
    num_features = in;
    if (outputs_of(o) > 0) {
      layers_->push_back(nn::Sequential(nn::Linear(in, outputs_of(o))));
      classifier = fmt::format("layers.{}.0", hidden_);
    }
    register_module("layers", layers_);
  }

  torch::Tensor features(const torch::Tensor& rows) override {
    std::vector<torch::Tensor> parts;
    const auto categories = static_cast<std::int64_t>(embeds_->size());
    const auto codes = rows.slice(1, 0, categories).to(torch::kInt64);
    for (std::int64_t c = 0; c < categories; ++c)
      parts.push_back(
          embeds_[static_cast<std::size_t>(c)]->as<nn::Embedding>()->forward(codes.select(1, c)));
    if (bn_cont_) parts.push_back(bn_cont_(rows.slice(1, categories)));
    auto x = torch::cat(parts, 1);
    for (std::size_t i = 0; i < hidden_; ++i) x = layers_[i]->as<nn::Sequential>()->forward(x);
    return x;
  }

  torch::Tensor head(const torch::Tensor& features) override {
    if (layers_->size() == hidden_) return features;
    return layers_[hidden_]->as<nn::Sequential>()->forward(
        torch::dropout(features, drop_rate_, is_training()));
  }

  int layer_of(std::string_view key) const override {
    return key.starts_with("layers.") ? 1 + layer_number(key) : 0;
  }

 private:
  int numbers_;
  double drop_rate_;
  nn::ModuleList embeds_, layers_;
  std::size_t hidden_ = 0;  // of the layers
  nn::BatchNorm1d bn_cont_{nullptr};
};

}  // namespace

std::shared_ptr<Network> build(const Variant& variant, const BuildOptions& options) {
  TORCH_CHECK(options.numbers > 0 || !options.categories.empty(), variant.name,
              " takes the columns of a table, and there are none");
  if (variant.embedding) return std::make_shared<Embedding>(variant, options);
  return std::make_shared<Mlp>(variant, options);
}

}  // namespace archsweep::archs::tabular
