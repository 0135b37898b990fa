#pragma once

// Loss scaling for training in float16, by the rules and with the constants of
// torch.amp.GradScaler: gradients that would vanish in half precision are computed of a larger
// loss. A step whose gradients are not all finite is left out and the scale halved; after 2000 good
// ones in a row it doubles. Mixed precision training, https://arxiv.org/abs/1710.03740

#include <vector>

#include <torch/nn/module.h>
#include <torch/types.h>

#include "archs/weights/tensors.h"

namespace archsweep::runner {

class GradScaler {
 public:
  GradScaler() = default;  // off: changes nothing
  GradScaler(bool is_on, const torch::Device& device);

  torch::Tensor scale(const torch::Tensor& loss) const { return is_on_ ? loss * scale_ : loss; }

  // After the backward pass: gradients as without the scale. False: some are not finite, and no
  // step may be taken. The next scale is set. Throws Diverged where no scale helps.
  bool unscale(const torch::nn::Module& module);

  // To go on from: "scaler.scale" and "scaler.growth_tracker"; nothing of one that is off.
  archs::NamedTensors state() const;

 private:
  bool is_on_ = false;
  torch::Tensor scale_, growth_tracker_;
};

}  // namespace archsweep::runner
