#pragma once

// The closed fill rule `archsweep-fill-1`: every parameter and buffer computed from its key and
// index, the same bits in any language, so that networks can be compared without weights.

#include <cstdint>
#include <string_view>

#include <torch/nn/module.h>
#include <torch/types.h>

namespace archsweep::runner {

// u(key, i) in [-1, 1): FNV-1a of the key seeds splitmix64.
class Uniform {
 public:
  explicit Uniform(std::string_view key);
  double operator()(std::uint64_t i) const;

 private:
  std::uint64_t seed_;
};

// Fills a tensor of the state dict by its key, its shape and the gain; leaves integers alone.
void fill(const torch::Tensor& tensor, std::string_view key, double gain);
void fill(const torch::nn::Module& module, double gain);

// Float32 input [2, channels, side, side].
torch::Tensor fill_input(int channels, int side);

}  // namespace archsweep::runner
