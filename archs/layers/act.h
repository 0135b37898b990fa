#pragma once

// Activations by timm's names; no LibTorch, for the tables of families name them.

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

}  // namespace archsweep::archs
