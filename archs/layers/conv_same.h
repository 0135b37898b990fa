#pragma once

// Padding of convolutions by name rather than by number.

#include <torch/types.h>

namespace archsweep::archs {

// On each side, so that a convolution of stride 1 keeps the size (odd kernels).
constexpr int even_padding(int kernel, int stride = 1) {
  return (stride - 1 + kernel - 1) / 2;
}

// TensorFlow's SAME: just enough for ceil(size / stride) outputs, the odd pixel at the far end.
torch::Tensor pad_same(const torch::Tensor& x, int kernel, int stride);

}  // namespace archsweep::archs
