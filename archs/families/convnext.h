#pragma once

// ConvNeXt and ConvNeXt V2: depthwise 7x7, norm, and a wide MLP, as a transformer has them.
// Papers: https://arxiv.org/abs/2201.03545, https://arxiv.org/abs/2301.00808 (V2).
// Source: timm/models/convnext.py.

#include "archs/family.h"
#include "archs/layers/act.h"
#include "archs/layers/norm_options.h"

namespace archsweep::archs::convnext {

enum class Stem {
  patch,           // a 4x4 of stride 4
  overlap,         // two 3x3 of stride 2
  overlap_tiered,  // the first half as wide
  overlap_act      // an activation between them
};

struct Variant {
  std::string_view name;
  std::array<int, 4> depths{};  // blocks in each stage
  std::array<int, 4> widths{};
  std::array<int, 4> kernels{7, 7, 7, 7};  // of the depthwise convolutions
  Stem stem = Stem::patch;
  bool conv_mlp = false;         // 1x1 convolutions instead of linear layers
  bool response_norm = false;    // V2: global response norm instead of layer scale
  bool head_norm_first = false;  // norm before the pooling
  int head_hidden = 0;           // of the classifier's hidden layer; 0: none
  NormOptions norm = {};
  Act act = Act::gelu;
  std::string_view tag = "";
  Preprocessing preprocessing = {};
};

// clang-format off
inline constexpr Variant variants[] = {
    {.name = "convnext_zepto_rms", .depths = {2, 2, 4, 2}, .widths = {32, 64, 128, 256}, .conv_mlp = true, .norm = {.kind = NormKind::simple}, .tag = "ra4_e3600_r224_in1k", .preprocessing = {.mean = half_mean, .std = half_std}},
    {.name = "convnext_zepto_rms_ols", .depths = {2, 2, 4, 2}, .widths = {32, 64, 128, 256}, .stem = Stem::overlap_act, .conv_mlp = true, .norm = {.kind = NormKind::simple}, .tag = "ra4_e3600_r224_in1k", .preprocessing = {.crop_pct = 0.9, .mean = half_mean, .std = half_std}},
    {.name = "convnext_atto_rms", .depths = {2, 2, 6, 2}, .widths = {40, 80, 160, 320}, .conv_mlp = true, .norm = {.kind = NormKind::rms}, .tag = "untrained", .preprocessing = {.test_input_size = 256, .test_crop_pct = 0.95}},
    {.name = "convnext_atto", .depths = {2, 2, 6, 2}, .widths = {40, 80, 160, 320}, .conv_mlp = true, .tag = "d2_in1k", .preprocessing = {.test_input_size = 288, .test_crop_pct = 0.95}},
    {.name = "convnext_atto_ols", .depths = {2, 2, 6, 2}, .widths = {40, 80, 160, 320}, .stem = Stem::overlap_tiered, .conv_mlp = true, .tag = "a2_in1k", .preprocessing = {.test_input_size = 288, .test_crop_pct = 0.95}},
    {.name = "convnext_femto", .depths = {2, 2, 6, 2}, .widths = {48, 96, 192, 384}, .conv_mlp = true, .tag = "d1_in1k", .preprocessing = {.test_input_size = 288, .test_crop_pct = 0.95}},
    {.name = "convnext_femto_ols", .depths = {2, 2, 6, 2}, .widths = {48, 96, 192, 384}, .stem = Stem::overlap_tiered, .conv_mlp = true, .tag = "d1_in1k", .preprocessing = {.test_input_size = 288, .test_crop_pct = 0.95}},
    {.name = "convnext_pico", .depths = {2, 2, 6, 2}, .widths = {64, 128, 256, 512}, .conv_mlp = true, .tag = "d1_in1k", .preprocessing = {.test_input_size = 288, .test_crop_pct = 0.95}},
    {.name = "convnext_pico_ols", .depths = {2, 2, 6, 2}, .widths = {64, 128, 256, 512}, .stem = Stem::overlap_tiered, .conv_mlp = true, .tag = "d1_in1k", .preprocessing = {.test_input_size = 288, .crop_pct = 0.95, .test_crop_pct = 1.0}},
    {.name = "convnext_nano", .depths = {2, 2, 8, 2}, .widths = {80, 160, 320, 640}, .conv_mlp = true, .tag = "d1h_in1k", .preprocessing = {.test_input_size = 288, .crop_pct = 0.95, .test_crop_pct = 1.0}},
    {.name = "convnext_nano_ols", .depths = {2, 2, 8, 2}, .widths = {80, 160, 320, 640}, .stem = Stem::overlap, .conv_mlp = true, .tag = "d1h_in1k", .preprocessing = {.test_input_size = 288, .crop_pct = 0.95, .test_crop_pct = 1.0}},
    {.name = "convnext_tiny_hnf", .depths = {3, 3, 9, 3}, .widths = {96, 192, 384, 768}, .conv_mlp = true, .head_norm_first = true, .tag = "a2h_in1k", .preprocessing = {.test_input_size = 288, .crop_pct = 0.95, .test_crop_pct = 1.0}},
    {.name = "convnext_tiny", .depths = {3, 3, 9, 3}, .widths = {96, 192, 384, 768}, .tag = "dinov3_lvd1689m", .preprocessing = {.crop_pct = 1.0}},
    {.name = "convnext_small", .depths = {3, 3, 27, 3}, .widths = {96, 192, 384, 768}, .tag = "in12k_ft_in1k", .preprocessing = {.test_input_size = 288, .crop_pct = 0.95, .test_crop_pct = 1.0}},
    {.name = "convnext_base", .depths = {3, 3, 27, 3}, .widths = {128, 256, 512, 1024}, .tag = "fb_in22k_ft_in1k", .preprocessing = {.test_input_size = 288, .test_crop_pct = 1.0}},
    {.name = "convnext_large", .depths = {3, 3, 27, 3}, .widths = {192, 384, 768, 1536}, .tag = "dinov3_lvd1689m", .preprocessing = {.crop_pct = 1.0}},
    {.name = "convnext_large_mlp", .depths = {3, 3, 27, 3}, .widths = {192, 384, 768, 1536}, .head_hidden = 1536, .tag = "clip_laion2b_soup_ft_in12k_in1k_320", .preprocessing = {.input_size = 320, .crop_pct = 1.0, .mean = clip_mean, .std = clip_std}},
    {.name = "convnext_xlarge", .depths = {3, 3, 27, 3}, .widths = {256, 512, 1024, 2048}, .tag = "fb_in22k"},
    {.name = "convnext_xxlarge", .depths = {3, 4, 30, 3}, .widths = {384, 768, 1536, 3072}, .norm = {.eps = 1e-5}, .tag = "clip_laion2b_rewind", .preprocessing = {.input_size = 256, .crop_pct = 1.0, .mean = clip_mean, .std = clip_std}},
    {.name = "convnextv2_atto", .depths = {2, 2, 6, 2}, .widths = {40, 80, 160, 320}, .conv_mlp = true, .response_norm = true, .tag = "fcmae_ft_in1k", .preprocessing = {.test_input_size = 288, .test_crop_pct = 0.95}},
    {.name = "convnextv2_femto", .depths = {2, 2, 6, 2}, .widths = {48, 96, 192, 384}, .conv_mlp = true, .response_norm = true, .tag = "fcmae"},
    {.name = "convnextv2_pico", .depths = {2, 2, 6, 2}, .widths = {64, 128, 256, 512}, .conv_mlp = true, .response_norm = true, .tag = "fcmae_ft_in1k", .preprocessing = {.test_input_size = 288, .test_crop_pct = 0.95}},
    {.name = "convnextv2_nano", .depths = {2, 2, 8, 2}, .widths = {80, 160, 320, 640}, .conv_mlp = true, .response_norm = true, .tag = "fcmae_ft_in22k_in1k", .preprocessing = {.test_input_size = 288, .test_crop_pct = 1.0}},
    {.name = "convnextv2_tiny", .depths = {3, 3, 9, 3}, .widths = {96, 192, 384, 768}, .response_norm = true, .tag = "fcmae"},
    {.name = "convnextv2_small", .depths = {3, 3, 27, 3}, .widths = {96, 192, 384, 768}, .response_norm = true, .tag = "untrained"},
    {.name = "convnextv2_base", .depths = {3, 3, 27, 3}, .widths = {128, 256, 512, 1024}, .response_norm = true, .tag = "fcmae_ft_in22k_in1k", .preprocessing = {.test_input_size = 288, .test_crop_pct = 1.0}},
    {.name = "convnextv2_large", .depths = {3, 3, 27, 3}, .widths = {192, 384, 768, 1536}, .response_norm = true, .tag = "fcmae_ft_in22k_in1k", .preprocessing = {.test_input_size = 288, .test_crop_pct = 1.0}},
    {.name = "convnextv2_huge", .depths = {3, 3, 27, 3}, .widths = {352, 704, 1408, 2816}, .response_norm = true, .tag = "fcmae"},
    {.name = "test_convnext", .depths = {1, 2, 4, 2}, .widths = {24, 32, 48, 64}, .norm = {.eps = 1e-5}, .act = Act::gelu_tanh, .tag = "r160_in1k", .preprocessing = {.input_size = 160, .crop_pct = 0.95, .mean = half_mean, .std = half_std}},
    {.name = "test_convnext2", .depths = {1, 1, 1, 1}, .widths = {32, 64, 96, 128}, .norm = {.eps = 1e-5}, .act = Act::gelu_tanh, .tag = "r160_in1k", .preprocessing = {.input_size = 160, .crop_pct = 0.95, .mean = half_mean, .std = half_std}},
    {.name = "test_convnext3", .depths = {1, 1, 1, 1}, .widths = {32, 64, 96, 128}, .kernels = {7, 5, 5, 3}, .norm = {.eps = 1e-5}, .act = Act::silu, .tag = "r160_in1k", .preprocessing = {.input_size = 160, .crop_pct = 0.95, .mean = half_mean, .std = half_std}},
};
// clang-format on

inline constexpr Family family{"convnext", variants};

std::shared_ptr<Network> build(const Variant& variant, const BuildOptions& options);

}  // namespace archsweep::archs::convnext
