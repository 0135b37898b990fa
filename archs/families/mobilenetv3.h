#pragma once

// Networks with MobileNetV3's efficient head: pooling before the last, wide convolution.
// Papers: MobileNetV3, https://arxiv.org/abs/1905.02244; FBNetV3, https://arxiv.org/abs/2006.02049;
//         PP-LCNet, https://arxiv.org/abs/2109.15099; MobileNetV4, https://arxiv.org/abs/2404.10518

#include <span>
#include <string_view>

#include "archs/family.h"
#include "archs/layers/mobile_plan.h"

namespace archsweep::archs::mobilenetv3 {

using mobile::Downsample, mobile::SqueezeRounding, mobile::Stage;

namespace stages {

using namespace mobile;

inline constexpr Extra relu{.act = Act::relu};
inline constexpr Extra squeeze{.squeeze = 0.25};
inline constexpr Extra squeeze_relu{.squeeze = 0.25, .act = Act::relu};
inline constexpr Extra relu_no_skip{.act = Act::relu, .skip = false};

// clang-format off
// Numbers: repeats, kernel, stride, expansion (not of depthwise), width.
inline constexpr Stage small[] = {
    {depthwise(1, 3, 2, 16, squeeze_relu)},
    {inverted(1, 3, 2, 4.5, 24, relu), inverted(1, 3, 1, 3.67, 24, relu)},
    {inverted(1, 5, 2, 4, 40, squeeze), inverted(2, 5, 1, 6, 40, squeeze)},
    {inverted(2, 5, 1, 3, 48, squeeze)},
    {inverted(3, 5, 2, 6, 96, squeeze)},
    {conv(1, 1, 576)},
};
inline constexpr Stage small_minimal[] = {
    {depthwise(1, 3, 2, 16)},
    {inverted(1, 3, 2, 4.5, 24), inverted(1, 3, 1, 3.67, 24)},
    {inverted(1, 3, 2, 4, 40), inverted(2, 3, 1, 6, 40)},
    {inverted(2, 3, 1, 3, 48)},
    {inverted(3, 3, 2, 6, 96)},
    {conv(1, 1, 576)},
};
inline constexpr Stage large[] = {
    {depthwise(1, 3, 1, 16, relu)},
    {inverted(1, 3, 2, 4, 24, relu), inverted(1, 3, 1, 3, 24, relu)},
    {inverted(3, 5, 2, 3, 40, squeeze_relu)},
    {inverted(1, 3, 2, 6, 80), inverted(1, 3, 1, 2.5, 80), inverted(2, 3, 1, 2.3, 80)},
    {inverted(2, 3, 1, 6, 112, squeeze)},
    {inverted(3, 5, 2, 6, 160, squeeze)},
    {conv(1, 1, 960)},
};
inline constexpr Stage large_minimal[] = {
    {depthwise(1, 3, 1, 16)},
    {inverted(1, 3, 2, 4, 24), inverted(1, 3, 1, 3, 24)},
    {inverted(3, 3, 2, 3, 40)},
    {inverted(1, 3, 2, 6, 80), inverted(1, 3, 1, 2.5, 80), inverted(2, 3, 1, 2.3, 80)},
    {inverted(2, 3, 1, 6, 112)},
    {inverted(3, 3, 2, 6, 160)},
    {conv(1, 1, 960)},
};
inline constexpr Stage large_rw[] = {  // timm's first reading of the paper
    {depthwise(1, 3, 1, 16, relu_no_skip)},
    {inverted(1, 3, 2, 4, 24, relu), inverted(1, 3, 1, 3, 24, relu)},
    {inverted(3, 5, 2, 3, 40, squeeze_relu)},
    {inverted(1, 3, 2, 6, 80), inverted(1, 3, 1, 2.5, 80), inverted(2, 3, 1, 2.3, 80)},
    {inverted(2, 3, 1, 6, 112, squeeze)},
    {inverted(3, 5, 2, 6, 160, squeeze)},
    {conv(1, 1, 960)},
};
inline constexpr Stage lcnet[] = {
    {plain_depthwise(1, 3, 1, 32)},
    {plain_depthwise(2, 3, 2, 64)},
    {plain_depthwise(2, 3, 2, 128)},
    {plain_depthwise(1, 3, 2, 256), plain_depthwise(1, 5, 1, 256)},
    {plain_depthwise(4, 5, 1, 256)},
    {plain_depthwise(2, 5, 2, 512, squeeze)},
};
inline constexpr Stage fbnet_b[] = {
    {depthwise(2, 3, 1, 16)},
    {inverted(1, 5, 2, 4, 24), inverted(3, 5, 1, 2, 24)},
    {inverted(1, 5, 2, 5, 40, squeeze), inverted(4, 5, 1, 3, 40, squeeze)},
    {inverted(1, 5, 2, 5, 72), inverted(4, 3, 1, 3, 72)},
    {inverted(1, 3, 1, 5, 120, squeeze), inverted(5, 5, 1, 3, 120, squeeze)},
    {inverted(1, 3, 2, 6, 184, squeeze), inverted(5, 5, 1, 4, 184, squeeze), inverted(1, 5, 1, 6, 224, squeeze)},
    {conv(1, 1, 1344)},
};
inline constexpr Stage fbnet_d[] = {
    {depthwise(2, 3, 1, 16)},
    {inverted(1, 3, 2, 5, 24), inverted(5, 3, 1, 2, 24)},
    {inverted(1, 5, 2, 4, 40, squeeze), inverted(4, 3, 1, 3, 40, squeeze)},
    {inverted(1, 3, 2, 5, 72), inverted(4, 3, 1, 3, 72)},
    {inverted(1, 3, 1, 5, 128, squeeze), inverted(6, 5, 1, 3, 128, squeeze)},
    {inverted(1, 3, 2, 6, 208, squeeze), inverted(5, 5, 1, 5, 208, squeeze), inverted(1, 5, 1, 6, 240, squeeze)},
    {conv(1, 1, 1440)},
};
inline constexpr Stage fbnet_g[] = {
    {depthwise(3, 3, 1, 24)},
    {inverted(1, 5, 2, 4, 40), inverted(4, 5, 1, 2, 40)},
    {inverted(1, 5, 2, 4, 56, squeeze), inverted(4, 5, 1, 3, 56, squeeze)},
    {inverted(1, 5, 2, 5, 104), inverted(4, 3, 1, 3, 104)},
    {inverted(1, 3, 1, 5, 160, squeeze), inverted(8, 5, 1, 3, 160, squeeze)},
    {inverted(1, 3, 2, 6, 264, squeeze), inverted(6, 5, 1, 5, 264, squeeze), inverted(2, 5, 1, 6, 288, squeeze)},
    {conv(1, 1, 1728)},
};
// MobileNetV4. Numbers of `universal`: repeats, kernels before and after the expansion, stride,
// expansion, width; of `attention`: heads, their width, stride of key and value, width.
inline constexpr Stage v4_small[] = {
    {conv(3, 2, 32), conv(1, 1, 32)},
    {conv(3, 2, 96), conv(1, 1, 64)},
    {universal(1, 5, 5, 2, 3, 96), universal(4, 0, 3, 1, 2, 96), universal(1, 3, 0, 1, 4, 96)},
    {universal(1, 3, 3, 2, 6, 128), universal(1, 5, 5, 1, 4, 128), universal(1, 0, 5, 1, 4, 128),
     universal(1, 0, 5, 1, 3, 128), universal(2, 0, 3, 1, 4, 128)},
    {conv(1, 1, 960)},
};
inline constexpr Stage v4_medium[] = {
    {edge(1, 3, 2, 4, 48)},
    {universal(1, 3, 5, 2, 4, 80), universal(1, 3, 3, 1, 2, 80)},
    {universal(1, 3, 5, 2, 6, 160), universal(2, 3, 3, 1, 4, 160), universal(1, 3, 5, 1, 4, 160),
     universal(1, 3, 3, 1, 4, 160), universal(1, 3, 0, 1, 4, 160), universal(1, 0, 0, 1, 2, 160),
     universal(1, 3, 0, 1, 4, 160)},
    {universal(1, 5, 5, 2, 6, 256), universal(1, 5, 5, 1, 4, 256), universal(2, 3, 5, 1, 4, 256),
     universal(1, 0, 0, 1, 4, 256), universal(1, 3, 0, 1, 4, 256), universal(1, 3, 5, 1, 2, 256),
     universal(1, 5, 5, 1, 4, 256), universal(2, 0, 0, 1, 4, 256), universal(1, 5, 0, 1, 2, 256)},
    {conv(1, 1, 960)},
};
inline constexpr Stage v4_large[] = {
    {edge(1, 3, 2, 4, 48)},
    {universal(1, 3, 5, 2, 4, 96), universal(1, 3, 3, 1, 4, 96)},
    {universal(1, 3, 5, 2, 4, 192), universal(3, 3, 3, 1, 4, 192), universal(1, 3, 5, 1, 4, 192),
     universal(5, 5, 3, 1, 4, 192), universal(1, 3, 0, 1, 4, 192)},
    {universal(4, 5, 5, 2, 4, 512), universal(1, 5, 0, 1, 4, 512), universal(1, 5, 3, 1, 4, 512),
     universal(2, 5, 0, 1, 4, 512), universal(1, 5, 3, 1, 4, 512), universal(1, 5, 5, 1, 4, 512),
     universal(3, 5, 0, 1, 4, 512)},
    {conv(1, 1, 960)},
};
inline constexpr Stage v4_hybrid_medium[] = {
    {edge(1, 3, 2, 4, 48)},
    {universal(1, 3, 5, 2, 4, 80), universal(1, 3, 3, 1, 2, 80)},
    {universal(1, 3, 5, 2, 6, 160), universal(1, 0, 0, 1, 2, 160), universal(1, 3, 3, 1, 4, 160),
     universal(1, 3, 5, 1, 4, 160),
     attention(4, 64, 2, 160), universal(1, 3, 3, 1, 4, 160),
     attention(4, 64, 2, 160), universal(1, 3, 0, 1, 4, 160),
     attention(4, 64, 2, 160), universal(1, 3, 3, 1, 4, 160),
     attention(4, 64, 2, 160), universal(1, 3, 0, 1, 4, 160)},
    {universal(1, 5, 5, 2, 6, 256), universal(1, 5, 5, 1, 4, 256), universal(2, 3, 5, 1, 4, 256),
     universal(1, 0, 0, 1, 2, 256), universal(1, 3, 5, 1, 2, 256), universal(1, 0, 0, 1, 2, 256),
     universal(1, 0, 0, 1, 4, 256),
     attention(4, 64, 1, 256), universal(1, 3, 0, 1, 4, 256),
     attention(4, 64, 1, 256), universal(1, 5, 5, 1, 4, 256),
     attention(4, 64, 1, 256), universal(1, 5, 0, 1, 4, 256),
     attention(4, 64, 1, 256), universal(1, 5, 0, 1, 4, 256)},
    {conv(1, 1, 960)},
};
inline constexpr Stage v4_hybrid_large[] = {
    {edge(1, 3, 2, 4, 48)},
    {universal(1, 3, 5, 2, 4, 96), universal(1, 3, 3, 1, 4, 96)},
    {universal(1, 3, 5, 2, 4, 192), universal(3, 3, 3, 1, 4, 192), universal(1, 3, 5, 1, 4, 192),
     universal(2, 5, 3, 1, 4, 192),
     attention(8, 48, 2, 192), universal(1, 5, 3, 1, 4, 192),
     attention(8, 48, 2, 192), universal(1, 5, 3, 1, 4, 192),
     attention(8, 48, 2, 192), universal(1, 5, 3, 1, 4, 192),
     attention(8, 48, 2, 192), universal(1, 3, 0, 1, 4, 192)},
    {universal(4, 5, 5, 2, 4, 512), universal(1, 5, 0, 1, 4, 512), universal(1, 5, 3, 1, 4, 512),
     universal(2, 5, 0, 1, 4, 512), universal(1, 5, 3, 1, 4, 512), universal(1, 5, 5, 1, 4, 512),
     attention(8, 64, 1, 512), universal(1, 5, 0, 1, 4, 512),
     attention(8, 64, 1, 512), universal(1, 5, 0, 1, 4, 512),
     attention(8, 64, 1, 512), universal(1, 5, 0, 1, 4, 512),
     attention(8, 64, 1, 512), universal(1, 5, 0, 1, 4, 512)},
    {conv(1, 1, 960)},
};
// clang-format on

}  // namespace stages

// What the variants of one paper share.
struct Design {
  std::span<const Stage> stages;
  mobile::Style style;
  int stem = 16;
  double fix_stem_below = 0;  // width multipliers below this leave the stem alone
  int head = 1280;            // width of the last convolution
  bool head_bias = true;
  bool head_norm = false;
};

inline constexpr mobile::Style v3_style{.act = Act::hard_swish,
                                        .squeeze_relu = true,
                                        .squeeze_rounding = SqueezeRounding::multiple_of_8};
inline constexpr mobile::Style fbnet_style{.act = Act::hard_swish,
                                           .round_limit = 0.95,
                                           .squeeze_from_input = true,
                                           .squeeze_rounding = SqueezeRounding::multiple_of_8};

inline constexpr Design small{
    .stages = stages::small, .style = v3_style, .fix_stem_below = 0.75, .head = 1024};
inline constexpr Design large{.stages = stages::large, .style = v3_style, .fix_stem_below = 0.75};
inline constexpr Design rw{.stages = stages::large_rw,
                           .style = {.act = Act::hard_swish, .norm_eps = 1e-3},
                           .head_bias = false};
inline constexpr Design lcnet{.stages = stages::lcnet,
                              .style = {.act = Act::hard_swish, .squeeze_relu = true}};

constexpr Design tensorflow(Design design) {
  design.style = mobile::tensorflow(design.style);
  return design;
}
inline constexpr Design tf_small = tensorflow(small);
inline constexpr Design tf_large = tensorflow(large);
inline constexpr Design tf_small_minimal = tensorflow(
    {.stages = stages::small_minimal, .style = {}, .fix_stem_below = 0.75, .head = 1024});
inline constexpr Design tf_large_minimal =
    tensorflow({.stages = stages::large_minimal, .style = {}, .fix_stem_below = 0.75});

constexpr Design fbnet(std::span<const Stage> stages, int stem) {
  return {.stages = stages, .style = fbnet_style, .stem = stem, .head = 1984, .head_bias = false};
}
inline constexpr Design fbnet_b = fbnet(stages::fbnet_b, 16);
inline constexpr Design fbnet_d = fbnet(stages::fbnet_d, 24);
inline constexpr Design fbnet_g = fbnet(stages::fbnet_g, 32);

constexpr Design v4(std::span<const Stage> stages, int stem, Act act = Act::relu,
                    double layer_scale = 0) {
  return {.stages = stages,
          .style = {.act = act, .layer_scale = layer_scale},
          .stem = stem,
          .fix_stem_below = 1,
          .head_norm = true};
}
inline constexpr Design v4_small = v4(stages::v4_small, 32);
inline constexpr Design v4_medium = v4(stages::v4_medium, 32);
inline constexpr Design v4_large = v4(stages::v4_large, 24);
inline constexpr Design v4_hybrid_medium = v4(stages::v4_hybrid_medium, 32, Act::relu, 1e-5);
inline constexpr Design v4_hybrid_large = v4(stages::v4_hybrid_large, 24, Act::gelu, 1e-5);

struct Variant {
  std::string_view name;
  const Design& design;
  double width = 1;  // multiplies every width
  double depth = 1;  // multiplies the blocks of a stage
  Downsample downsample = Downsample::stride;
  Preprocessing preprocessing{};
  std::string_view tag = "untrained";
};

inline constexpr Preprocessing bicubic{};
inline constexpr Preprocessing bilinear{.interpolation = Interpolation::bilinear};
inline constexpr Preprocessing half{
    .interpolation = Interpolation::bilinear, .mean = half_mean, .std = half_std};

constexpr Preprocessing fbnet_images(int size, int test_size) {
  return {.input_size = size,
          .test_input_size = test_size,
          .interpolation = Interpolation::bilinear,
          .crop_pct = 0.95};
}

// Trained at one size and best at another, whole.
constexpr Preprocessing v4_images(int size, int test_size) {
  return {.input_size = size, .test_input_size = test_size, .crop_pct = 0.95, .test_crop_pct = 1};
}

inline constexpr Preprocessing v4_small_images{.test_input_size = 256, .test_crop_pct = 0.95};
inline constexpr Preprocessing v4_half_images{
    .test_input_size = 256, .test_crop_pct = 0.95, .mean = half_mean, .std = half_std};

// clang-format off
inline constexpr Variant variants[] = {
    {.name = "mobilenetv3_large_075", .design = large, .width = 0.75, .preprocessing = bilinear},
    {.name = "mobilenetv3_large_100", .design = large, .preprocessing = bicubic, .tag = "ra_in1k"},
    {.name = "mobilenetv3_large_150d", .design = large, .width = 1.5, .depth = 1.2,
     .preprocessing = {.input_size = 256, .test_input_size = 320, .interpolation = Interpolation::bilinear,
                       .crop_pct = 0.95, .test_crop_pct = 1, .mean = half_mean, .std = half_std},
     .tag = "ra4_e3600_r256_in1k"},
    {.name = "mobilenetv3_small_050", .design = small, .width = 0.5,  .preprocessing = bicubic, .tag = "lamb_in1k"},
    {.name = "mobilenetv3_small_075", .design = small, .width = 0.75, .preprocessing = bicubic, .tag = "lamb_in1k"},
    {.name = "mobilenetv3_small_100", .design = small, .preprocessing = bicubic, .tag = "lamb_in1k"},
    {.name = "mobilenetv3_rw", .design = rw, .preprocessing = bicubic, .tag = "rmsp_in1k"},

    {.name = "tf_mobilenetv3_large_075", .design = tf_large, .width = 0.75, .preprocessing = half, .tag = "in1k"},
    {.name = "tf_mobilenetv3_large_100", .design = tf_large, .preprocessing = half, .tag = "in1k"},
    {.name = "tf_mobilenetv3_large_minimal_100", .design = tf_large_minimal, .preprocessing = half, .tag = "in1k"},
    {.name = "tf_mobilenetv3_small_075", .design = tf_small, .width = 0.75, .preprocessing = half, .tag = "in1k"},
    {.name = "tf_mobilenetv3_small_100", .design = tf_small, .preprocessing = half, .tag = "in1k"},
    {.name = "tf_mobilenetv3_small_minimal_100", .design = tf_small_minimal, .preprocessing = half, .tag = "in1k"},

    {.name = "fbnetv3_b", .design = fbnet_b, .preprocessing = fbnet_images(224, 256), .tag = "ra2_in1k"},
    {.name = "fbnetv3_d", .design = fbnet_d, .preprocessing = fbnet_images(224, 256), .tag = "ra2_in1k"},
    {.name = "fbnetv3_g", .design = fbnet_g, .preprocessing = fbnet_images(240, 288), .tag = "ra2_in1k"},

    {.name = "lcnet_035", .design = lcnet, .width = 0.35, .preprocessing = bilinear},
    {.name = "lcnet_050", .design = lcnet, .width = 0.5,  .preprocessing = bicubic, .tag = "ra2_in1k"},
    {.name = "lcnet_075", .design = lcnet, .width = 0.75, .preprocessing = bicubic, .tag = "ra2_in1k"},
    {.name = "lcnet_100", .design = lcnet, .preprocessing = bicubic, .tag = "ra2_in1k"},
    {.name = "lcnet_150", .design = lcnet, .width = 1.5,  .preprocessing = bilinear},

    {.name = "mobilenetv4_conv_small_035", .design = v4_small, .width = 0.35, .preprocessing = v4_half_images},
    {.name = "mobilenetv4_conv_small_050", .design = v4_small, .width = 0.5, .preprocessing = v4_half_images, .tag = "e3000_r224_in1k"},
    {.name = "mobilenetv4_conv_small", .design = v4_small, .preprocessing = v4_small_images, .tag = "e2400_r224_in1k"},
    {.name = "mobilenetv4_conv_medium", .design = v4_medium, .preprocessing = v4_images(256, 320), .tag = "e500_r256_in1k"},
    {.name = "mobilenetv4_conv_large", .design = v4_large, .preprocessing = v4_images(384, 448), .tag = "e600_r384_in1k"},
    {.name = "mobilenetv4_conv_aa_medium", .design = v4_medium, .downsample = Downsample::average,
     .preprocessing = {.input_size = 256, .crop_pct = 0.95}},
    {.name = "mobilenetv4_conv_aa_large", .design = v4_large, .downsample = Downsample::average,
     .preprocessing = v4_images(448, 544), .tag = "e230_r448_in12k_ft_in1k"},
    {.name = "mobilenetv4_conv_blur_medium", .design = v4_medium, .downsample = Downsample::blur,
     .preprocessing = v4_images(224, 256), .tag = "e500_r224_in1k"},
    {.name = "mobilenetv4_hybrid_medium_075", .design = v4_hybrid_medium, .width = 0.75, .preprocessing = {.crop_pct = 0.95}},
    {.name = "mobilenetv4_hybrid_medium", .design = v4_hybrid_medium, .preprocessing = v4_images(256, 320), .tag = "e200_r256_in12k_ft_in1k"},
    {.name = "mobilenetv4_hybrid_large_075", .design = v4_hybrid_large, .width = 0.75, .preprocessing = {.input_size = 256, .crop_pct = 0.95}},
    {.name = "mobilenetv4_hybrid_large", .design = v4_hybrid_large, .preprocessing = v4_images(384, 448), .tag = "ix_e600_r384_in1k"},
};
// clang-format on

inline constexpr Family family{"mobilenetv3", variants};

// mobilenetv3.cpp
std::shared_ptr<Network> build(const Variant& variant, const BuildOptions& options);

}  // namespace archsweep::archs::mobilenetv3
