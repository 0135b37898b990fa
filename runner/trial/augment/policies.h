#pragma once

// Which operations an image gets: torchvision's RandAugment, TrivialAugmentWide, AutoAugment,
// AugMix and ColorJitter.

#include <span>
#include <vector>

#include <torch/types.h>

#include "runner/trial/augment/operations.h"
#include "runner/trial/data/random.h"

namespace archsweep::runner {

// What a policy's operations are drawn from: `bins` magnitudes evenly from `first` to `last`.
struct Magnitudes {
  Operation operation;
  double first, last;
  bool either_sign;
  enum { plain, widths, heights, bits } unit = plain;  // shares of a side; whole numbers
};

enum class Space { rand, trivial, automatic, mixed };
std::span<const Magnitudes> space_of(Space);
int bins_of(Space);
// As torchvision computes them, in single precision; 0 of what has none. bin: 0 .. bins - 1
double magnitude(const Magnitudes&, int bin, int bins, int width, int height);

struct ImageSize {
  int width, height;
};

// magnitude: 0 .. 30
Chain draw_rand_augment(int operations, int magnitude, ImageSize, Random&);
Chain draw_trivial_augment(ImageSize, Random&);

// One of the pairs that a policy has, each operation with its probability and its bin of ten.
struct PolicyStep {
  Operation operation;
  double probability;
  int bin;  // of those without a magnitude: 0
};
enum class Policy { imagenet, cifar10, svhn };
using PolicyPair = PolicyStep[2];
std::span<const PolicyPair> pairs_of(Policy);
Chain draw_auto_augment(Policy, ImageSize, Random&);

// Brightness, contrast, saturation and hue by up to these, in random order.
struct Jitter {
  double brightness = 0.4, contrast = 0.4, saturation = 0.4, hue = 0;
};
Chain draw_jitter(const Jitter&, Random&);

// keep * image + sum of weights * chains' images
struct Mixture {
  double keep = 1;
  std::vector<double> weights;
  std::vector<Chain> chains;
};
// depth: operations a chain; 0: one to three at random
Mixture draw_augmix(int severity, int width, int depth, double alpha, ImageSize, Random&);
// images: uint8 [n, 1 or 3, h, w], one mixture of the same width an image
torch::Tensor apply_mixtures(const torch::Tensor& images, std::span<const Mixture>);

}  // namespace archsweep::runner
