#pragma once

// The blocks of MobileNetV1 to V4, EfficientNet and their kin, and the trunk built of them.
// Papers: https://arxiv.org/abs/1801.04381, https://arxiv.org/abs/1905.02244,
//         https://arxiv.org/abs/2404.10518

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>
#include <torch/types.h>

#include "archs/layers/mobile_plan.h"

namespace archsweep::archs::mobile {

// A width multiplied and rounded as the style asks.
int round_channels(double channels, const Style& style);

// Geometry of one convolution.
struct Conv {
  int kernel = 1;
  int stride = 1;
  int groups = 1;
};

// Convolution, BatchNorm and, where given, activation and a low-pass filter that strides.
// Not a module: it registers its parts in `owner`, under the names that timm gives them.
class ConvNorm {
 public:
  ConvNorm() = default;
  ConvNorm(torch::nn::Module& owner, const std::string& conv_name, const std::string& norm_name,
           int in, int out, Conv conv, std::optional<Act> act, const Style& style);

  torch::Tensor operator()(torch::Tensor x);

 private:
  torch::nn::Conv2d conv_{nullptr};
  torch::nn::BatchNorm2d norm_{nullptr};
  std::optional<Act> act_;
  Downsample downsample_ = Downsample::stride;  // what strides, if not the convolution
  torch::Tensor blur_;
  int same_kernel_ = 0;  // 0: even padding, inside the convolution
  int same_stride_ = 1;
};

class BlockModule : public torch::nn::Module {
 public:
  virtual torch::Tensor forward(const torch::Tensor& x) = 0;
};

// Stages of blocks, registered in `owner` as blocks.<stage>.<block>.
struct Trunk {
  Trunk(torch::nn::Module& owner, std::span<const Stage> plan, int in, const Style& style,
        double drop_path_rate);

  torch::Tensor operator()(torch::Tensor x) const;

  std::vector<std::vector<std::shared_ptr<BlockModule>>> stages;
  int channels;  // of the output
};

// Initial weights as in TensorFlow's implementations; attention as its authors found stable.
void init_weights(torch::nn::Module& network);

}  // namespace archsweep::archs::mobile
