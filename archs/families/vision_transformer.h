#pragma once

// Vision transformers: patches as tokens, class or register tokens before them, attention and MLP
// in turn. Paper: https://arxiv.org/abs/2010.11929. Source: timm/models/vision_transformer.py, of
// whose names the plain ones are here.

#include "archs/family.h"

namespace archsweep::archs::vision_transformer {

struct Variant {
  std::string_view name;
  int patch = 16;   // side of a patch in pixels
  int width = 192;  // of a token
  int depth = 12;   // blocks
  int heads = 3;
  int mlp_ratio = 4;  // hidden width over width
  bool class_token = true;
  int registers = 0;                // learned tokens that no patch gives
  std::string_view pool = "token";  // "token": the class token; "avg": mean of the patches
  double layer_scale = 0;           // initial; 0: none
  int classes = 1000;         // of timm's default weights; 0: no classifier
  std::string_view tag = "";
  Preprocessing preprocessing = {};
};

// clang-format off
inline constexpr Variant variants[] = {
    {.name = "vit_tiny_patch16_224", .patch = 16, .width = 192, .depth = 12, .heads = 3, .tag = "augreg_in21k_ft_in1k", .preprocessing = {.crop_pct = 0.9, .mean = half_mean, .std = half_std, .fixed_input_size = true}},
    {.name = "vit_tiny_patch16_384", .patch = 16, .width = 192, .depth = 12, .heads = 3, .tag = "augreg_in21k_ft_in1k", .preprocessing = {.input_size = 384, .crop_pct = 1.0, .mean = half_mean, .std = half_std, .fixed_input_size = true}},
    {.name = "vit_small_patch32_224", .patch = 32, .width = 384, .depth = 12, .heads = 6, .tag = "augreg_in21k", .preprocessing = {.crop_pct = 0.9, .mean = half_mean, .std = half_std, .fixed_input_size = true}},
    {.name = "vit_small_patch32_384", .patch = 32, .width = 384, .depth = 12, .heads = 6, .tag = "augreg_in21k_ft_in1k", .preprocessing = {.input_size = 384, .crop_pct = 1.0, .mean = half_mean, .std = half_std, .fixed_input_size = true}},
    {.name = "vit_small_patch16_224", .patch = 16, .width = 384, .depth = 12, .heads = 6, .tag = "augreg_in21k_ft_in1k", .preprocessing = {.crop_pct = 0.9, .mean = half_mean, .std = half_std, .fixed_input_size = true}},
    {.name = "vit_small_patch16_384", .patch = 16, .width = 384, .depth = 12, .heads = 6, .tag = "augreg_in21k_ft_in1k", .preprocessing = {.input_size = 384, .crop_pct = 1.0, .mean = half_mean, .std = half_std, .fixed_input_size = true}},
    {.name = "vit_small_patch8_224", .patch = 8, .width = 384, .depth = 12, .heads = 6, .classes = 0, .tag = "dino", .preprocessing = {.crop_pct = 0.9, .fixed_input_size = true}},
    {.name = "vit_base_patch32_224", .patch = 32, .width = 768, .depth = 12, .heads = 12, .tag = "augreg_in21k_ft_in1k", .preprocessing = {.crop_pct = 0.9, .mean = half_mean, .std = half_std, .fixed_input_size = true}},
    {.name = "vit_base_patch32_384", .patch = 32, .width = 768, .depth = 12, .heads = 12, .tag = "augreg_in21k_ft_in1k", .preprocessing = {.input_size = 384, .crop_pct = 1.0, .mean = half_mean, .std = half_std, .fixed_input_size = true}},
    {.name = "vit_base_patch16_224", .patch = 16, .width = 768, .depth = 12, .heads = 12, .tag = "augreg2_in21k_ft_in1k", .preprocessing = {.crop_pct = 0.9, .mean = half_mean, .std = half_std, .fixed_input_size = true}},
    {.name = "vit_base_patch16_384", .patch = 16, .width = 768, .depth = 12, .heads = 12, .tag = "augreg_in21k_ft_in1k", .preprocessing = {.input_size = 384, .crop_pct = 1.0, .mean = half_mean, .std = half_std, .fixed_input_size = true}},
    {.name = "vit_base_patch8_224", .patch = 8, .width = 768, .depth = 12, .heads = 12, .tag = "augreg2_in21k_ft_in1k", .preprocessing = {.crop_pct = 0.9, .mean = half_mean, .std = half_std, .fixed_input_size = true}},
    {.name = "vit_large_patch32_224", .patch = 32, .width = 1024, .depth = 24, .heads = 16, .tag = "orig_in21k", .preprocessing = {.crop_pct = 0.9, .mean = half_mean, .std = half_std, .fixed_input_size = true}},
    {.name = "vit_large_patch32_384", .patch = 32, .width = 1024, .depth = 24, .heads = 16, .tag = "orig_in21k_ft_in1k", .preprocessing = {.input_size = 384, .crop_pct = 1.0, .mean = half_mean, .std = half_std, .fixed_input_size = true}},
    {.name = "vit_large_patch16_224", .patch = 16, .width = 1024, .depth = 24, .heads = 16, .tag = "augreg_in21k_ft_in1k", .preprocessing = {.crop_pct = 0.9, .mean = half_mean, .std = half_std, .fixed_input_size = true}},
    {.name = "vit_large_patch16_384", .patch = 16, .width = 1024, .depth = 24, .heads = 16, .tag = "augreg_in21k_ft_in1k", .preprocessing = {.input_size = 384, .crop_pct = 1.0, .mean = half_mean, .std = half_std, .fixed_input_size = true}},
    {.name = "vit_large_patch14_224", .patch = 14, .width = 1024, .depth = 24, .heads = 16, .preprocessing = {.crop_pct = 0.9, .mean = half_mean, .std = half_std, .fixed_input_size = true}},
    {.name = "test_vit", .patch = 16, .width = 64, .depth = 6, .heads = 2, .mlp_ratio = 3, .tag = "r160_in1k", .preprocessing = {.input_size = 160, .crop_pct = 0.95, .mean = half_mean, .std = half_std, .fixed_input_size = true}},
    {.name = "test_vit2", .patch = 16, .width = 64, .depth = 8, .heads = 2, .mlp_ratio = 3, .class_token = false, .registers = 1, .pool = "avg", .layer_scale = 1e-5, .tag = "r160_in1k", .preprocessing = {.input_size = 160, .crop_pct = 0.95, .mean = half_mean, .std = half_std, .fixed_input_size = true}},
};
// clang-format on

inline constexpr Family family{"vision_transformer", variants};

std::shared_ptr<Network> build(const Variant& variant, const BuildOptions& options);

}  // namespace archsweep::archs::vision_transformer
