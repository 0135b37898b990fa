#pragma once

// The blocks of MobileNetV1 to V4, EfficientNet and their kin, and the trunk built of them.
// Papers: https://arxiv.org/abs/1801.04381, https://arxiv.org/abs/1905.02244,
//         https://arxiv.org/abs/1905.11946, https://arxiv.org/abs/2404.10518

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include <torch/types.h>

#include "archs/layers/efficientnet_conv.h"
#include "archs/layers/mobile_plan.h"

namespace archsweep::archs::mobile {

class BlockModule : public torch::nn::Module {
 public:
  virtual torch::Tensor forward(const torch::Tensor& x) = 0;
};

// Stages of blocks, registered in `owner` as blocks.<stage>.<block>.
struct Trunk {
  Trunk(torch::nn::Module& owner, std::span<const Stage> plan, int in, const Style& style,
        double drop_path_rate, std::span<const PrunedBlock> pruned = {});

  torch::Tensor operator()(torch::Tensor x) const;

  // Network::layer_of: 0 for the stem, then one a block, what follows last.
  int layer_of(std::string_view key) const;

  std::vector<std::vector<std::shared_ptr<BlockModule>>> stages;
  int channels;  // of the output
};

// The convolution before the trunk, conv_stem and bn1; it strides by itself in any style.
ConvNorm make_stem(torch::nn::Module& owner, int in, int width, int kernel, Style style);

// Initial weights as in TensorFlow's implementations; attention as its authors found stable.
void init_weights(torch::nn::Module& network);

}  // namespace archsweep::archs::mobile
