#pragma once

// The steps of an augmentation that work on a whole batch, on its device. What they draw follows
// from (seed, epoch, position in the epoch, place of the step), on the CPU: equal on any device and
// with any number of threads.

#include <vector>

#include <torch/types.h>

#include "runner/trial/data/random.h"
#include "runner/trial/spec.h"

namespace archsweep::runner {

struct Augmented {
  torch::Tensor images;        // [n, channels, h, w]: uint8, or float32 with values to 255
  torch::Tensor targets;       // int64 [n], or float32 [n, classes] where images were mixed
  torch::Tensor weights = {};  // float32 [n], by which the losses count; undefined: all 1
};

class BatchAugmenter {
 public:
  BatchAugmenter();  // no steps
  // mean, deviation: [1, channels, 1, 1], of values to 255: what erased parts are filled with.
  // Throws Error for a step that augment_kinds() does not list.
  BatchAugmenter(const std::vector<AugmentStep>& steps, std::uint64_t seed, int classes,
                 torch::Tensor mean, torch::Tensor deviation);

  ~BatchAugmenter();
  BatchAugmenter(BatchAugmenter&&) noexcept;
  BatchAugmenter& operator=(BatchAugmenter&&) noexcept;

  // Images as uint8, labels as int64. first: the first image's position in the epoch. Where images
  // are mixed, each of the two labels counts with its own image's weight.
  Augmented operator()(Augmented batch, int epoch, std::size_t first) const;

 private:
  struct Step;
  std::vector<Step> steps_;
  std::uint64_t seed_ = 0;
  int classes_ = 0;
  torch::Tensor mean_, deviation_;
};

}  // namespace archsweep::runner
