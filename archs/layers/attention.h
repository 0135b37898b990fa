#pragma once

// Multi-head attention over tokens [n, tokens, width]. timm layers/attention.py,
// diff_attention.py and attention_pool.py.

#include <torch/nn/modules/linear.h>
#include <torch/nn/pimpl.h>

#include <array>
#include <optional>

#include "archs/layers/mlp.h"
#include "archs/layers/norm.h"

namespace archsweep::archs {

struct AttentionOptions {
  bool qkv_bias = true;
  bool proj_bias = true;
  std::optional<NormOptions> qk_norm = {};   // of each head's queries and keys
  std::optional<NormOptions> out_norm = {};  // before the last layer
  int differential = -1;  // attention of one half of each head less that of the other, for a block
                          // this deep (https://arxiv.org/abs/2410.05258); -1: plain
};

// Queries, keys and values [n, tokens, width] to their mixture by head, of the same shape. Its
// norms and weights are registered in the module that owns it: `q_norm`, `k_norm` and, where
// differential, `lambda_q1`, `lambda_k1`, `lambda_q2`, `lambda_k2`, `sub_norm`.
class HeadMix {
 public:
  HeadMix(torch::nn::Module& owner, int width, int heads, const AttentionOptions& options);
  torch::Tensor operator()(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v);

 private:
  int heads_;
  double lambda_initial_;
  Norm q_norm_{nullptr}, k_norm_{nullptr}, sub_norm_{nullptr};
  std::array<torch::Tensor, 4> lambda_;  // of the first half: queries, keys; of the second
};

// Self-attention; keys `qkv`, `proj`, `norm` and HeadMix's. timm Attention and DiffAttention.
class AttentionImpl : public torch::nn::Module {
 public:
  AttentionImpl(int width, int heads, const AttentionOptions& options = {});
  torch::Tensor forward(const torch::Tensor& x);

 private:
  torch::nn::Linear qkv_{nullptr}, proj_{nullptr};
  Norm norm_{nullptr};
  HeadMix mix_;
};
TORCH_MODULE(Attention);

// One learned query over all tokens, then an MLP; [n, tokens, width] to [n, width]. Keys `latent`,
// `q`, `kv`, `proj`, `norm`, `mlp`. timm AttentionPoolLatent.
class AttentionPoolImpl : public torch::nn::Module {
 public:
  AttentionPoolImpl(int width, int heads, int hidden, Act act, NormOptions norm);
  torch::Tensor forward(const torch::Tensor& x);

 private:
  torch::Tensor latent_;
  torch::nn::Linear q_{nullptr}, kv_{nullptr}, proj_{nullptr};
  Norm norm_{nullptr};
  Mlp mlp_{nullptr};
  int heads_;
};
TORCH_MODULE(AttentionPool);

}  // namespace archsweep::archs
