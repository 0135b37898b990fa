#include "archs/layers/attention.h"

namespace archsweep::archs {

AttentionImpl::AttentionImpl(int width, int heads) : heads_(heads) {
  qkv_ = register_module("qkv", torch::nn::Linear(width, 3 * width));
  proj_ = register_module("proj", torch::nn::Linear(width, width));
}

torch::Tensor AttentionImpl::forward(const torch::Tensor& x) {
  const auto n = x.size(0), tokens = x.size(1), width = x.size(2);
  // [3, n, heads, tokens, width of a head]
  const auto qkv =
      qkv_(x).view({n, tokens, 3, heads_, width / heads_}).permute({2, 0, 3, 1, 4}).unbind(0);
  const auto mixed = torch::scaled_dot_product_attention(qkv[0], qkv[1], qkv[2]);
  return proj_(mixed.transpose(1, 2).reshape({n, tokens, width}));
}

}  // namespace archsweep::archs
