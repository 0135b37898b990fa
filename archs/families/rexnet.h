#pragma once

// ReXNet: inverted residuals whose widths grow linearly with depth, so that a block adds its
// input to the first of its channels and the others are new.
// Paper: https://arxiv.org/abs/2007.00992. Source: timm/models/rexnet.py.

#include "archs/family.h"

namespace archsweep::archs::rexnet {

struct Variant {
  std::string_view name;
  double width = 1;  // multiplies every width
  int divisor = 1;   // of every width
  std::string_view tag = "nav_in1k";
  Preprocessing preprocessing = {};
};

inline constexpr Preprocessing fine_tuned{
    .test_input_size = 288, .crop_pct = 0.95, .test_crop_pct = 1};

// clang-format off
inline constexpr Variant variants[] = {
    {.name = "rexnet_100"},
    {.name = "rexnet_130", .width = 1.3},
    {.name = "rexnet_150", .width = 1.5},
    {.name = "rexnet_200", .width = 2},
    {.name = "rexnet_300", .width = 3},
    {.name = "rexnetr_100", .divisor = 8, .tag = "untrained"},
    {.name = "rexnetr_130", .width = 1.3, .divisor = 8, .tag = "untrained"},
    {.name = "rexnetr_150", .width = 1.5, .divisor = 8, .tag = "untrained"},
    {.name = "rexnetr_200", .width = 2, .divisor = 8, .tag = "sw_in12k_ft_in1k", .preprocessing = fine_tuned},
    {.name = "rexnetr_300", .width = 3, .divisor = 16, .tag = "sw_in12k_ft_in1k", .preprocessing = fine_tuned},
};
// clang-format on

inline constexpr Family family{"rexnet", variants};

std::shared_ptr<Network> build(const Variant& variant, const BuildOptions& options);

}  // namespace archsweep::archs::rexnet
