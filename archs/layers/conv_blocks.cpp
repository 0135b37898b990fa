#include "archs/layers/conv_blocks.h"

namespace archsweep::archs {

namespace nn = torch::nn;

ConvMlpImpl::ConvMlpImpl(int channels, int hidden, const ConvMlpOptions& o) {
  first_ = register_module(
      o.first, ConvNorm(channels, hidden, ConvNormOptions{.act = o.act, .conv = o.conv}));
  second_ = register_module(
      o.second, ConvNorm(hidden, channels, ConvNormOptions{.initial = 0, .conv = o.conv}));
}

torch::Tensor ConvMlpImpl::forward(const torch::Tensor& x) {
  return second_(first_(x));
}

ResidualImpl::ResidualImpl(nn::AnyModule path) : path_(std::move(path)) {
  register_module("m", path_.ptr());
}

torch::Tensor ResidualImpl::forward(const torch::Tensor& x) {
  return x + path_.forward(x);
}

Residual residual_depthwise(int channels, const std::string& conv, double initial) {
  return Residual(nn::AnyModule(ConvNorm(
      channels, channels,
      ConvNormOptions{.kernel = 3, .groups = channels, .initial = initial, .conv = conv})));
}

Residual residual_mlp(int channels, const std::string& conv) {
  return Residual(nn::AnyModule(ConvMlp(channels, 2 * channels, ConvMlpOptions{.conv = conv})));
}

ConvMergingImpl::ConvMergingImpl(int in, int out, const std::string& conv) {
  const int wide = 4 * in;
  conv1_ =
      register_module("conv1", ConvNorm(in, wide, ConvNormOptions{.act = Act::relu, .conv = conv}));
  conv2_ = register_module(
      "conv2",
      ConvNorm(wide, wide,
               ConvNormOptions{
                   .kernel = 3, .stride = 2, .groups = wide, .act = Act::relu, .conv = conv}));
  se_ = register_module("se", SqueezeExcite(wide, squeezed_width(wide, 0.25)));
  conv3_ = register_module("conv3", ConvNorm(wide, out, ConvNormOptions{.conv = conv}));
}

torch::Tensor ConvMergingImpl::forward(const torch::Tensor& x) {
  return conv3_(se_(conv2_(conv1_(x))));
}

}  // namespace archsweep::archs
