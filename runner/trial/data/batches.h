#pragma once

// One epoch of batches, filled ahead by worker threads. The order of the images and every random
// draw follow from (seed, epoch, position in the epoch), never from the number of threads.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "runner/trial/data/dataset.h"
#include "runner/trial/spec.h"

namespace archsweep::runner {

struct Batch {
  std::vector<std::uint8_t> pixels;   // count x image_size x image_size x channels (NHWC)
  std::vector<std::int64_t> labels;   // count
  std::vector<float> weights;         // count, or empty: all 1
  std::vector<std::uint32_t> images;  // count: which of the data set they are
  int count = 0;
  int epoch = 0;
  std::size_t first = 0;  // position of its first image in the epoch
};

// Noise of random classes, in the shape of the data set's batches.
Batch random_batch(const Dataset& dataset, int image_size, int count, std::uint64_t seed);

struct BatchOptions {
  std::vector<AugmentStep> augmentation;  // empty: the centre of the stored image, as in validation
  int image_size = 224;
  int batch_size = 64;
  std::uint64_t seed = 0;
  int epoch = 0;
  bool shuffle = false;
  bool drop_last = false;  // leave out a last batch that is not full
  int threads = 1;
};

// Of an epoch of training; the first is 1.
BatchOptions training_batches(const TrialSpec& spec, const Dataset& dataset, int epoch,
                              int threads);

class BatchLoader {
 public:
  // The data set and the indices must outlive the loader.
  BatchLoader(const Dataset& dataset, std::span<const std::uint32_t> indices, BatchOptions options);
  ~BatchLoader();
  BatchLoader(const BatchLoader&) = delete;
  BatchLoader& operator=(const BatchLoader&) = delete;

  // Puts the next batch into `batch`, whose old buffers are used again; false after the last one.
  bool next(Batch& batch);

  std::size_t batches() const;    // in the whole epoch
  double seconds_waited() const;  // that next() spent waiting for the workers

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace archsweep::runner
