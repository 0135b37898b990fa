#pragma once

#include <filesystem>
#include <string>

namespace archsweep::results {

// What a table's file name says of how it was measured, by timm's convention:
//   benchmark-{infer|train}-{precision}-{nchw|nhwc}-pt{version}-cu{version}-{device}.csv
//   results-{dataset}.csv
// "" for what it does not say.
struct Conditions {
  std::string dataset;
  std::string device_name;  // "RTX 3090"
  std::string dtype;        // "float32", "amp"
  std::string layout;       // "channels_last", "contiguous"
  std::string versions;     // "PyTorch 1.13, CUDA 11.7"
};
Conditions conditions(const std::filesystem::path& file);

}  // namespace archsweep::results
