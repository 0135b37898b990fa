#pragma once

// Blocks after an optional down-sampling; keys `downsample` and `blocks`. Maps [n, c, h, w]. A
// family's stage fills both in.

#include <torch/nn/modules/container/sequential.h>

namespace archsweep::archs {

class DownsampledBlocks : public torch::nn::Module {
 public:
  torch::Tensor forward(const torch::Tensor& x) {
    return blocks_->forward(downsample_.is_empty() ? x : downsample_->forward(x));
  }

 protected:
  torch::nn::Sequential downsample_{nullptr}, blocks_;
};

}  // namespace archsweep::archs
