#pragma once

// Points on a curve with noise, as a data set: one number in, one out. No LibTorch.

#include "runner/trial/data/dataset.h"
#include "runner/trial/spec.h"

namespace archsweep::runner {

// spec.points of spec.expression, evenly from -2 to 2, each with normal noise of the deviation
// spec.noise, drawn by spec.split_seed. Every point is both trained on and validated with. Throws
// Error.
Dataset open_function(const DatasetSpec& spec);

}  // namespace archsweep::runner
