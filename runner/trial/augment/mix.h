#pragma once

// timm's random erasing, mixup and cutmix.

#include <optional>
#include <span>

#include <torch/types.h>

#include "runner/trial/data/random.h"

namespace archsweep::runner {

struct Patch {
  std::int64_t top = 0, left = 0, height = 0, width = 0;
};

struct ErasingRanges {
  double probability = 0.25, min_area = 0.02, max_area = 1.0 / 3, min_aspect = 0.3;
};
std::optional<Patch> draw_box(const ErasingRanges&, std::int64_t height, std::int64_t width,
                              Random&);

// image: float32 [channels, h, w], which it changes; values: what broadcasts to the box's
// [channels, height, width].
void erase(const torch::Tensor& image, const Patch&, const torch::Tensor& values);

// What a whole batch gets: `keep` of each image and `1 - keep` of the one at its place from the
// end, or that one's pixels in a box.
struct Mix {
  double keep = 1;
  std::optional<Patch> box;
};
// Each is on where its alpha is above 0; where both are, cutmix has switch_probability.
struct MixRanges {
  double mixup_alpha = 0, cutmix_alpha = 0, probability = 1, switch_probability = 0.5;
};
Mix draw_mix(const MixRanges&, std::int64_t height, std::int64_t width, Random&);

// images: float32 [n, channels, h, w], which it changes; targets: float32 [n, classes]. Returns
// the mixed targets.
torch::Tensor mix(const torch::Tensor& images, const torch::Tensor& targets, const Mix&);

}  // namespace archsweep::runner
