#pragma once

// Multi-head self-attention over tokens [n, tokens, width]; keys `qkv` and `proj`. timm Attention.

#include <torch/nn/modules/linear.h>
#include <torch/nn/pimpl.h>

namespace archsweep::archs {

class AttentionImpl : public torch::nn::Module {
 public:
  AttentionImpl(int width, int heads);
  torch::Tensor forward(const torch::Tensor& x);

 private:
  torch::nn::Linear qkv_{nullptr}, proj_{nullptr};
  int heads_;
};
TORCH_MODULE(Attention);

}  // namespace archsweep::archs
