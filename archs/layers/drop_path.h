#pragma once

// Stochastic depth (arXiv 1603.09382): in training, a sample's residual branch is left out with the
// given probability and the others are scaled up. No state.

#include <torch/types.h>

namespace archsweep::archs {

torch::Tensor drop_path(const torch::Tensor& x, double probability, bool training);

}  // namespace archsweep::archs
