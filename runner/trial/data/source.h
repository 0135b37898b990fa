#pragma once

// What a data set consists of before anything is decoded: which images, of which class, and how to
// read one.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "runner/trial/data/resize.h"
#include "runner/trial/spec.h"

namespace archsweep::runner {

enum class Part : std::uint8_t { either, train, valid };  // either: the split decides

struct Source {
  std::string identity;  // changes when the files do: paths, sizes, times or contents
  std::string content;   // the same without places and times: equal for a copied folder
  std::vector<std::string> class_names;
  std::vector<std::int32_t> labels;  // one an image, as are parts
  std::vector<Part> parts;
  std::vector<float> weights;         // by which images count in training; empty: all the same
  std::vector<std::string> left_out;  // "place: why": what should have been among the images
  std::function<std::string(std::size_t)> name;
  // The image with the wanted number of channels, not smaller than `side` where a smaller decode
  // is cheaper. From any thread; throws std::exception with the reason, without the name.
  std::function<Image(std::size_t, int side, int channels)> read;
};

// All of these throw Error. Test images are never used: choosing an architecture by them is what a
// held-out split is there to prevent.

// The MNIST family: train-images and train-labels, plain or gzipped.
Source open_idx(const std::filesystem::path& root);

// The binary version of "cifar10" or "cifar100".
Source open_cifar(const std::filesystem::path& root, const std::string& kind);

// JPEG, PNG, GIF, BMP and WebP files of a folder or a tar file (image_files.h), whose classes are
// told by folders, names or a table (labels.h).
Source open_photos(const DatasetSpec& spec);

}  // namespace archsweep::runner
