#pragma once

// A convolution without bias that keeps the size where its stride is 1 (odd kernels).

#include <torch/nn/modules/conv.h>

#include "archs/layers/conv_same.h"

namespace archsweep::archs {

inline torch::nn::Conv2d conv(int in, int out, int kernel, int stride = 1, int groups = 1) {
  return torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, kernel)
                               .stride(stride)
                               .padding(even_padding(kernel))
                               .groups(groups)
                               .bias(false));
}

}  // namespace archsweep::archs
