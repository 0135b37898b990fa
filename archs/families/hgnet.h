#pragma once

// PP-HGNet and PP-HGNetV2: convolutions in a row, the outputs of all of them joined and mixed.
// Source: timm/models/hgnet.py, after PaddleClas; weights by SSLD,
// https://arxiv.org/abs/2103.05959.

#include "archs/family.h"

namespace archsweep::archs::hgnet {

struct Variant {
  std::string_view name;
  int version = 1;  // 2: a branching stem, depthwise 5x5 in the last two stages, a second 1x1
                    // instead of squeeze-and-excitation
  std::array<int, 2> stem{};    // widths, inner and out
  std::array<int, 4> depths{};  // blocks in each stage
  std::array<int, 4> inner{};   // widths of the convolutions in a row
  std::array<int, 4> widths{};
  int layers = 6;       // convolutions in a row
  bool affine = false;  // a learned scale and bias after every activation
  std::string_view tag = "";
  Preprocessing preprocessing = {};
};

// clang-format off
inline constexpr Variant variants[] = {
    {.name = "hgnet_tiny", .stem = {48, 96}, .depths = {1, 1, 2, 1}, .inner = {96, 128, 160, 192}, .widths = {224, 448, 512, 768}, .layers = 5, .tag = "paddle_in1k", .preprocessing = {.test_input_size = 288, .crop_pct = 0.965, .test_crop_pct = 1.0}},
    {.name = "hgnet_small", .stem = {64, 128}, .depths = {1, 1, 2, 1}, .inner = {128, 160, 192, 224}, .widths = {256, 512, 768, 1024}, .layers = 6, .tag = "paddle_in1k", .preprocessing = {.test_input_size = 288, .crop_pct = 0.965, .test_crop_pct = 1.0}},
    {.name = "hgnet_base", .stem = {96, 160}, .depths = {1, 2, 3, 2}, .inner = {192, 224, 256, 288}, .widths = {320, 640, 960, 1280}, .layers = 7, .tag = "ssld_in1k", .preprocessing = {.test_input_size = 288, .crop_pct = 0.965, .test_crop_pct = 1.0}},
    {.name = "hgnetv2_b0", .version = 2, .stem = {16, 16}, .depths = {1, 1, 2, 1}, .inner = {16, 32, 64, 128}, .widths = {64, 256, 512, 1024}, .layers = 3, .affine = true, .tag = "ssld_stage2_ft_in1k", .preprocessing = {.test_input_size = 288, .crop_pct = 0.965, .test_crop_pct = 1.0}},
    {.name = "hgnetv2_b1", .version = 2, .stem = {24, 32}, .depths = {1, 1, 2, 1}, .inner = {32, 48, 96, 192}, .widths = {64, 256, 512, 1024}, .layers = 3, .affine = true, .tag = "ssld_stage2_ft_in1k", .preprocessing = {.test_input_size = 288, .crop_pct = 0.965, .test_crop_pct = 1.0}},
    {.name = "hgnetv2_b2", .version = 2, .stem = {24, 32}, .depths = {1, 1, 3, 1}, .inner = {32, 64, 128, 256}, .widths = {96, 384, 768, 1536}, .layers = 4, .affine = true, .tag = "ssld_stage2_ft_in1k", .preprocessing = {.test_input_size = 288, .crop_pct = 0.965, .test_crop_pct = 1.0}},
    {.name = "hgnetv2_b3", .version = 2, .stem = {24, 32}, .depths = {1, 1, 3, 1}, .inner = {32, 64, 128, 256}, .widths = {128, 512, 1024, 2048}, .layers = 5, .affine = true, .tag = "ssld_stage2_ft_in1k", .preprocessing = {.test_input_size = 288, .crop_pct = 0.965, .test_crop_pct = 1.0}},
    {.name = "hgnetv2_b4", .version = 2, .stem = {32, 48}, .depths = {1, 1, 3, 1}, .inner = {48, 96, 192, 384}, .widths = {128, 512, 1024, 2048}, .layers = 6, .tag = "ssld_stage2_ft_in1k", .preprocessing = {.test_input_size = 288, .crop_pct = 0.965, .test_crop_pct = 1.0}},
    {.name = "hgnetv2_b5", .version = 2, .stem = {32, 64}, .depths = {1, 2, 5, 2}, .inner = {64, 128, 256, 512}, .widths = {128, 512, 1024, 2048}, .layers = 6, .tag = "ssld_stage2_ft_in1k", .preprocessing = {.test_input_size = 288, .crop_pct = 0.965, .test_crop_pct = 1.0}},
    {.name = "hgnetv2_b6", .version = 2, .stem = {48, 96}, .depths = {2, 3, 6, 3}, .inner = {96, 192, 384, 768}, .widths = {192, 512, 1024, 2048}, .layers = 6, .tag = "ssld_stage2_ft_in1k", .preprocessing = {.test_input_size = 288, .crop_pct = 0.965, .test_crop_pct = 1.0}},
};
// clang-format on

inline constexpr Family family{"hgnet", variants};

std::shared_ptr<Network> build(const Variant& variant, const BuildOptions& options);

}  // namespace archsweep::archs::hgnet
