#include "archs/layers/efficientnet_conv.h"

#include <cmath>

#include <torch/nn/init.h>

#include "archs/layers/activation.h"
#include "archs/layers/channels.h"
#include "archs/layers/conv_same.h"
#include "archs/layers/evo_norm.h"
#include "archs/layers/norm.h"

namespace archsweep::archs::mobile {

namespace nn = torch::nn;

int round_channels(double channels, const Style& style) {
  return make_divisible(channels * style.width, style.divisor, 0, style.round_limit);
}

BatchNorm2d batch_norm(int channels, const Style& style) {
  return BatchNorm2d(nn::BatchNorm2dOptions(channels).eps(style.norm_eps));
}

// `act`: whether an activation follows, which is a part of EvoNorm.
static nn::AnyModule make_norm(int channels, bool act, const Style& style) {
  const int groups = channels / style.norm_group;
  switch (style.norm) {
    case NormLayer::batch:
      return nn::AnyModule(batch_norm(channels, style));
    case NormLayer::group:
      return nn::AnyModule(
          nn::GroupNorm(nn::GroupNormOptions(groups, channels).eps(style.norm_eps)));
    case NormLayer::layer:
      return nn::AnyModule(Norm2d(channels, NormOptions{.eps = style.norm_eps}));
    case NormLayer::evo:
      return nn::AnyModule(EvoNorm(channels, groups, act, style.norm_eps));
  }
  return {};
}

// Whether SAME padding depends on the size of the image, and is not even.
static bool pads_unevenly(const Conv& conv, bool same_padding) {
  return same_padding && (conv.stride > 1 || conv.kernel % 2 == 0);
}

static int padding(const Conv& conv, bool uneven) {
  return uneven ? 0 : even_padding(conv.kernel, conv.stride);
}

// A convolution that pads as the style asks.
class PaddedConvImpl : public nn::Conv2dImpl {
 public:
  PaddedConvImpl(int in, int out, const Conv& conv, bool same_padding)
      : nn::Conv2dImpl(nn::Conv2dOptions(in, out, conv.kernel)
                           .stride(conv.stride)
                           .padding(padding(conv, pads_unevenly(conv, same_padding)))
                           .groups(conv.groups)
                           .bias(false)),
        kernel_(conv.kernel),
        stride_(conv.stride),
        uneven_(pads_unevenly(conv, same_padding)) {}

  torch::Tensor forward(const torch::Tensor& x) {
    return nn::Conv2dImpl::forward(uneven_ ? pad_same(x, kernel_, stride_) : x);
  }

 private:
  int kernel_, stride_;
  bool uneven_;
};
TORCH_MODULE(PaddedConv);

// Several convolutions side by side; the first takes what channels are left over. Keys 0, 1 ...
class MixedConvImpl : public nn::Module {
 public:
  MixedConvImpl(int in, int out, const Conv& conv, bool same_padding) {
    for (int i = 0; i < conv.kernels; ++i) {
      const auto share = [&](int channels) {
        return channels / conv.kernels + (i == 0 ? channels % conv.kernels : 0);
      };
      Conv part = conv;
      if (conv.kernel > 1) part.kernel += 2 * i;
      if (conv.groups > 1) part.groups = share(in);  // depthwise
      widths_.push_back(share(in));
      parts_.push_back(register_module(std::to_string(i),
                                       PaddedConv(share(in), share(out), part, same_padding)));
    }
  }

  torch::Tensor forward(const torch::Tensor& x) {
    auto parts = x.split_with_sizes(widths_, 1);
    for (std::size_t i = 0; i < parts.size(); ++i) parts[i] = parts_[i](parts[i]);
    return torch::cat(parts, 1);
  }

 private:
  std::vector<std::int64_t> widths_;
  std::vector<PaddedConv> parts_;
};
TORCH_MODULE(MixedConv);

CondConv::CondConv(int in, int out, const Conv& conv, bool same_padding)
    : in_(in), out_(out), conv_(conv), uneven_(pads_unevenly(conv, same_padding)) {
  weight_ = register_parameter(
      "weight", torch::empty({conv.experts, out * (in / conv.groups) * conv.kernel * conv.kernel}));
}

torch::Tensor CondConv::forward(torch::Tensor x, const torch::Tensor& routing) {
  const auto n = x.size(0);
  const int k = conv_.kernel;
  if (uneven_) x = pad_same(x, k, conv_.stride);
  // Each sample is a group of channels of one image.
  const auto weight = torch::matmul(routing, weight_).view({n * out_, in_ / conv_.groups, k, k});
  x = torch::conv2d(x.reshape({1, n * in_, x.size(2), x.size(3)}), weight, {}, conv_.stride,
                    padding(conv_, uneven_), /*dilation=*/1, n * conv_.groups);
  return x.view({n, out_, x.size(2), x.size(3)});
}

void CondConv::init_weights() {
  const double fan_out = conv_.kernel * conv_.kernel * out_ / conv_.groups;
  nn::init::normal_(weight_, 0, std::sqrt(2 / fan_out));
}

ConvNorm::ConvNorm(nn::Module& owner, const std::string& conv_name, const std::string& norm_name,
                   int in, int out, Conv conv, std::optional<Act> act, const Style& style) {
  if (conv.stride > 1 && style.downsample != Downsample::stride) {
    downsample_ = style.downsample;
    conv.stride = 1;
  }
  if (conv.experts > 0) {
    mixture_ = owner.register_module(conv_name,
                                     std::make_shared<CondConv>(in, out, conv, style.same_padding));
  } else {
    conv_ = conv.kernels > 1 ? nn::AnyModule(MixedConv(in, out, conv, style.same_padding))
                             : nn::AnyModule(PaddedConv(in, out, conv, style.same_padding));
    owner.register_module(conv_name, conv_.ptr());
  }
  norm_ = make_norm(out, act.has_value(), style);
  owner.register_module(norm_name, norm_.ptr());
  if (style.norm != NormLayer::evo) act_ = act;
  if (downsample_ == Downsample::blur) {
    const auto binomial = torch::tensor({0.25F, 0.5F, 0.25F});
    blur_ = owner.register_buffer("~aa", torch::outer(binomial, binomial).repeat({out, 1, 1, 1}));
  }
}

torch::Tensor ConvNorm::operator()(torch::Tensor x, const torch::Tensor& routing) {
  x = norm_.forward(mixture_ ? mixture_->forward(x, routing) : conv_.forward(x));
  if (act_) x = activate(*act_, x);
  if (downsample_ == Downsample::average) return torch::avg_pool2d(x, 2);
  if (downsample_ == Downsample::blur)
    return torch::conv2d(x, blur_, {}, /*stride=*/2, /*padding=*/1, /*dilation=*/1, x.size(1));
  return x;
}

}  // namespace archsweep::archs::mobile
