#include "archs/layers/global_context.h"

#include <torch/nn/init.h>
#include <torch/nn/modules/container/functional.h>

#include "archs/layers/activation.h"
#include "archs/layers/norm.h"

namespace archsweep::archs {

namespace nn = torch::nn;

GlobalContextImpl::GlobalContextImpl(int channels, int squeezed, Act act)
    : attention_(register_module("conv_attn", nn::Conv2d(nn::Conv2dOptions(channels, 1, 1)))) {
  nn::init::kaiming_normal_(attention_->weight, 0, torch::kFanIn, torch::kReLU);
  scale_->push_back("fc1", nn::Conv2d(nn::Conv2dOptions(channels, squeezed, 1)));
  scale_->push_back("norm", Norm2d(squeezed, NormOptions{}));
  scale_->push_back("act",
                    nn::Functional([act](const torch::Tensor& x) { return activate(act, x); }));
  scale_->push_back("fc2", nn::Conv2d(nn::Conv2dOptions(squeezed, channels, 1)));
  register_module("mlp_scale", scale_);
}

torch::Tensor GlobalContextImpl::forward(const torch::Tensor& x) {
  const auto weights = torch::softmax(attention_(x).flatten(2), -1).unsqueeze(3);  // [n, 1, hw, 1]
  const auto context = torch::matmul(x.flatten(2).unsqueeze(1), weights).transpose(1, 2);
  return x * torch::sigmoid(scale_->forward(context));
}

}  // namespace archsweep::archs
