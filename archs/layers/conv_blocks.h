#pragma once

// Blocks of ConvNorms that light transformers put around attention; `conv` is the key of the
// convolutions in them. Maps [n, c, h, w].

#include <string>

#include <torch/nn/modules/container/any.h>

#include "archs/layers/conv_norm.h"
#include "archs/layers/squeeze_excite.h"

namespace archsweep::archs {

struct ConvMlpOptions {
  Act act = Act::relu;
  std::string conv = "conv";
  std::string first = "pw1", second = "pw2";  // keys
};

// Two 1x1 convolutions with norms around an activation; starts at zero. timm ConvMlp of
// efficientvit_msra, FFN of shvit, RepVitMlp of repvit.
class ConvMlpImpl : public torch::nn::Module {
 public:
  ConvMlpImpl(int channels, int hidden, const ConvMlpOptions& options = {});
  torch::Tensor forward(const torch::Tensor& x);

 private:
  ConvNorm first_{nullptr}, second_{nullptr};
};
TORCH_MODULE(ConvMlp);

// x + m(x); key `m`. timm ResidualDrop of efficientvit_msra, Residual of shvit.
class ResidualImpl : public torch::nn::Module {
 public:
  explicit ResidualImpl(torch::nn::AnyModule path);
  torch::Tensor forward(const torch::Tensor& x);

 private:
  torch::nn::AnyModule path_;
};
TORCH_MODULE(Residual);

// A depthwise 3x3 and an MLP twice as wide, both residual. `initial`: weight of the depthwise
// convolution's norm before training.
Residual residual_depthwise(int channels, const std::string& conv, double initial = 1);
Residual residual_mlp(int channels, const std::string& conv);

// Half the side: 1x1 to four times the width, strided depthwise 3x3, squeeze-and-excitation, 1x1;
// keys `conv1`, `conv2`, `se`, `conv3`. timm PatchMerging of efficientvit_msra and shvit.
class ConvMergingImpl : public torch::nn::Module {
 public:
  ConvMergingImpl(int in, int out, const std::string& conv);
  torch::Tensor forward(const torch::Tensor& x);

 private:
  ConvNorm conv1_{nullptr}, conv2_{nullptr}, conv3_{nullptr};
  SqueezeExcite se_{nullptr};
};
TORCH_MODULE(ConvMerging);

}  // namespace archsweep::archs
