#pragma once

// RegNet: stages whose widths and depths follow from one line, w0 + wa * block. X is the plain
// network, Y adds squeeze-and-excitation; V (norms first) and Z (inverted bottlenecks) are later.
// Papers: https://arxiv.org/abs/2003.13678 (X, Y), 2103.06877 (Z), 2103.01988 (the largest Y).
// Source: timm/models/regnet.py.

#include "archs/family.h"
#include "archs/layers/act.h"

namespace archsweep::archs::regnet {

enum class Block {
  bottleneck,  // act(x + path(x)), x projected where the shape changes: X and Y
  pre_norm,    // norm(x) + path(norm(x)), each convolution after a norm and an activation: V
  inverted     // x + path(x) with a 3x3 four times as wide, path(x) where the shape changes: Z
};

struct Variant {
  std::string_view name;
  int depth = 0;                      // blocks in the whole network
  int w0 = 0;                         // width of the first block
  double wa = 0;                      // slope of the width line
  double wm = 0;                      // ratio between the widths of neighbouring stages
  int group_size = 0;                 // channels in a group of the 3x3
  bool torchvision_rounding = false;  // to whole groups: never below 90 % of the width
  double se_ratio = 0;                // squeezed width over the block's input width; 0: no squeeze
  Block block = Block::bottleneck;
  Act act = Act::relu;
  bool avg_down = false;    // average-pool before the 1x1 of a strided shortcut
  bool group_norm = false;  // over 16 channels instead of batch norm
  int head_width = 0;       // of a 1x1 before the pooling; 0: none
  std::string_view tag = "";
  Preprocessing preprocessing = {};
};

// clang-format off
inline constexpr Variant variants[] = {
    {.name = "regnetx_002", .depth = 13, .w0 = 24, .wa = 36.44, .wm = 2.49, .group_size = 8, .tag = "pycls_in1k"},
    {.name = "regnetx_004", .depth = 22, .w0 = 24, .wa = 24.48, .wm = 2.54, .group_size = 16, .tag = "pycls_in1k"},
    {.name = "regnetx_004_tv", .depth = 22, .w0 = 24, .wa = 24.48, .wm = 2.54, .group_size = 16, .torchvision_rounding = true, .tag = "tv2_in1k", .preprocessing = {.crop_pct = 0.965}},
    {.name = "regnetx_006", .depth = 16, .w0 = 48, .wa = 36.97, .wm = 2.24, .group_size = 24, .tag = "pycls_in1k"},
    {.name = "regnetx_008", .depth = 16, .w0 = 56, .wa = 35.73, .wm = 2.28, .group_size = 16, .tag = "tv2_in1k", .preprocessing = {.crop_pct = 0.965}},
    {.name = "regnetx_016", .depth = 18, .w0 = 80, .wa = 34.01, .wm = 2.25, .group_size = 24, .tag = "tv2_in1k", .preprocessing = {.crop_pct = 0.965}},
    {.name = "regnetx_032", .depth = 25, .w0 = 88, .wa = 26.31, .wm = 2.25, .group_size = 48, .tag = "tv2_in1k", .preprocessing = {.crop_pct = 0.965}},
    {.name = "regnetx_040", .depth = 23, .w0 = 96, .wa = 38.65, .wm = 2.43, .group_size = 40, .tag = "pycls_in1k"},
    {.name = "regnetx_064", .depth = 17, .w0 = 184, .wa = 60.83, .wm = 2.07, .group_size = 56, .tag = "pycls_in1k"},
    {.name = "regnetx_080", .depth = 23, .w0 = 80, .wa = 49.56, .wm = 2.88, .group_size = 120, .tag = "tv2_in1k", .preprocessing = {.crop_pct = 0.965}},
    {.name = "regnetx_120", .depth = 19, .w0 = 168, .wa = 73.36, .wm = 2.37, .group_size = 112, .tag = "pycls_in1k"},
    {.name = "regnetx_160", .depth = 22, .w0 = 216, .wa = 55.59, .wm = 2.1, .group_size = 128, .tag = "tv2_in1k", .preprocessing = {.crop_pct = 0.965}},
    {.name = "regnetx_320", .depth = 23, .w0 = 320, .wa = 69.86, .wm = 2.0, .group_size = 168, .tag = "tv2_in1k", .preprocessing = {.crop_pct = 0.965}},
    {.name = "regnety_002", .depth = 13, .w0 = 24, .wa = 36.44, .wm = 2.49, .group_size = 8, .se_ratio = 0.25, .tag = "pycls_in1k"},
    {.name = "regnety_004", .depth = 16, .w0 = 48, .wa = 27.89, .wm = 2.09, .group_size = 8, .se_ratio = 0.25, .tag = "tv2_in1k", .preprocessing = {.crop_pct = 0.965}},
    {.name = "regnety_006", .depth = 15, .w0 = 48, .wa = 32.54, .wm = 2.32, .group_size = 16, .se_ratio = 0.25, .tag = "pycls_in1k"},
    {.name = "regnety_008", .depth = 14, .w0 = 56, .wa = 38.84, .wm = 2.4, .group_size = 16, .se_ratio = 0.25, .tag = "pycls_in1k"},
    {.name = "regnety_008_tv", .depth = 14, .w0 = 56, .wa = 38.84, .wm = 2.4, .group_size = 16, .torchvision_rounding = true, .se_ratio = 0.25, .tag = "tv2_in1k", .preprocessing = {.crop_pct = 0.965}},
    {.name = "regnety_016", .depth = 27, .w0 = 48, .wa = 20.71, .wm = 2.65, .group_size = 24, .se_ratio = 0.25, .tag = "tv2_in1k", .preprocessing = {.crop_pct = 0.965}},
    {.name = "regnety_032", .depth = 21, .w0 = 80, .wa = 42.63, .wm = 2.66, .group_size = 24, .se_ratio = 0.25, .tag = "ra_in1k", .preprocessing = {.test_input_size = 288, .crop_pct = 0.95, .test_crop_pct = 1.0}},
    {.name = "regnety_040", .depth = 22, .w0 = 96, .wa = 31.41, .wm = 2.24, .group_size = 64, .se_ratio = 0.25, .tag = "ra3_in1k", .preprocessing = {.test_input_size = 288, .crop_pct = 0.95, .test_crop_pct = 1.0}},
    {.name = "regnety_064", .depth = 25, .w0 = 112, .wa = 33.22, .wm = 2.27, .group_size = 72, .se_ratio = 0.25, .tag = "ra3_in1k", .preprocessing = {.test_input_size = 288, .crop_pct = 0.95, .test_crop_pct = 1.0}},
    {.name = "regnety_080", .depth = 17, .w0 = 192, .wa = 76.82, .wm = 2.19, .group_size = 56, .se_ratio = 0.25, .tag = "ra3_in1k", .preprocessing = {.test_input_size = 288, .crop_pct = 0.95, .test_crop_pct = 1.0}},
    {.name = "regnety_080_tv", .depth = 17, .w0 = 192, .wa = 76.82, .wm = 2.19, .group_size = 56, .torchvision_rounding = true, .se_ratio = 0.25, .tag = "tv2_in1k", .preprocessing = {.crop_pct = 0.965}},
    {.name = "regnety_120", .depth = 19, .w0 = 168, .wa = 73.36, .wm = 2.37, .group_size = 112, .se_ratio = 0.25, .tag = "sw_in12k_ft_in1k", .preprocessing = {.test_input_size = 288, .crop_pct = 0.95, .test_crop_pct = 1.0}},
    {.name = "regnety_160", .depth = 18, .w0 = 200, .wa = 106.23, .wm = 2.48, .group_size = 112, .se_ratio = 0.25, .tag = "sw_in12k_ft_in1k", .preprocessing = {.test_input_size = 288, .crop_pct = 0.95, .test_crop_pct = 1.0}},
    {.name = "regnety_320", .depth = 20, .w0 = 232, .wa = 115.89, .wm = 2.53, .group_size = 232, .se_ratio = 0.25, .tag = "tv2_in1k", .preprocessing = {.crop_pct = 0.965}},
    {.name = "regnety_640", .depth = 20, .w0 = 352, .wa = 147.48, .wm = 2.4, .group_size = 328, .se_ratio = 0.25, .tag = "seer_ft_in1k", .preprocessing = {.input_size = 384, .crop_pct = 1.0}},
    {.name = "regnety_1280", .depth = 27, .w0 = 456, .wa = 160.83, .wm = 2.52, .group_size = 264, .se_ratio = 0.25, .tag = "swag_ft_in1k", .preprocessing = {.input_size = 384, .crop_pct = 1.0}},
    {.name = "regnety_2560", .depth = 27, .w0 = 640, .wa = 230.83, .wm = 2.53, .group_size = 373, .se_ratio = 0.25, .tag = "seer_ft_in1k", .preprocessing = {.input_size = 384, .crop_pct = 1.0}},
    {.name = "regnety_040_sgn", .depth = 22, .w0 = 96, .wa = 31.41, .wm = 2.24, .group_size = 64, .se_ratio = 0.25, .act = Act::silu, .group_norm = true, .tag = "untrained", .preprocessing = {.test_input_size = 288, .crop_pct = 0.95, .test_crop_pct = 1.0}},
    {.name = "regnetv_040", .depth = 22, .w0 = 96, .wa = 31.41, .wm = 2.24, .group_size = 64, .se_ratio = 0.25, .block = Block::pre_norm, .act = Act::silu, .tag = "ra3_in1k", .preprocessing = {.test_input_size = 288, .crop_pct = 0.95, .test_crop_pct = 1.0}},
    {.name = "regnetv_064", .depth = 25, .w0 = 112, .wa = 33.22, .wm = 2.27, .group_size = 72, .se_ratio = 0.25, .block = Block::pre_norm, .act = Act::silu, .avg_down = true, .tag = "ra3_in1k", .preprocessing = {.test_input_size = 288, .crop_pct = 0.95, .test_crop_pct = 1.0}},
    {.name = "regnetz_005", .depth = 21, .w0 = 16, .wa = 10.7, .wm = 2.51, .group_size = 4, .se_ratio = 0.25, .block = Block::inverted, .act = Act::silu, .head_width = 1024, .tag = "untrained", .preprocessing = {.test_input_size = 288, .crop_pct = 0.95, .test_crop_pct = 1.0}},
    {.name = "regnetz_040", .depth = 28, .w0 = 48, .wa = 14.5, .wm = 2.226, .group_size = 8, .se_ratio = 0.25, .block = Block::inverted, .act = Act::silu, .tag = "ra3_in1k", .preprocessing = {.input_size = 256, .test_input_size = 320, .crop_pct = 1.0}},
    {.name = "regnetz_040_h", .depth = 28, .w0 = 48, .wa = 14.5, .wm = 2.226, .group_size = 8, .se_ratio = 0.25, .block = Block::inverted, .act = Act::silu, .head_width = 1536, .tag = "ra3_in1k", .preprocessing = {.input_size = 256, .test_input_size = 320, .crop_pct = 1.0}},
};
// clang-format on

inline constexpr Family family{"regnet", variants};

std::shared_ptr<Network> build(const Variant& variant, const BuildOptions& options);

}  // namespace archsweep::archs::regnet
