#pragma once

// Tensors of a safetensors file, and back. LibTorch begins here.

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <torch/types.h>

#include "archs/weights/safetensors.h"

namespace archsweep::archs {

using NamedTensors = std::vector<std::pair<std::string, torch::Tensor>>;

// CPU tensors that share the file's pages and keep them mapped; one that a hostile header placed
// off its alignment is copied. Throws Error.
NamedTensors read_tensors(const std::filesystem::path& path, Metadata* metadata = nullptr);

// Tensors of any device and layout. Throws Error.
void write_tensors(const std::filesystem::path& path, const NamedTensors& tensors,
                   const Metadata& metadata = {{"format", "pt"}});

}  // namespace archsweep::archs
