#include "runner/trial/train/parameter_groups.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/normalization.h>

#include "archs/layers/norm.h"

namespace archsweep::runner {
namespace {

bool is_norm(const torch::nn::Module& module) {
  return module.as<torch::nn::BatchNorm1dImpl>() || module.as<torch::nn::BatchNorm2dImpl>() ||
         module.as<torch::nn::GroupNormImpl>() || dynamic_cast<const archs::NormImpl*>(&module);
}

// Learned positions, tokens and biases of pairs, which timm's no_weight_decay() names.
bool is_table(const std::string& key) {
  constexpr std::string_view names[] = {"pos_embed", "cls_token", "dist_token", "reg_token",
                                        "attention_biases"};
  return std::ranges::count(names, std::string_view(key).substr(key.rfind('.') + 1)) > 0;
}

int head_layer(const archs::Network& network) {
  return network.layer_of(network.classifier + ".weight");
}

}  // namespace

std::vector<ParameterGroup> parameter_groups(const archs::Network& network,
                                             const TrainingSpec& spec) {
  const int head = head_layer(network);
  std::map<std::tuple<int, bool>, ParameterGroup> groups;
  for (const auto& named : network.named_parameters()) {
    const auto& parameter = named.value();
    const int layer = network.layer_of(named.key());
    const bool decays = parameter.dim() > 1 && !is_table(named.key());
    // Fewer groups are fewer calls of the fused kernels.
    const int rank = spec.layer_decay < 1 ? layer : layer == head;
    auto& group = groups[{rank, decays}];
    group.weight_decay = decays ? spec.weight_decay : 0;
    group.lr_scale = std::pow(spec.layer_decay, head - layer);
    group.is_head = layer == head;
    group.keys.push_back(named.key());
    group.parameters.push_back(parameter);
  }
  std::vector<ParameterGroup> list;
  for (auto& [key, group] : groups) list.push_back(std::move(group));
  return list;
}

void set_body_learns(const archs::Network& network, bool learns) {
  const int head = head_layer(network);
  for (const auto& module : network.named_modules()) {
    if (is_norm(*module.value())) continue;
    for (const auto& named : module.value()->named_parameters(/*recurse=*/false)) {
      const auto key = module.key().empty() ? named.key() : module.key() + "." + named.key();
      if (network.layer_of(key) != head) named.value().requires_grad_(learns);
    }
  }
}

}  // namespace archsweep::runner
