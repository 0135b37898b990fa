#pragma once

// DeiT and DeiT III: vision transformers trained on ImageNet-1k alone. The distilled ones learn
// from a teacher too, through a token and a classifier of its own; DeiT III scales its layers and
// gives the class token no position.
// Papers: https://arxiv.org/abs/2012.12877, https://arxiv.org/abs/2204.07118.
// Source: timm/models/deit.py.

#include "archs/families/vision_transformer.h"

namespace archsweep::archs::deit {

using Variant = vision_transformer::Variant;  // built by that family

// clang-format off
inline constexpr Variant variants[] = {
    {.name = "deit_tiny_patch16_224", .patch = 16, .width = 192, .depth = 12, .heads = 3, .tag = "fb_in1k", .preprocessing = {.crop_pct = 0.9, .fixed_input_size = true}},
    {.name = "deit_small_patch16_224", .patch = 16, .width = 384, .depth = 12, .heads = 6, .tag = "fb_in1k", .preprocessing = {.crop_pct = 0.9, .fixed_input_size = true}},
    {.name = "deit_base_patch16_224", .patch = 16, .width = 768, .depth = 12, .heads = 12, .tag = "fb_in1k", .preprocessing = {.crop_pct = 0.9, .fixed_input_size = true}},
    {.name = "deit_base_patch16_384", .patch = 16, .width = 768, .depth = 12, .heads = 12, .tag = "fb_in1k", .preprocessing = {.input_size = 384, .crop_pct = 1.0, .fixed_input_size = true}},
    {.name = "deit_tiny_distilled_patch16_224", .patch = 16, .width = 192, .depth = 12, .heads = 3, .distilled = true, .tag = "fb_in1k", .preprocessing = {.crop_pct = 0.9, .fixed_input_size = true}},
    {.name = "deit_small_distilled_patch16_224", .patch = 16, .width = 384, .depth = 12, .heads = 6, .distilled = true, .tag = "fb_in1k", .preprocessing = {.crop_pct = 0.9, .fixed_input_size = true}},
    {.name = "deit_base_distilled_patch16_224", .patch = 16, .width = 768, .depth = 12, .heads = 12, .distilled = true, .tag = "fb_in1k", .preprocessing = {.crop_pct = 0.9, .fixed_input_size = true}},
    {.name = "deit_base_distilled_patch16_384", .patch = 16, .width = 768, .depth = 12, .heads = 12, .distilled = true, .tag = "fb_in1k", .preprocessing = {.input_size = 384, .crop_pct = 1.0, .fixed_input_size = true}},
    {.name = "deit3_small_patch16_224", .patch = 16, .width = 384, .depth = 12, .heads = 6, .patch_positions_only = true, .layer_scale = 1e-6, .tag = "fb_in1k", .preprocessing = {.crop_pct = 0.9, .fixed_input_size = true}},
    {.name = "deit3_small_patch16_384", .patch = 16, .width = 384, .depth = 12, .heads = 6, .patch_positions_only = true, .layer_scale = 1e-6, .tag = "fb_in1k", .preprocessing = {.input_size = 384, .crop_pct = 1.0, .fixed_input_size = true}},
    {.name = "deit3_medium_patch16_224", .patch = 16, .width = 512, .depth = 12, .heads = 8, .patch_positions_only = true, .layer_scale = 1e-6, .tag = "fb_in1k", .preprocessing = {.crop_pct = 0.9, .fixed_input_size = true}},
    {.name = "deit3_base_patch16_224", .patch = 16, .width = 768, .depth = 12, .heads = 12, .patch_positions_only = true, .layer_scale = 1e-6, .tag = "fb_in1k", .preprocessing = {.crop_pct = 0.9, .fixed_input_size = true}},
    {.name = "deit3_base_patch16_384", .patch = 16, .width = 768, .depth = 12, .heads = 12, .patch_positions_only = true, .layer_scale = 1e-6, .tag = "fb_in1k", .preprocessing = {.input_size = 384, .crop_pct = 1.0, .fixed_input_size = true}},
    {.name = "deit3_large_patch16_224", .patch = 16, .width = 1024, .depth = 24, .heads = 16, .patch_positions_only = true, .layer_scale = 1e-6, .tag = "fb_in1k", .preprocessing = {.crop_pct = 0.9, .fixed_input_size = true}},
    {.name = "deit3_large_patch16_384", .patch = 16, .width = 1024, .depth = 24, .heads = 16, .patch_positions_only = true, .layer_scale = 1e-6, .tag = "fb_in1k", .preprocessing = {.input_size = 384, .crop_pct = 1.0, .fixed_input_size = true}},
    {.name = "deit3_huge_patch14_224", .patch = 14, .width = 1280, .depth = 32, .heads = 16, .patch_positions_only = true, .layer_scale = 1e-6, .tag = "fb_in1k", .preprocessing = {.crop_pct = 0.9, .fixed_input_size = true}},
};
// clang-format on

inline constexpr Family family{"deit", variants};

}  // namespace archsweep::archs::deit
