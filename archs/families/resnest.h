#pragma once

// ResNeSt: ResNet with attention between the branches of a bottleneck's 3x3.
// Paper: https://arxiv.org/abs/2004.08955. Source: timm/models/resnest.py. Unlike there, stochastic
// depth drops the residual path, not the projected input.

#include "archs/layers/resnet_plan.h"

namespace archsweep::archs::resnest {

using resnet::Block;
using resnet::Stem;
using Variant = resnet::Variant;  // built by resnet

inline constexpr resnet::Blocks blocks = resnet::in_every_stage(Block::resnest);

// clang-format off
inline constexpr Variant variants[] = {
    {.name = "resnest14d", .blocks = blocks, .depths = {1, 1, 1, 1}, .stem = Stem::deep, .avg_down = true, .radix = 2, .tag = "gluon_in1k", .preprocessing = {.interpolation = Interpolation::bilinear}},
    {.name = "resnest26d", .blocks = blocks, .depths = {2, 2, 2, 2}, .stem = Stem::deep, .avg_down = true, .radix = 2, .tag = "gluon_in1k", .preprocessing = {.interpolation = Interpolation::bilinear}},
    {.name = "resnest50d", .blocks = blocks, .depths = {3, 4, 6, 3}, .stem = Stem::deep, .avg_down = true, .radix = 2, .tag = "in1k", .preprocessing = {.interpolation = Interpolation::bilinear}},
    {.name = "resnest101e", .blocks = blocks, .depths = {3, 4, 23, 3}, .stem = Stem::deep, .stem_width = 64, .avg_down = true, .radix = 2, .tag = "in1k", .preprocessing = {.input_size = 256, .interpolation = Interpolation::bilinear}},
    {.name = "resnest200e", .blocks = blocks, .depths = {3, 24, 36, 3}, .stem = Stem::deep, .stem_width = 64, .avg_down = true, .radix = 2, .tag = "in1k", .preprocessing = {.input_size = 320, .crop_pct = 0.909}},
    {.name = "resnest269e", .blocks = blocks, .depths = {3, 30, 48, 8}, .stem = Stem::deep, .stem_width = 64, .avg_down = true, .radix = 2, .tag = "in1k", .preprocessing = {.input_size = 416, .crop_pct = 0.928}},
    {.name = "resnest50d_4s2x40d", .blocks = blocks, .depths = {3, 4, 6, 3}, .stem = Stem::deep, .avg_down = true, .groups = 2, .base_width = 40, .radix = 4, .pool_first = true, .tag = "in1k"},
    {.name = "resnest50d_1s4x24d", .blocks = blocks, .depths = {3, 4, 6, 3}, .stem = Stem::deep, .avg_down = true, .groups = 4, .base_width = 24, .radix = 1, .pool_first = true, .tag = "in1k"},
};
// clang-format on

inline constexpr Family family{"resnest", variants};

std::shared_ptr<resnet::Residual> block(const Variant& variant, const resnet::Place& place);

}  // namespace archsweep::archs::resnest
