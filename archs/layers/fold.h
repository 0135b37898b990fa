#pragma once

// Batch norm in evaluation is a factor and an offset a channel: the layer before it can have both
// in its weights.

#include <torch/types.h>

#include "archs/network.h"

namespace archsweep::archs {

// Folds each batch norm into the convolution or linear layer before it, where that layer feeds
// nothing else and runs once: there it is exact but for rounding. Which those are is seen in a
// forward of `images`. For evaluation from now on: the network's weights are no longer timm's.
// Returns how many norms were folded.
int fold_batch_norms(Network& network, const torch::Tensor& images);

}  // namespace archsweep::archs
