#pragma once

// What a data set consists of before anything is decoded: which images, of which class, and how to
// read one.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "runner/trial/data/resize.h"

namespace archsweep::runner {

enum class Part : std::uint8_t { either, train, valid };  // either: the split decides

struct Source {
  std::string identity;  // changes when the files do: paths, sizes, times or contents
  std::string content;   // the same without places and times: equal for a copied folder
  std::vector<std::string> class_names;
  std::vector<std::int32_t> labels;  // one an image, as are parts
  std::vector<Part> parts;
  std::function<std::string(std::size_t)> name;
  // The image with the wanted number of channels, not smaller than `side` where a smaller decode
  // is cheaper. From any thread; throws std::exception with the reason, without the name.
  std::function<Image(std::size_t, int side, int channels)> read;
};

// The MNIST family: train-images and train-labels, plain or gzipped. The test files are not used.
Source open_idx(const std::filesystem::path& root);

// CLASS/*, or train/CLASS/* with val/, valid/ or validation/CLASS/*. A test/ beside train/ is not
// used.
Source open_image_folder(const std::filesystem::path& root);

}  // namespace archsweep::runner
