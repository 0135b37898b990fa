#pragma once

// Res2Net and Res2NeXt: ResNet with bottlenecks whose 3x3 convolutions form a hierarchy.
// Paper: https://arxiv.org/abs/1904.01169. Source: timm/models/res2net.py.

#include "archs/layers/resnet_plan.h"

namespace archsweep::archs::res2net {

using resnet::Block;
using resnet::Stem;
using Variant = resnet::Variant;  // built by resnet

inline constexpr resnet::Blocks blocks = resnet::in_every_stage(Block::res2net);

// clang-format off
inline constexpr Variant variants[] = {
    {.name = "res2net50_26w_4s", .blocks = blocks, .depths = {3, 4, 6, 3}, .base_width = 26, .scale = 4, .tag = "in1k", .preprocessing = {.interpolation = Interpolation::bilinear}},
    {.name = "res2net101_26w_4s", .blocks = blocks, .depths = {3, 4, 23, 3}, .base_width = 26, .scale = 4, .tag = "in1k", .preprocessing = {.interpolation = Interpolation::bilinear}},
    {.name = "res2net50_26w_6s", .blocks = blocks, .depths = {3, 4, 6, 3}, .base_width = 26, .scale = 6, .tag = "in1k", .preprocessing = {.interpolation = Interpolation::bilinear}},
    {.name = "res2net50_26w_8s", .blocks = blocks, .depths = {3, 4, 6, 3}, .base_width = 26, .scale = 8, .tag = "in1k", .preprocessing = {.interpolation = Interpolation::bilinear}},
    {.name = "res2net50_48w_2s", .blocks = blocks, .depths = {3, 4, 6, 3}, .base_width = 48, .scale = 2, .tag = "in1k", .preprocessing = {.interpolation = Interpolation::bilinear}},
    {.name = "res2net50_14w_8s", .blocks = blocks, .depths = {3, 4, 6, 3}, .base_width = 14, .scale = 8, .tag = "in1k", .preprocessing = {.interpolation = Interpolation::bilinear}},
    {.name = "res2next50", .blocks = blocks, .depths = {3, 4, 6, 3}, .groups = 8, .base_width = 4, .scale = 4, .tag = "in1k", .preprocessing = {.interpolation = Interpolation::bilinear}},
    {.name = "res2net50d", .blocks = blocks, .depths = {3, 4, 6, 3}, .stem = Stem::deep, .avg_down = true, .base_width = 26, .scale = 4, .tag = "in1k", .preprocessing = {.interpolation = Interpolation::bilinear}},
    {.name = "res2net101d", .blocks = blocks, .depths = {3, 4, 23, 3}, .stem = Stem::deep, .avg_down = true, .base_width = 26, .scale = 4, .tag = "in1k", .preprocessing = {.interpolation = Interpolation::bilinear}},
};
// clang-format on

inline constexpr Family family{"res2net", variants};

std::shared_ptr<resnet::Residual> block(const Variant& variant, const resnet::Place& place);

}  // namespace archsweep::archs::res2net
