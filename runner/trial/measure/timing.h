#pragma once

// Speed of a trained network: forwards of one batch size, warmed up, the device synchronised after
// each, every time kept. The scheduler sees to it that the device is held alone.

#include <functional>

#include <torch/types.h>

#include "results/trial.h"
#include "runner/trial/spec.h"

namespace archsweep::runner {

// Raised whenever how a timing is taken changes: timings compare only within a version.
inline constexpr int timing_protocol = 1;

// `forward` runs the network on a batch. Sets kind, batch_size, protocol and seconds.
results::Measurement time_forward(const std::function<torch::Tensor(const torch::Tensor&)>& forward,
                                  const torch::Tensor& batch, const MeasurementSpec& spec);

}  // namespace archsweep::runner
