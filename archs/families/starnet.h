#pragma once

// StarNet: two 1x1 branches multiplied element by element, between two depthwise 7x7.
// Paper: https://arxiv.org/abs/2403.19967. Source: timm/models/starnet.py.

#include "archs/family.h"

namespace archsweep::archs::starnet {

struct Variant {
  std::string_view name;
  int width = 32;               // of the first stage; doubled by each that follows
  std::array<int, 4> depths{};  // blocks in each stage
  int mlp_ratio = 4;            // width of a branch over width
  std::string_view tag = "";
  Preprocessing preprocessing = {};
};

// clang-format off
inline constexpr Variant variants[] = {
    {.name = "starnet_s1", .width = 24, .depths = {2, 2, 8, 3}, .tag = "in1k"},
    {.name = "starnet_s2", .width = 32, .depths = {1, 2, 6, 2}, .tag = "in1k"},
    {.name = "starnet_s3", .width = 32, .depths = {2, 2, 8, 4}, .tag = "in1k"},
    {.name = "starnet_s4", .width = 32, .depths = {3, 3, 12, 5}, .tag = "in1k"},
    {.name = "starnet_s050", .width = 16, .depths = {1, 1, 3, 1}, .mlp_ratio = 3, .tag = "untrained"},
    {.name = "starnet_s100", .width = 20, .depths = {1, 2, 4, 1}, .tag = "untrained"},
    {.name = "starnet_s150", .width = 24, .depths = {1, 2, 4, 2}, .mlp_ratio = 3, .tag = "untrained"},
};
// clang-format on

inline constexpr Family family{"starnet", variants};

std::shared_ptr<Network> build(const Variant& variant, const BuildOptions& options);

}  // namespace archsweep::archs::starnet
