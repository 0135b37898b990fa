#include "runner/trial/show_batch.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include "runner/support/error.h"
#include "runner/trial/data/batches.h"
#include "runner/trial/data/dataset.h"
#include "runner/trial/data/image.h"

namespace archsweep::runner {
namespace {

Batch first_batch(const TrialSpec& spec, const Dataset& dataset, int epoch) {
  BatchLoader loader(dataset, dataset.train,
                     training_batches(spec, dataset, epoch, at::get_num_threads()));
  Batch batch;
  loader.next(batch);
  return batch;
}

// Small images enlarged to this or a little less, so that whoever draws them smoothly still shows
// their pixels.
constexpr int tile_side = 224;

Image enlarged(const View& image) {
  const int times = std::max(1, tile_side / image.width);
  Image large(image.width * times, image.height * times, image.channels);
  auto* out = large.pixels.data();
  for (int y = 0; y < large.height; ++y)
    for (int x = 0; x < large.width; ++x)
      out = std::copy_n(image.part(x / times, y / times, 1, 1).pixels, image.channels, out);
  return large;
}

void write_tile(const View& image, const std::filesystem::path& file) {
  if (!(std::ofstream(file, std::ios::binary) << encode_png(enlarged(image)) << std::flush))
    throw Error(fmt::format("{}: cannot be written; is there room?", file.string()),
                Exit::environment);
}

}  // namespace

void show_batch(const Job& job, EventSink& events) {
  const auto dataset = open_dataset(job.spec.dataset, job.cache_folder);
  const std::filesystem::path folder = job.view.folder;
  const int side = job.spec.dataset.image_size;
  const auto bytes = std::size_t(side) * side * dataset.channels;
  ShownBatch shown;
  auto spec = job.spec;
  for (std::size_t picture = 1; picture <= job.view.augmentations.size(); ++picture) {
    spec.augmentation = job.view.augmentations[picture - 1];
    const auto batch = first_batch(spec, dataset, job.view.epoch);
    const auto count = std::size_t(std::min(batch.count, job.view.images));
    for (std::size_t i = 0; i < count; ++i) {
      write_tile({&batch.pixels[i * bytes], side, side, dataset.channels},
                 folder / tile_name(i, picture));
      if (picture > 1) continue;
      // The images of a batch, and their order, are the same whatever is made of them.
      const auto image = batch.images[i];
      write_tile({dataset.image(image).data(), dataset.side, dataset.side, dataset.channels},
                 folder / tile_name(i, 0));
      shown.classes.push_back(dataset.class_names[std::size_t(dataset.label(image))]);
      shown.files.push_back(dataset.name(image));
    }
  }
  events.send(shown);
}

}  // namespace archsweep::runner
