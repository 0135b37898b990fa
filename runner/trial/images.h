#pragma once

// The bytes of a batch as a network takes them.

#include <cstdint>
#include <span>

#include <torch/nn/module.h>
#include <torch/types.h>

#include "archs/family.h"

namespace archsweep::runner {

// Less the mean, over the deviation, of an architecture's preprocessing; one channel gets the mean
// of the three.
class Normalize {
 public:
  Normalize() = default;
  Normalize(const archs::Preprocessing& preprocessing, int channels, const torch::Device& device);

  // uint8 or float32 [count, channels, side, side] of values to 255 -> float32 on the device,
  // channels_last.
  torch::Tensor operator()(const torch::Tensor& images) const;

  const torch::Tensor& mean() const { return mean_; }
  const torch::Tensor& deviation() const { return std_; }

 private:
  torch::Tensor mean_, std_;  // [1, channels, 1, 1], of values up to 255
};

// count x side x side x channels bytes -> uint8 [count, channels, side, side] on the device. On the
// CPU it is a view.
torch::Tensor to_device(std::span<const std::uint8_t> pixels, std::int64_t count, int side,
                        int channels, const torch::Device& device);

// Weights of convolutions into the layout that they are faster in.
void to_channels_last(torch::nn::Module& network);

}  // namespace archsweep::runner
