#pragma once

// The convolutions of the networks that were searched for phones, with the norm and the activation
// that follow. timm create_conv2d, MixedConv2d, CondConv2d.
// Papers: MixConv, https://arxiv.org/abs/1907.09595; CondConv, https://arxiv.org/abs/1904.04971

#include <memory>
#include <optional>
#include <string>

#include <torch/nn/modules/container/any.h>
#include <torch/nn/modules/conv.h>
#include <torch/types.h>

#include "archs/layers/batch_norm.h"
#include "archs/layers/mobile_plan.h"

namespace archsweep::archs::mobile {

// A width multiplied and rounded as the style asks.
int round_channels(double channels, const Style& style);

BatchNorm2d batch_norm(int channels, const Style& style);

// Geometry of one convolution.
struct Conv {
  int kernel = 1;
  int stride = 1;
  int groups = 1;
  int kernels = 1;  // so many convolutions, each from its share of the channels to its share;
                    // those that are not pointwise of sizes kernel, kernel + 2 ...
  int experts = 0;  // sets of weights; 0: plain
};

// A weight mixed for every sample from several, flattened: key `weight` [experts, numel].
class CondConv : public torch::nn::Module {
 public:
  CondConv(int in, int out, const Conv& conv, bool same_padding);

  // Images [n, in, h, w] and each sample's shares of the experts [n, experts].
  torch::Tensor forward(torch::Tensor x, const torch::Tensor& routing);

  void init_weights();

 private:
  torch::Tensor weight_;
  int in_, out_;
  Conv conv_;
  bool uneven_;
};

// Convolution, norm and, where given, activation and a low-pass filter that strides.
// Not a module: it registers its parts in `owner`, under the names that timm gives them.
class ConvNorm {
 public:
  ConvNorm() = default;
  ConvNorm(torch::nn::Module& owner, const std::string& conv_name, const std::string& norm_name,
           int in, int out, Conv conv, std::optional<Act> act, const Style& style);

  // `routing`: of a convolution with experts.
  torch::Tensor operator()(torch::Tensor x, const torch::Tensor& routing = {});

 private:
  torch::nn::AnyModule conv_, norm_;
  std::shared_ptr<CondConv> mixture_;  // in the place of conv_
  std::optional<Act> act_;
  Downsample downsample_ = Downsample::stride;  // what strides, if not the convolution
  torch::Tensor blur_;
};

}  // namespace archsweep::archs::mobile
