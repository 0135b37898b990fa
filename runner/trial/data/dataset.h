#pragma once

// A data set that is ready to train on: square uint8 images in a memory-mapped cache, or rows of a
// table, their targets and the one split that every trial uses. No LibTorch.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runner/trial/data/table_columns.h"
#include "runner/trial/input_shape.h"
#include "runner/trial/spec.h"

namespace archsweep::runner {

struct Dataset {
  int classes = 0;  // 0: the targets are numbers
  std::vector<std::string> class_names;
  int side = 0;                             // of the stored images, which are squares
  int channels = 0;                         // of them; 0: the samples are rows of a table
  std::vector<int> categories;              // of a row: how many codes each has
  int numbers = 0;                          // that follow them
  std::vector<std::uint32_t> train, valid;  // indices of samples, in ascending order
  std::string split_hash;                   // equal: same samples, same targets, same split
  std::vector<std::string> bad_files;       // "path: why", left out under bad_images: skip
  std::filesystem::path cache_file;

  // side * side * channels bytes, rows of pixels (HWC).
  std::span<const std::uint8_t> image(std::size_t i) const {
    const std::size_t bytes = std::size_t(side) * side * channels;
    return {pixels + i * bytes, bytes};
  }
  // Of a sample as networks see it.
  InputShape shape(int image_size) const { return {channels, image_size, categories, numbers}; }
  bool has_rows() const { return channels == 0; }

  // Codes of the categories, then numbers.
  std::span<const float> row(std::size_t i) const {
    const auto columns = categories.size() + std::size_t(numbers);
    return {rows + i * columns, columns};
  }
  int label(std::size_t i) const { return labels[i]; }  // 0 where the targets are numbers
  float weight(std::size_t i) const { return weights ? weights[i] : 1; }  // of its training loss
  std::size_t size() const { return count; }
  std::function<std::string(std::size_t)> name;  // of an image's file or a row, for messages

  // Set by whoever fills the data set; `storage` keeps them alive, so copies are cheap and safe.
  const std::uint8_t* pixels = nullptr;
  const float* rows = nullptr;
  const std::int32_t* labels = nullptr;
  const float* values = nullptr;   // targets as numbers, of two classes 0 and 1; null: more classes
  TableColumns columns;            // of a table
  const float* weights = nullptr;  // null: all 1
  std::size_t count = 0;
  std::shared_ptr<const void> storage;
};

using DataProgress = std::function<void(std::size_t done, std::size_t total)>;

struct CacheRules {
  std::uint64_t most_bytes = 0;  // of all files in the folder; 0: what the disk has room for
  bool check = false;            // read every image: are they those that were written?
};

// Opens the cache of this data set in `cache_folder`, or decodes every image into it first.
// `progress` may be empty and is called from one thread at a time. Throws Error.
Dataset open_dataset(const DatasetSpec& spec, const std::filesystem::path& cache_folder,
                     const DataProgress& progress = {}, const CacheRules& rules = {});

// "valid = train": validation images that look the same as one that is trained on, pixel for pixel
// as they are stored. Reads every image.
std::vector<std::string> shared_images(const Dataset& dataset);

}  // namespace archsweep::runner
