#pragma once

// Anti-aliased down-sampling by a binomial filter, arXiv 1904.11486; timm BlurPool2d with its
// defaults. Images [n, c, h, w] -> [n, c, h/2, w/2]. Not part of the state dict.

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

namespace archsweep::archs {

class BlurPoolImpl : public torch::nn::Module {
 public:
  explicit BlurPoolImpl(int channels);
  torch::Tensor forward(const torch::Tensor& x);

 private:
  torch::Tensor filter_;
};
TORCH_MODULE(BlurPool);

}  // namespace archsweep::archs
