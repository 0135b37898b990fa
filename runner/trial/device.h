#pragma once

// The device a trial runs on. One code for CPU and GPU: CUDA is loaded at run time, when the
// device asks for it, and reached through LibTorch's device-agnostic interface.

#include <exception>
#include <string>
#include <vector>

#include <ATen/core/Generator.h>
#include <torch/types.h>

#include "results/trial.h"

namespace archsweep::runner {

// "cpu", "cuda:N", or "auto": the first GPU, where there is one. Throws Error (Exit::environment)
// when this machine or this LibTorch has none.
torch::Device open_device(const std::string& name);

results::Environment describe(const torch::Device& device, int threads);

// By which processes of this machine agree on it, however each numbers its GPUs: "cpu", or the PCI
// bus id.
std::string lease_name(const torch::Device& device);

void synchronize(const torch::Device& device);

// Where random numbers of a training on it come from, the CPU's first.
std::vector<at::Generator> generators(const torch::Device& device);

// Peak memory in bytes since the last reset: what the allocator handed out on a GPU, the
// process's resident set on CPU, with what the allocator keeps for later. NaN where the platform
// does not tell.
void reset_peak_memory(const torch::Device& device);
double peak_memory(const torch::Device& device);

// LibTorch reports a full memory in several ways, by allocator and by back end.
bool is_out_of_memory(const std::exception& e);

// The allocator (jemalloc) keeps what is freed: the tensors of a training step are those of the one
// before, and fresh pages cost as much time as computing on them. Where the address space is limited
// (ulimit -v) this has it give everything back to the system instead: kept, it would leave no room
// for LibTorch's other allocators. Call it before the first thread.
void set_up_allocator();

// Gives back what the allocator keeps for later.
void free_unused_memory(const torch::Device& device);

}  // namespace archsweep::runner
