#pragma once

// The operations that RandAugment, TrivialAugment, AutoAugment, AugMix and ColorJitter choose from.

#include <span>
#include <string_view>
#include <vector>

#include <torch/types.h>

namespace archsweep::runner {

enum class Operation {
  identity,
  shear_x,
  shear_y,
  translate_x,
  translate_y,
  rotate,
  brightness,
  colour,
  contrast,
  sharpness,
  posterize,
  solarize,
  auto_contrast,
  equalize,
  invert,
  hue
};

// One operation, with the magnitude that torchvision's _apply_op takes; of hue the turn.
struct Change {
  Operation operation = Operation::identity;
  double magnitude = 0;
  bool operator==(const Change&) const = default;
};
using Chain = std::vector<Change>;  // one after the other

// images: uint8 [n, 1 or 3, h, w], on any device; one change an image. Images of the same operation
// go together. bilinear: what moves pixels takes a mean of four instead of the nearest.
torch::Tensor apply_changes(const torch::Tensor& images, std::span<const Change>,
                            bool bilinear = false);
torch::Tensor apply_chains(torch::Tensor images, std::span<const Chain>, bool bilinear = false);

}  // namespace archsweep::runner
