#pragma once

// The device a trial runs on. One code for CPU and GPU: CUDA is loaded at run time, when the
// device asks for it, and reached through LibTorch's device-agnostic interface.

#include <string>

#include <torch/types.h>

#include "results/trial.h"

namespace archsweep::runner {

// "cpu" or "cuda:N". Throws Error (Exit::environment) when this machine or this LibTorch has none.
torch::Device open_device(const std::string& name);

results::Environment describe(const torch::Device& device, int threads);

// By which processes of this machine agree on it, however each numbers its GPUs: "cpu", or the PCI
// bus id.
std::string lease_name(const torch::Device& device);

void synchronize(const torch::Device& device);

// Peak memory in bytes since the last reset: what the allocator handed out on a GPU, the
// process's resident set on CPU. NaN where the platform does not tell.
void reset_peak_memory(const torch::Device& device);
double peak_memory(const torch::Device& device);

}  // namespace archsweep::runner
