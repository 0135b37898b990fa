#pragma once

// x after an activation, elementwise.

#include <torch/types.h>

#include "archs/layers/act.h"

namespace archsweep::archs {

torch::Tensor activate(Act act, const torch::Tensor& x);

}  // namespace archsweep::archs
