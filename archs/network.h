#pragma once

// What a trained architecture looks like. LibTorch begins here.

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <torch/nn/module.h>

#include "archs/family.h"

namespace archsweep::archs {

struct BuildOptions {
  int num_classes = -1;  // -1: as timm builds the name (1,000 for most); 0: no classifier
  int in_chans = 3;
  int image_size = 0;         // side in pixels; 0: the variant's own. Position embeddings follow.
  double drop_rate = 0;       // dropout before the classifier
  double drop_path_rate = 0;  // of the last block; earlier blocks scale linearly from 0
  std::string global_pool;    // empty: the variant's own; else "avg", "max", "avgmax", "catavgmax",
                              // "token", ...
  // Columns of a table: the levels of each category, and the numbers that follow them.
  std::vector<int> categories;
  int numbers = 0;
  std::vector<int> hidden;  // of networks for tables: widths of the layers; none: the variant's own
};

class Network : public torch::nn::Module {
 public:
  // timm's forward_features. Images [n, in_chans, h, w] -> [n, c, h/stride, w/stride], or
  // [n, tokens, c] for transformers. Of tables: rows [n, columns], categories as codes from 0,
  // which stands for what training never saw -> [n, c].
  virtual torch::Tensor features(const torch::Tensor& images) = 0;

  // timm's forward_head. Features -> logits [n, num_classes], or pooled features [n, c] where
  // num_classes is 0.
  virtual torch::Tensor head(const torch::Tensor& features) = 0;

  virtual torch::Tensor forward(const torch::Tensor& images) { return head(features(images)); }

  // Width of `features`, and the state-dict key of the classifier ("fc", "head.fc").
  int num_features = 0;
  std::string classifier;

  // Layer-wise groups for discriminative learning rates, as timm's group_matcher counts them:
  // 0 for the stem, then one a block or stage, the head last. `key` is a parameter's name.
  virtual int layer_of(std::string_view key) const = 0;
};

// Builds an architecture of the catalog with freshly initialised weights, initialised as timm
// does. The name must be in the catalog: checking it is the planner's job.
// Throws c10::Error when the options are impossible for it (image size not divisible ...).
std::shared_ptr<Network> build(std::string_view name, const BuildOptions& options = {});

// Keys and tensors as timm's state_dict() gives them: parameters and persistent buffers, in
// timm's order of registration. A buffer that timm does not persist is registered with a name
// that begins with '~' (so that it still follows .to(device)) and is left out here.
std::vector<std::pair<std::string, torch::Tensor>> state_dict(const torch::nn::Module& module);

// Numbers in the weights; a tensor under several keys counts once.
std::int64_t count_parameters(const torch::nn::Module& module);

}  // namespace archsweep::archs
