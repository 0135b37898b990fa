#pragma once

// MLP-Mixer and its kin: patches as tokens, and layers along the tokens in the place of attention.
// Papers: https://arxiv.org/abs/2105.01601 (MLP-Mixer), https://arxiv.org/abs/2105.03404 (ResMLP),
//         https://arxiv.org/abs/2105.08050 (gMLP). gMixer is timm's own.
// Source: timm/models/mlp_mixer.py.

#include "archs/family.h"

namespace archsweep::archs::mlp_mixer {

enum class BlockKind {
  mixer,        // MLP-Mixer: an MLP along the tokens, another along the channels
  gated_mixer,  // gMixer: SwiGLU instead of both
  residual,     // ResMLP: a linear layer along the tokens, layer scale, no norms
  gating        // gMLP: one MLP, half of whose hidden channels gate the others after a linear layer
                // along the tokens
};

struct Variant {
  std::string_view name;
  int patch = 16;  // side of a patch in pixels
  int width = 512;
  int depth = 8;  // blocks
  BlockKind block = BlockKind::mixer;
  double layer_scale = 0;  // residual: initial
  std::string_view tag = "";
  Preprocessing preprocessing = {};
};

// clang-format off
inline constexpr Variant variants[] = {
    {.name = "mixer_s32_224", .patch = 32, .width = 512, .depth = 8, .tag = "untrained", .preprocessing = {.mean = half_mean, .std = half_std, .fixed_input_size = true}},
    {.name = "mixer_s16_224", .patch = 16, .width = 512, .depth = 8, .tag = "untrained", .preprocessing = {.mean = half_mean, .std = half_std, .fixed_input_size = true}},
    {.name = "mixer_b32_224", .patch = 32, .width = 768, .depth = 12, .tag = "untrained", .preprocessing = {.mean = half_mean, .std = half_std, .fixed_input_size = true}},
    {.name = "mixer_b16_224", .patch = 16, .width = 768, .depth = 12, .tag = "goog_in21k_ft_in1k", .preprocessing = {.mean = half_mean, .std = half_std, .fixed_input_size = true}},
    {.name = "mixer_l32_224", .patch = 32, .width = 1024, .depth = 24, .tag = "untrained", .preprocessing = {.mean = half_mean, .std = half_std, .fixed_input_size = true}},
    {.name = "mixer_l16_224", .patch = 16, .width = 1024, .depth = 24, .tag = "goog_in21k_ft_in1k", .preprocessing = {.mean = half_mean, .std = half_std, .fixed_input_size = true}},
    {.name = "gmixer_12_224", .patch = 16, .width = 384, .depth = 12, .block = BlockKind::gated_mixer, .tag = "untrained", .preprocessing = {.fixed_input_size = true}},
    {.name = "gmixer_24_224", .patch = 16, .width = 384, .depth = 24, .block = BlockKind::gated_mixer, .tag = "ra3_in1k", .preprocessing = {.fixed_input_size = true}},
    {.name = "resmlp_12_224", .patch = 16, .width = 384, .depth = 12, .block = BlockKind::residual, .layer_scale = 1e-4, .tag = "fb_in1k", .preprocessing = {.fixed_input_size = true}},
    {.name = "resmlp_24_224", .patch = 16, .width = 384, .depth = 24, .block = BlockKind::residual, .layer_scale = 1e-5, .tag = "fb_in1k", .preprocessing = {.fixed_input_size = true}},
    {.name = "resmlp_36_224", .patch = 16, .width = 384, .depth = 36, .block = BlockKind::residual, .layer_scale = 1e-6, .tag = "fb_in1k", .preprocessing = {.fixed_input_size = true}},
    {.name = "resmlp_big_24_224", .patch = 8, .width = 768, .depth = 24, .block = BlockKind::residual, .layer_scale = 1e-6, .tag = "fb_in1k", .preprocessing = {.fixed_input_size = true}},
    {.name = "gmlp_ti16_224", .patch = 16, .width = 128, .depth = 30, .block = BlockKind::gating, .tag = "untrained", .preprocessing = {.mean = half_mean, .std = half_std, .fixed_input_size = true}},
    {.name = "gmlp_s16_224", .patch = 16, .width = 256, .depth = 30, .block = BlockKind::gating, .tag = "ra3_in1k", .preprocessing = {.mean = half_mean, .std = half_std, .fixed_input_size = true}},
    {.name = "gmlp_b16_224", .patch = 16, .width = 512, .depth = 30, .block = BlockKind::gating, .tag = "untrained", .preprocessing = {.mean = half_mean, .std = half_std, .fixed_input_size = true}},
};
// clang-format on

inline constexpr Family family{"mlp_mixer", variants};

std::shared_ptr<Network> build(const Variant& variant, const BuildOptions& options);

}  // namespace archsweep::archs::mlp_mixer
