#pragma once

// Global pooling of feature maps [n, c, h, w] -> [n, c] ("catavgmax": [n, 2c]); "" leaves the map
// as it is. timm SelectAdaptivePool2d with flatten.

#include <string>
#include <string_view>

#include <torch/types.h>

namespace archsweep::archs {

torch::Tensor global_pool(std::string_view kind, const torch::Tensor& x);

// Features out over features in: 2 for catavgmax, else 1.
inline int pool_width(std::string_view kind) {
  return kind == "catavgmax" ? 2 : 1;
}

// The option where it is set, else the family's own.
inline std::string pool_or(const std::string& option, std::string_view own) {
  return option.empty() ? std::string(own) : option;
}

}  // namespace archsweep::archs
