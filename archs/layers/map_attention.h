#pragma once

// Attention between the positions of a square map, channels before positions.

#include <torch/nn/module.h>
#include <torch/types.h>

namespace archsweep::archs {

// Queries [..., k, positions], keys [..., k, positions'], values [..., c, positions'] ->
// [..., c, positions]: each query's mean of the values, weighted by the softmax over
// positions' of q.k / sqrt(k) + bias. `bias`: [..., positions, positions'], or none.
torch::Tensor attend(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v,
                     const torch::Tensor& bias = {});

// A learned bias a head for each distance in rows and columns between query and key. Registered in
// the module that owns it: `attention_biases` [heads, side * side]. timm levit, efficientvit_msra;
// paper: https://arxiv.org/abs/2104.01136.
class OffsetBias {
 public:
  // Keys at every position of a map of this side, queries at every `stride`th row and column.
  OffsetBias(torch::nn::Module& owner, int heads, int side, int stride = 1);

  // [heads, queries, keys].
  torch::Tensor operator()() const;

 private:
  torch::Tensor biases_;
  torch::Tensor index_;  // of a bias, [queries * keys]
  std::int64_t keys_;
};

}  // namespace archsweep::archs
