#pragma once

// Weights into a network, as timm's load_pretrained puts them there. Strict: every key of the file
// and of the network must find the other, or nothing is loaded.

#include <filesystem>
#include <string>
#include <vector>

#include "archs/weights/tensors.h"

namespace archsweep::archs {

class Network;

struct LoadOptions {
  // A classifier of another class count, or one that only the file or only the network has, is no
  // fault: the network's keeps its initial weights.
  bool other_classes = false;
};

// Fits the tensors to the network and copies them into it:
// - a first convolution to the network's in_chans: summed for 1, else repeated and rescaled
//   (timm's adapt_input_conv);
// - position embeddings [1, tokens, width] to the network's grid (timm's resample_abs_pos_embed);
// - floating numbers to the network's own dtype. Missing num_batches_tracked stay at 0.
// Returns a sentence for each thing adapted or left out. Throws Error "NAME: ..." with all missing
// and unexpected keys and other shapes; the network is then unchanged.
std::vector<std::string> load_weights(Network& network, const NamedTensors& tensors,
                                      const std::string& name, const LoadOptions& options = {});
std::vector<std::string> load_weights(Network& network, const std::filesystem::path& file,
                                      const LoadOptions& options = {});

// [out, 3, h, w] for `in_chans` channels.
torch::Tensor adapt_input_conv(const torch::Tensor& weight, std::int64_t in_chans);

// [1, prefix + g * g, width] to [1, prefix + grid * grid, width]: bicubic with antialias, the
// prefix tokens kept.
torch::Tensor resample_pos_embed(const torch::Tensor& embedding, std::int64_t grid,
                                 std::int64_t prefix);

}  // namespace archsweep::archs
