#pragma once

// What keeps single gradients from carrying the weights away, as timm's clip modes do.

#include <vector>

#include <torch/types.h>

namespace archsweep::runner {

// Each changes the gradients of these parameters in place; those without one stay so.

// Their common L2 norm is at most `limit`.
void clip_norm(const std::vector<torch::Tensor>& parameters, double limit);
// Every number is at most `limit`, up or down.
void clip_value(const std::vector<torch::Tensor>& parameters, double limit);
// Of each unit (row of a matrix, filter of a convolution, whole vector) the gradient's norm is at
// most `limit` of the weights' norm: adaptive gradient clipping (arXiv 2102.06171).
void clip_adaptive(const std::vector<torch::Tensor>& parameters, double limit);

}  // namespace archsweep::runner
