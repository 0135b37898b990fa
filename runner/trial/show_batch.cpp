#include "runner/trial/show_batch.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include "archs/catalog.h"
#include "runner/support/error.h"
#include "runner/trial/augment/batch.h"
#include "runner/trial/data/batches.h"
#include "runner/trial/data/dataset.h"
#include "runner/trial/data/image.h"
#include "runner/trial/device.h"
#include "runner/trial/images.h"

namespace archsweep::runner {
namespace {

// What steps of training take before they normalise.
struct Seen {
  std::vector<std::uint32_t> images;  // which of the data set they are
  torch::Tensor pixels;               // uint8 [n, side, side, channels], on the CPU
  torch::Tensor targets;              // as Augmented::targets, on the CPU
};

// Of so many batches as `count` images take, or of the whole epoch.
Seen first_images(const TrialSpec& spec, const Dataset& dataset, int epoch, std::size_t count,
                  const torch::Device& device) {
  BatchLoader loader(dataset, dataset.train,
                     training_batches(spec, dataset, epoch, at::get_num_threads()));
  const Normalize normalize(archs::get(spec.architecture).preprocessing, dataset.channels, device);
  const BatchAugmenter augment(spec.augmentation, spec.training.seed, dataset.classes,
                               normalize.mean(), normalize.deviation());
  Seen all;
  std::vector<torch::Tensor> pixels, targets;
  for (Batch batch; all.images.size() < count && loader.next(batch);) {
    const auto seen = augment(
        {to_device(batch.pixels, batch.count, spec.dataset.image_size, dataset.channels, device),
         torch::tensor(batch.labels).to(device)},
        batch.epoch, batch.first);
    all.images.insert(all.images.end(), batch.images.begin(), batch.images.end());
    pixels.push_back(seen.images.round()
                         .clamp(0, 255)
                         .to(torch::kCPU, torch::kUInt8)
                         .permute({0, 2, 3, 1})
                         .contiguous());
    targets.push_back(seen.targets.to(torch::kCPU));
  }
  all.pixels = torch::cat(pixels);
  all.targets = torch::cat(targets);
  return all;
}

// Of an image whose target is shares of classes, the two that are mixed, or the one that another
// image brought; "" where it is its own.
std::string mixture(const torch::Tensor& target, std::int64_t label,
                    const std::vector<std::string>& class_names) {
  const auto [shares, classes] = target.topk(2);
  const auto part = [&](std::int64_t i) {
    return fmt::format("{:.0f} % {}", 100 * shares[i].item<double>(),
                       class_names[std::size_t(classes[i].item<std::int64_t>())]);
  };
  if (shares[1].item<double>() >= 0.005) return part(0) + "\n" + part(1);
  return classes[0].item<std::int64_t>() == label ? "" : part(0);
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

// The image as it is stored, its class and its file.
void show_stored(const Dataset& dataset, std::uint32_t image, const std::filesystem::path& tile,
                 ShownBatch& shown) {
  write_tile({dataset.image(image).data(), dataset.side, dataset.side, dataset.channels}, tile);
  shown.classes.push_back(dataset.class_names[std::size_t(dataset.label(image))]);
  shown.files.push_back(dataset.name(image));
}

}  // namespace

void show_batch(const Job& job, EventSink& events) {
  const auto dataset = open_dataset(job.spec.dataset, job.cache_folder);
  const auto device = open_device(job.device);
  const std::filesystem::path folder = job.view.folder;
  const int side = job.spec.dataset.image_size;
  ShownBatch shown;
  auto spec = job.spec;
  for (std::size_t picture = 1; picture <= job.view.augmentations.size(); ++picture) {
    spec.augmentation = job.view.augmentations[picture - 1];
    const auto seen =
        first_images(spec, dataset, job.view.epoch, std::size_t(job.view.images), device);
    const auto count = std::min(seen.images.size(), std::size_t(job.view.images));
    shown.mixtures.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
      const auto at = std::int64_t(i);
      write_tile({seen.pixels[at].const_data_ptr<std::uint8_t>(), side, side, dataset.channels},
                 folder / tile_name(i, picture));
      shown.mixtures[i].push_back(
          seen.targets.dim() == 2
              ? mixture(seen.targets[at], dataset.label(seen.images[i]), dataset.class_names)
              : "");
      if (picture > 1) continue;
      // The images of a batch, and their order, are the same whatever is made of them.
      show_stored(dataset, seen.images[i], folder / tile_name(i, 0), shown);
    }
  }
  events.send(shown);
}

void show_images(const Job& job, EventSink& events) {
  const auto dataset = open_dataset(job.spec.dataset, job.cache_folder);
  if (dataset.split_hash != job.view.split_hash)
    throw Error(fmt::format("{}: its images, classes or split are not those of the trial any more",
                            job.spec.dataset.root));
  ShownBatch shown;
  for (const auto image : job.view.chosen) {
    if (image >= dataset.size()) throw Error(fmt::format("no image {}", image));
    const auto tile = tile_name(shown.files.size(), 0);
    show_stored(dataset, image, std::filesystem::path(job.view.folder) / tile, shown);
  }
  events.send(shown);
}

}  // namespace archsweep::runner
