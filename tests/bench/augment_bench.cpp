// Milliseconds of CPU an image for each augmentation, from stored bytes to what a network takes: 64
// of 256 pixels to 64 of 224 (augment.py runs this beside the peers).
//   augment_bench [BATCHES]
#include "archs/torch_pch.h"

#include <cstdlib>
#include <ctime>
#include <numeric>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "runner/trial/augment/batch.h"
#include "runner/trial/data/batches.h"
#include "runner/trial/data/random.h"
#include "runner/trial/images.h"

using namespace archsweep;
using namespace archsweep::runner;

namespace {

constexpr int stored = 256, side = 224, batch_size = 64;

// Waves with noise: neither flat nor white.
std::vector<std::uint8_t> photos() {
  Random random(1);
  std::vector<std::uint8_t> pixels(std::size_t(batch_size) * stored * stored * 3);
  for (std::size_t i = 0; i < pixels.size(); ++i)
    pixels[i] = std::uint8_t(100 + (i / 3 % stored) / 2 + random.below(24));
  return pixels;
}

}  // namespace

int main(int argc, char** argv) {
  const int batches = argc > 1 ? std::atoi(argv[1]) : 5;
  at::set_num_threads(1);
  const auto pixels = photos();
  const std::vector<std::int32_t> labels(batch_size);
  Dataset dataset;
  dataset.side = stored, dataset.channels = 3, dataset.count = batch_size;
  dataset.pixels = pixels.data(), dataset.labels = labels.data();
  std::vector<std::uint32_t> indices(batch_size);
  std::iota(indices.begin(), indices.end(), 0);

  // What the words stand for, and single steps.
  const std::vector<std::pair<std::string, std::vector<AugmentStep>>> ways{
      {"none", {}},
      {"light", {{"random_crop", {}}, {"horizontal_flip", {}}}},
      {"fastai", {{"aug_transforms", {}}}},
      {"timm",
       {{"random_resized_crop", {{"min_scale", 0.08}}},
        {"horizontal_flip", {}},
        {"color_jitter", {}}}},
      {"trivial", {{"random_resized_crop", {}}, {"horizontal_flip", {}}, {"trivial_augment", {}}}},
      {"rand_augment", {{"rand_augment", {}}}},
      {"auto_augment", {{"auto_augment_imagenet", {}}}},
      {"augmix", {{"augmix", {}}}},
      {"mixup_cutmix", {{"mixup_cutmix", {}}}}};
  const archs::Preprocessing preprocessing;
  const Normalize normalize(preprocessing, 3, torch::kCPU);
  for (const auto& [name, steps] : ways) {
    const BatchAugmenter augment(steps, 0, 10, normalize.mean(), normalize.deviation());
    Batch batch;
    std::clock_t start = 0;
    for (int epoch = 0; epoch <= batches; ++epoch) {
      if (epoch == 1) start = std::clock();
      BatchLoader loader(
          dataset, indices,
          {.augmentation = steps, .image_size = side, .batch_size = batch_size, .epoch = epoch});
      while (loader.next(batch)) {
        const auto made = augment({to_device(batch.pixels, batch.count, side, 3, torch::kCPU),
                                   torch::zeros(batch.count, torch::kInt64)},
                                  epoch, 0);
        normalize(made.images);
      }
    }
    fmt::print("{} {:.3f}\n", name,
               double(std::clock() - start) * 1e3 / CLOCKS_PER_SEC / batches / batch_size);
  }
}
