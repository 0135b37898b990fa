#pragma once

// Activations by timm's names.

#include <torch/types.h>

namespace archsweep::archs {

enum class Act {
  identity,
  relu,
  relu6,
  gelu,
  gelu_tanh,
  quick_gelu,
  silu,
  hard_swish,
  hard_sigmoid,
  sigmoid
};

torch::Tensor activate(Act act, const torch::Tensor& x);

}  // namespace archsweep::archs
