#pragma once

// Changes of where pixels are, of all images of a batch at once: fastai's symmetry, warp, rotation
// and zoom, and torchvision's affine maps.

#include <array>
#include <span>

#include <torch/types.h>

#include "runner/trial/data/random.h"

namespace archsweep::runner {

// What fastai's aug_transforms draws for an image.
struct Placement {
  int symmetry = 0;                          // fastai's dihedral 0 .. 7; 1 mirrors left and right
  double warp_x = 0, warp_y = 0;             // how far corners move, of half a side
  double degrees = 0;                        // of rotation
  double zoom = 1, column = 0.5, row = 0.5;  // about this place, of the width and height
};

struct PlacementRanges {
  bool mirrored = true, all_symmetries = false;
  double max_rotate = 10, max_warp = 0.2, min_zoom = 1, max_zoom = 1.1;
  double probability = 0.75;  // of each of warp_x, warp_y, rotation and zoom
};

Placement draw_placement(const PlacementRanges&, Random&);

// images: float32 [n, channels, h, w]; one placement an image. One bilinear sampling of all, what
// lies outside reflected.
torch::Tensor place(const torch::Tensor& images, std::span<const Placement>);

// Rows of torchvision's inverse matrix: from pixels of the result to those of the image, both
// counted from the centre.
using Affine = std::array<double, 6>;

// images: uint8 [n, channels, h, w]; one matrix an image. The nearest pixel, or a bilinear mean of
// four; zero outside.
torch::Tensor move(const torch::Tensor& images, std::span<const Affine>, bool bilinear);

}  // namespace archsweep::runner
