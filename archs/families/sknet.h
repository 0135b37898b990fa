#pragma once

// SKNet: ResNet with attention between a 3x3 and a 5x5 convolution in each block.
// Papers: https://arxiv.org/abs/1903.06586; https://arxiv.org/abs/2001.06268. Source:
// timm/models/sknet.py, where each kernel sees half of the input, to keep the network small.

#include "archs/layers/resnet_plan.h"

namespace archsweep::archs::sknet {

using resnet::Block;
using resnet::Stem;
using Variant = resnet::Variant;  // built by resnet

inline constexpr resnet::Blocks basic_blocks = resnet::in_every_stage(Block::sk_basic);
inline constexpr resnet::Blocks bottleneck_blocks = resnet::in_every_stage(Block::sk_bottleneck);

// clang-format off
inline constexpr Variant variants[] = {
    {.name = "skresnet18", .blocks = basic_blocks, .depths = {2, 2, 2, 2}, .se_ratio = 1.0 / 8, .se_divisor = 16, .split_input = true, .tag = "ra_in1k"},
    {.name = "skresnet34", .blocks = basic_blocks, .depths = {3, 4, 6, 3}, .se_ratio = 1.0 / 8, .se_divisor = 16, .split_input = true, .tag = "ra_in1k"},
    {.name = "skresnet50", .blocks = bottleneck_blocks, .depths = {3, 4, 6, 3}, .split_input = true, .tag = "untrained"},
    {.name = "skresnet50d", .blocks = bottleneck_blocks, .depths = {3, 4, 6, 3}, .stem = Stem::deep, .avg_down = true, .split_input = true, .tag = "untrained"},
    {.name = "skresnext50_32x4d", .blocks = bottleneck_blocks, .depths = {3, 4, 6, 3}, .groups = 32, .base_width = 4, .se_divisor = 32, .tag = "ra_in1k"},
};
// clang-format on

inline constexpr Family family{"sknet", variants};

std::shared_ptr<resnet::Residual> basic(const Variant& variant, const resnet::Place& place);
std::shared_ptr<resnet::Residual> bottleneck(const Variant& variant, const resnet::Place& place);

}  // namespace archsweep::archs::sknet
