#pragma once

// MetaFormer: a transformer's blocks, in which something cheaper may stand in for attention:
// PoolFormer, PoolFormerV2, ConvFormer and CAFormer.
// Papers: https://arxiv.org/abs/2111.11418 (PoolFormer), https://arxiv.org/abs/2210.13452.
// Source: timm/models/metaformer.py.

#include "archs/family.h"

namespace archsweep::archs::metaformer {

enum class Mixer { pooling, separable, attention };  // what mixes the tokens of a stage
using Mixers = std::array<Mixer, 4>;
inline constexpr Mixers pooling{};
inline constexpr Mixers separable{Mixer::separable, Mixer::separable, Mixer::separable,
                                  Mixer::separable};
inline constexpr Mixers separable_then_attention{Mixer::separable, Mixer::separable,
                                                 Mixer::attention, Mixer::attention};

struct Variant {
  std::string_view name;
  std::array<int, 4> depths{};  // blocks in each stage
  std::array<int, 4> widths{};
  Mixers mixers = pooling;  // all pooling: a linear classifier, else one with a hidden layer
  double layer_scale = 0;   // initial; only the first paper has it, and GELU and biases. The second
                            // has StarReLU, norms beside the strided convolutions and, in the last
                            // two stages, a learned scale of the residual
  std::string_view tag = "";
  Preprocessing preprocessing = {};
};

// clang-format off
inline constexpr Variant variants[] = {
    {.name = "poolformer_s12", .depths = {2, 2, 6, 2}, .widths = {64, 128, 320, 512}, .layer_scale = 1e-5, .tag = "sail_in1k", .preprocessing = {.crop_pct = 0.9}},
    {.name = "poolformer_s24", .depths = {4, 4, 12, 4}, .widths = {64, 128, 320, 512}, .layer_scale = 1e-5, .tag = "sail_in1k", .preprocessing = {.crop_pct = 0.9}},
    {.name = "poolformer_s36", .depths = {6, 6, 18, 6}, .widths = {64, 128, 320, 512}, .layer_scale = 1e-6, .tag = "sail_in1k", .preprocessing = {.crop_pct = 0.9}},
    {.name = "poolformer_m36", .depths = {6, 6, 18, 6}, .widths = {96, 192, 384, 768}, .layer_scale = 1e-6, .tag = "sail_in1k", .preprocessing = {.crop_pct = 0.95}},
    {.name = "poolformer_m48", .depths = {8, 8, 24, 8}, .widths = {96, 192, 384, 768}, .layer_scale = 1e-6, .tag = "sail_in1k", .preprocessing = {.crop_pct = 0.95}},
    {.name = "poolformerv2_s12", .depths = {2, 2, 6, 2}, .widths = {64, 128, 320, 512}, .tag = "sail_in1k", .preprocessing = {.crop_pct = 1.0}},
    {.name = "poolformerv2_s24", .depths = {4, 4, 12, 4}, .widths = {64, 128, 320, 512}, .tag = "sail_in1k", .preprocessing = {.crop_pct = 1.0}},
    {.name = "poolformerv2_s36", .depths = {6, 6, 18, 6}, .widths = {64, 128, 320, 512}, .tag = "sail_in1k", .preprocessing = {.crop_pct = 1.0}},
    {.name = "poolformerv2_m36", .depths = {6, 6, 18, 6}, .widths = {96, 192, 384, 768}, .tag = "sail_in1k", .preprocessing = {.crop_pct = 1.0}},
    {.name = "poolformerv2_m48", .depths = {8, 8, 24, 8}, .widths = {96, 192, 384, 768}, .tag = "sail_in1k", .preprocessing = {.crop_pct = 1.0}},
    {.name = "convformer_s18", .depths = {3, 3, 9, 3}, .widths = {64, 128, 320, 512}, .mixers = separable, .tag = "sail_in1k", .preprocessing = {.crop_pct = 1.0}},
    {.name = "convformer_s36", .depths = {3, 12, 18, 3}, .widths = {64, 128, 320, 512}, .mixers = separable, .tag = "sail_in1k", .preprocessing = {.crop_pct = 1.0}},
    {.name = "convformer_m36", .depths = {3, 12, 18, 3}, .widths = {96, 192, 384, 576}, .mixers = separable, .tag = "sail_in1k", .preprocessing = {.crop_pct = 1.0}},
    {.name = "convformer_b36", .depths = {3, 12, 18, 3}, .widths = {128, 256, 512, 768}, .mixers = separable, .tag = "sail_in1k", .preprocessing = {.crop_pct = 1.0}},
    {.name = "caformer_s18", .depths = {3, 3, 9, 3}, .widths = {64, 128, 320, 512}, .mixers = separable_then_attention, .tag = "sail_in1k", .preprocessing = {.crop_pct = 1.0}},
    {.name = "caformer_s36", .depths = {3, 12, 18, 3}, .widths = {64, 128, 320, 512}, .mixers = separable_then_attention, .tag = "sail_in1k", .preprocessing = {.crop_pct = 1.0}},
    {.name = "caformer_m36", .depths = {3, 12, 18, 3}, .widths = {96, 192, 384, 576}, .mixers = separable_then_attention, .tag = "sail_in1k", .preprocessing = {.crop_pct = 1.0}},
    {.name = "caformer_b36", .depths = {3, 12, 18, 3}, .widths = {128, 256, 512, 768}, .mixers = separable_then_attention, .tag = "sail_in1k", .preprocessing = {.crop_pct = 1.0}},
};
// clang-format on

inline constexpr Family family{"metaformer", variants};

std::shared_ptr<Network> build(const Variant& variant, const BuildOptions& options);

}  // namespace archsweep::archs::metaformer
