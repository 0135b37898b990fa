#pragma once

// RepViT: a mobile network laid out as a transformer, a depthwise convolution in several branches
// where attention would be. As trained: the branches are not merged.
// Paper: https://arxiv.org/abs/2307.09283. Source: timm/models/repvit.py.

#include "archs/family.h"

namespace archsweep::archs::repvit {

struct Variant {
  std::string_view name;
  std::array<int, 4> depths{2, 2, 14, 2};  // blocks in each stage
  std::array<int, 4> widths{};
  bool legacy = false;  // a norm in the 1x1 branch rather than after the sum of the branches
  std::string_view tag = "dist_300e_in1k";
  Preprocessing preprocessing = {.crop_pct = 0.95};
};

// clang-format off
inline constexpr Variant variants[] = {
    {.name = "repvit_m1", .widths = {48, 96, 192, 384}, .legacy = true, .tag = "dist_in1k"},
    {.name = "repvit_m2", .depths = {2, 2, 12, 2}, .widths = {64, 128, 256, 512}, .legacy = true, .tag = "dist_in1k"},
    {.name = "repvit_m3", .depths = {4, 4, 18, 2}, .widths = {64, 128, 256, 512}, .legacy = true, .tag = "dist_in1k"},
    {.name = "repvit_m0_9", .widths = {48, 96, 192, 384}},
    {.name = "repvit_m1_0", .widths = {56, 112, 224, 448}},
    {.name = "repvit_m1_1", .depths = {2, 2, 12, 2}, .widths = {64, 128, 256, 512}},
    {.name = "repvit_m1_5", .depths = {4, 4, 24, 4}, .widths = {64, 128, 256, 512}},
    {.name = "repvit_m2_3", .depths = {6, 6, 34, 2}, .widths = {80, 160, 320, 640}},
};
// clang-format on

inline constexpr Family family{"repvit", variants};

std::shared_ptr<Network> build(const Variant& variant, const BuildOptions& options);

}  // namespace archsweep::archs::repvit
