#include "archs/network.h"

namespace archsweep::archs {
namespace {

void append(const torch::nn::Module& module, const std::string& prefix,
            std::vector<std::pair<std::string, torch::Tensor>>& all) {
  for (const auto& parameter : module.named_parameters(/*recurse=*/false))
    if (parameter.value().defined()) all.emplace_back(prefix + parameter.key(), parameter.value());
  for (const auto& buffer : module.named_buffers(/*recurse=*/false))
    if (buffer.value().defined() && !buffer.key().starts_with('~'))
      all.emplace_back(prefix + buffer.key(), buffer.value());
  for (const auto& child : module.named_children())
    append(*child.value(), prefix + child.key() + ".", all);
}

}  // namespace

std::vector<std::pair<std::string, torch::Tensor>> state_dict(const torch::nn::Module& module) {
  std::vector<std::pair<std::string, torch::Tensor>> all;
  append(module, "", all);
  return all;
}

std::int64_t count_parameters(const torch::nn::Module& module) {
  std::int64_t count = 0;
  for (const auto& parameter : module.parameters())
    if (parameter.defined()) count += parameter.numel();
  return count;
}

}  // namespace archsweep::archs
