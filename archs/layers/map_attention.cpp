#include "archs/layers/map_attention.h"

#include <cmath>

namespace archsweep::archs {

torch::Tensor attend(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v,
                     const torch::Tensor& bias) {
  const double scale = 1 / std::sqrt(static_cast<double>(q.size(-2)));
  auto weights = (q * scale).transpose(-2, -1).matmul(k);
  if (bias.defined()) weights = weights + bias;
  return v.matmul(weights.softmax(-1).transpose(-2, -1));
}

OffsetBias::OffsetBias(torch::nn::Module& owner, int heads, int side, int stride)
    : keys_(side * side) {
  biases_ = owner.register_parameter("attention_biases", torch::zeros({heads, keys_}));
  const auto keys = torch::arange(side), queries = torch::arange(0, side, stride);
  const auto apart = (queries.unsqueeze(1) - keys).abs();  // along one side, [queries, keys]
  const auto pairs = apart.view({-1, 1, side, 1}) * side + apart.view({1, -1, 1, side});
  index_ = owner.register_buffer("~attention_bias_idxs", pairs.flatten());
}

torch::Tensor OffsetBias::operator()() const {
  return biases_.index_select(1, index_).view({biases_.size(0), -1, keys_});
}

}  // namespace archsweep::archs
