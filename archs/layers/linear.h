#pragma once

// A linear layer whose bias is a matter of options.

#include <torch/nn/modules/linear.h>

namespace archsweep::archs {

inline torch::nn::Linear linear(int in, int out, bool bias) {
  return torch::nn::Linear(torch::nn::LinearOptions(in, out).bias(bias));
}

}  // namespace archsweep::archs
