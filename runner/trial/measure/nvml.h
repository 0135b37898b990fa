#pragma once

// What NVIDIA's management library tells of a GPU. Loaded at run time: no headers are needed, and
// where there is none nothing is read.

#include <optional>
#include <string>

namespace archsweep::runner {

struct Conditions;

// CUDA's devices, as the driver counts them: those that CUDA_VISIBLE_DEVICES lets through; 0
// without a driver.
int gpu_count();

// "0000:3b:00.0" as the driver tells it of CUDA's device of this index (which is not the library's,
// where CUDA_VISIBLE_DEVICES chooses); "" where there is none.
std::string pci_bus_id(int index);

struct GpuMemory {
  double total = 0, used = 0;  // bytes, of all processes
};
std::optional<GpuMemory> gpu_memory(const std::string& pci_bus_id);

void read_gpu(const std::string& pci_bus_id, Conditions& into);

}  // namespace archsweep::runner
