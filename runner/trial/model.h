#pragma once

// A network on its device, in the numbers and the layout that its trial asks for: what is trained,
// validated and timed runs through here, so that all three are of the same thing.

#include <memory>
#include <string>

#include <torch/types.h>

#include "archs/network.h"
#include "runner/trial/spec.h"

namespace archsweep::runner {

// Numbers that a network can be computed in.
struct Precision {
  const char* name;
  // Of the operators that LibTorch's autocast lists; float32: it is off.
  torch::ScalarType autocast;
  bool tf32;  // float32 multiplied with 10 bits of mantissa, on a GPU
};
// By the word of TrainingSpec::precision. "auto", where nobody has chosen: bfloat16 on a GPU,
// float32 on CPU, where bfloat16 is a loss for some networks. TF32 on CPU is float32.
Precision precision_of(const std::string& word, const torch::Device& device);

class Model {
 public:
  // Moves the network to the device. "auto" becomes a choice.
  Model(std::shared_ptr<archs::Network> network, const TrainingSpec& spec,
        const torch::Device& device);

  archs::Network& network() { return *network_; }
  const torch::Device& device() const { return device_; }
  std::string dtype() const { return precision_.name; }
  std::string layout() const;  // "channels_last, folded": with folded batch norms

  void set_precision(const std::string& word);
  // Small gradients vanish in float16: the loss is to be scaled (train/grad_scaler.h).
  bool needs_loss_scaling() const { return precision_.autocast == torch::kFloat16; }

  // For inference alone from now on. Does nothing in half precision, which would round the folded
  // weights. Returns how many batch norms no longer run.
  int fold_batch_norms(int channels, int side);

  // Images [n, channels, side, side] into the layout, where they are not in it.
  torch::Tensor laid_out(const torch::Tensor& images) const;
  // Normal numbers, made on the device.
  torch::Tensor random_images(int count, int channels, int side) const;

  torch::Tensor forward(const torch::Tensor& images);  // logits [n, classes], float32

 private:
  std::shared_ptr<archs::Network> network_;
  torch::Device device_;
  bool channels_last_, is_folded_ = false;
  Precision precision_;
};

}  // namespace archsweep::runner
