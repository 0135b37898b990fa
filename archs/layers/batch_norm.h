#pragma once

// Batch norm over channels that can be folded into the layer before it (archs/layers/fold.h).

#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

namespace archsweep::archs {

template <typename Norm>
class Foldable : public Norm {
 public:
  using Norm::Norm;
  torch::Tensor forward(const torch::Tensor& x) { return is_folded ? x : Norm::forward(x); }
  bool is_folded = false;  // the layer before it does its work
};

using BatchNorm1dImpl = Foldable<torch::nn::BatchNorm1dImpl>;
TORCH_MODULE(BatchNorm1d);
using BatchNorm2dImpl = Foldable<torch::nn::BatchNorm2dImpl>;
TORCH_MODULE(BatchNorm2d);

}  // namespace archsweep::archs
