#pragma once

// Random changes to one stored image on its way into a batch, on bytes and on the CPU. What works
// on the batch comes later: batch.h.

#include <cstdint>
#include <span>
#include <vector>

#include "runner/trial/data/random.h"
#include "runner/trial/data/resize.h"
#include "runner/trial/spec.h"

namespace archsweep::runner {

class Augmenter {
 public:
  // Leaves out the steps on the batch. Throws Error for one that augment_kinds() does not list.
  Augmenter(const std::vector<AugmentStep>& steps, int image_size);

  // Working space of one thread.
  struct Scratch {
    Image image, next;
    std::vector<std::uint8_t> rows;
  };
  // Writes image_size * image_size pixels. Without steps: the centre of the image.
  void apply(const View& stored, Random& random, Scratch& scratch, std::uint8_t* out) const;

 private:
  enum class Kind { random_crop, random_resized_crop, horizontal_flip, vertical_flip, dihedral };
  struct Step {
    Kind kind;
    AugmentValues values;
  };
  std::vector<Step> steps_;
  int image_size_;
};

}  // namespace archsweep::runner
