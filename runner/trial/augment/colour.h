#pragma once

// Changes of colours, of all images of a batch at once.

#include <span>

#include <torch/types.h>

#include "runner/trial/data/random.h"

namespace archsweep::runner {

// What fastai's aug_transforms draws for an image.
struct Lighting {
  double brightness = 0.5;  // 0 .. 1; its logit is added to those of the values
  double contrast = 1;      // their factor
};

// max_lighting: 0 .. 1; probability: of each of the two.
Lighting draw_lighting(double max_lighting, double probability, Random&);

// images: float32 [n, channels, h, w], values to 255, which it changes; one lighting an image.
void light(torch::Tensor& images, std::span<const Lighting>);

// torchvision's functions on bytes: uint8 [n, channels, h, w] in and out, 1 or 3 channels, one
// value an image.
torch::Tensor adjust_brightness(const torch::Tensor& images, std::span<const double> factors);
torch::Tensor adjust_contrast(const torch::Tensor& images, std::span<const double> factors);
torch::Tensor adjust_saturation(const torch::Tensor& images, std::span<const double> factors);
torch::Tensor adjust_sharpness(const torch::Tensor& images, std::span<const double> factors);
torch::Tensor adjust_hue(const torch::Tensor& images, std::span<const double> turns);
torch::Tensor posterize(const torch::Tensor& images, std::span<const double> bits);
torch::Tensor solarize(const torch::Tensor& images, std::span<const double> thresholds);
torch::Tensor autocontrast(const torch::Tensor& images);
torch::Tensor equalize(const torch::Tensor& images);
torch::Tensor invert(const torch::Tensor& images);

}  // namespace archsweep::runner
