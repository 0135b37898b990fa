#pragma once

// A network on its device, in the numbers and the layout that its trial asks for: what is trained,
// validated and timed runs through here, so that all three are of the same thing.

#include <memory>
#include <string>

#include <torch/types.h>

#include "archs/network.h"
#include "runner/trial/input_shape.h"
#include "runner/trial/spec.h"

namespace archsweep::runner {

class Model {
 public:
  // Moves the network to the device. "auto" becomes a choice.
  Model(std::shared_ptr<archs::Network> network, const TrainingSpec& spec,
        const torch::Device& device);

  archs::Network& network() { return *network_; }
  const torch::Device& device() const { return device_; }
  std::string dtype() const { return bfloat16_ ? "bfloat16" : "float32"; }
  std::string layout() const { return channels_last_ ? "channels_last" : "contiguous"; }

  // Images [n, channels, side, side], or rows, into the layout, where they are not in it.
  torch::Tensor laid_out(const torch::Tensor& images) const;
  // Normal numbers, made on the device; of a row's categories any of the codes.
  torch::Tensor random_input(int count, const InputShape& shape) const;

  // Images, or rows [n, columns] -> logits [n, classes], float32.
  torch::Tensor forward(const torch::Tensor& input);

 private:
  std::shared_ptr<archs::Network> network_;
  torch::Device device_;
  bool channels_last_, bfloat16_;
};

}  // namespace archsweep::runner
