#pragma once

// ResNet and what grew from it: ResNeXt, SE-ResNet, ECA-ResNet, Wide ResNet, ResNet-RS, the
// refinements that the literature calls C, D, S and T, and the anti-aliased ones. Res2Net, ResNeSt
// and SKNet put other blocks into the same network.
// Papers: https://arxiv.org/abs/1512.03385 (ResNet), 1611.05431 (ResNeXt), 1709.01507 (SE),
// 1910.03151 (ECA), 1605.07146 (wide), 1812.01187 (C, D), 2103.07579 (RS), 1904.11486 (blur).
// 2002.08258 (pruned). Source: timm/models/resnet.py.

#include "archs/layers/resnet_plan.h"

namespace archsweep::archs::resnet {

// clang-format off
inline constexpr Pruned pruned50[] = {
    {47, 18, 19}, {52, 22, 19}, {64, 35, 19},
    {85, 37, 171}, {107, 80, 171}, {120, 85, 171}, {125, 87, 171},
    {198, 126, 818}, {255, 232, 818}, {256, 233, 818}, {253, 235, 818}, {256, 225, 818}, {256, 239, 818},
    {492, 237, 2022}, {512, 500, 2022}, {512, 490, 2022},
};
inline constexpr Pruned pruned101[] = {
    {45, 25, 26}, {53, 20, 26}, {60, 27, 26},
    {81, 24, 142}, {93, 49, 142}, {102, 54, 142}, {122, 78, 142},
    {101, 25, 278}, {239, 160, 278}, {234, 156, 278}, {250, 176, 278}, {253, 191, 278}, {251, 175, 278},
    {230, 128, 278}, {244, 154, 278}, {244, 159, 278}, {238, 97, 278}, {244, 149, 278}, {253, 181, 278},
    {245, 119, 278}, {255, 216, 278}, {256, 201, 278}, {253, 149, 278}, {254, 141, 278}, {256, 190, 278},
    {256, 217, 278}, {255, 156, 278}, {256, 155, 278}, {256, 232, 278}, {256, 214, 278},
    {499, 289, 2042}, {512, 512, 2042}, {512, 502, 2042},
};
// clang-format on

// clang-format off
inline constexpr Variant variants[] = {
    {.name = "resnet10t", .blocks = basic, .depths = {1, 1, 1, 1}, .stem = Stem::deep_tiered, .avg_down = true, .tag = "c3_in1k", .preprocessing = {.input_size = 176, .test_input_size = 224, .test_crop_pct = 0.95}},
    {.name = "resnet14t", .blocks = bottleneck, .depths = {1, 1, 1, 1}, .stem = Stem::deep_tiered, .avg_down = true, .tag = "c3_in1k", .preprocessing = {.input_size = 176, .test_input_size = 224, .test_crop_pct = 0.95}},
    {.name = "resnet18", .blocks = basic, .depths = {2, 2, 2, 2}, .tag = "a1_in1k", .preprocessing = {.test_input_size = 288, .crop_pct = 0.95, .test_crop_pct = 1.0}},
    {.name = "resnet18d", .blocks = basic, .depths = {2, 2, 2, 2}, .stem = Stem::deep, .avg_down = true, .tag = "ra2_in1k", .preprocessing = {.test_input_size = 288, .test_crop_pct = 0.95}},
    {.name = "resnet34", .blocks = basic, .depths = {3, 4, 6, 3}, .tag = "a1_in1k", .preprocessing = {.test_input_size = 288, .crop_pct = 0.95, .test_crop_pct = 1.0}},
    {.name = "resnet34d", .blocks = basic, .depths = {3, 4, 6, 3}, .stem = Stem::deep, .avg_down = true, .tag = "ra2_in1k", .preprocessing = {.test_input_size = 288, .test_crop_pct = 0.95}},
    {.name = "resnet26", .blocks = bottleneck, .depths = {2, 2, 2, 2}, .tag = "bt_in1k", .preprocessing = {.test_input_size = 288, .test_crop_pct = 0.95}},
    {.name = "resnet26t", .blocks = bottleneck, .depths = {2, 2, 2, 2}, .stem = Stem::deep_tiered, .avg_down = true, .tag = "ra2_in1k", .preprocessing = {.input_size = 256, .test_input_size = 320, .crop_pct = 0.94, .test_crop_pct = 1.0}},
    {.name = "resnet26d", .blocks = bottleneck, .depths = {2, 2, 2, 2}, .stem = Stem::deep, .avg_down = true, .tag = "bt_in1k", .preprocessing = {.test_input_size = 288, .test_crop_pct = 0.95}},
    {.name = "resnet50", .blocks = bottleneck, .depths = {3, 4, 6, 3}, .tag = "a1_in1k", .preprocessing = {.test_input_size = 288, .crop_pct = 0.95, .test_crop_pct = 1.0}},
    {.name = "resnet50c", .blocks = bottleneck, .depths = {3, 4, 6, 3}, .stem = Stem::deep, .tag = "gluon_in1k"},
    {.name = "resnet50d", .blocks = bottleneck, .depths = {3, 4, 6, 3}, .stem = Stem::deep, .avg_down = true, .tag = "ra2_in1k", .preprocessing = {.test_input_size = 288, .test_crop_pct = 0.95}},
    {.name = "resnet50s", .blocks = bottleneck, .depths = {3, 4, 6, 3}, .stem = Stem::deep, .stem_width = 64, .tag = "gluon_in1k"},
    {.name = "resnet50t", .blocks = bottleneck, .depths = {3, 4, 6, 3}, .stem = Stem::deep_tiered, .avg_down = true, .tag = "untrained", .preprocessing = {.test_input_size = 288, .test_crop_pct = 0.95}},
    {.name = "resnet101", .blocks = bottleneck, .depths = {3, 4, 23, 3}, .tag = "a1h_in1k", .preprocessing = {.test_input_size = 288, .crop_pct = 0.95, .test_crop_pct = 1.0}},
    {.name = "resnet101c", .blocks = bottleneck, .depths = {3, 4, 23, 3}, .stem = Stem::deep, .tag = "gluon_in1k"},
    {.name = "resnet101d", .blocks = bottleneck, .depths = {3, 4, 23, 3}, .stem = Stem::deep, .avg_down = true, .tag = "gluon_in1k"},
    {.name = "resnet101s", .blocks = bottleneck, .depths = {3, 4, 23, 3}, .stem = Stem::deep, .stem_width = 64, .tag = "gluon_in1k"},
    {.name = "resnet152", .blocks = bottleneck, .depths = {3, 8, 36, 3}, .tag = "a1h_in1k", .preprocessing = {.test_input_size = 288, .crop_pct = 0.95, .test_crop_pct = 1.0}},
    {.name = "resnet152c", .blocks = bottleneck, .depths = {3, 8, 36, 3}, .stem = Stem::deep, .tag = "gluon_in1k"},
    {.name = "resnet152d", .blocks = bottleneck, .depths = {3, 8, 36, 3}, .stem = Stem::deep, .avg_down = true, .tag = "ra2_in1k", .preprocessing = {.input_size = 256, .test_input_size = 320, .crop_pct = 0.95, .test_crop_pct = 1.0}},
    {.name = "resnet152s", .blocks = bottleneck, .depths = {3, 8, 36, 3}, .stem = Stem::deep, .stem_width = 64, .tag = "gluon_in1k"},
    {.name = "resnet200", .blocks = bottleneck, .depths = {3, 24, 36, 3}, .tag = "untrained", .preprocessing = {.test_input_size = 288, .test_crop_pct = 0.95}},
    {.name = "resnet200d", .blocks = bottleneck, .depths = {3, 24, 36, 3}, .stem = Stem::deep, .avg_down = true, .tag = "ra2_in1k", .preprocessing = {.input_size = 256, .test_input_size = 320, .crop_pct = 0.95, .test_crop_pct = 1.0}},
    {.name = "wide_resnet50_2", .blocks = bottleneck, .depths = {3, 4, 6, 3}, .base_width = 128, .tag = "racm_in1k", .preprocessing = {.test_input_size = 288, .test_crop_pct = 0.95}},
    {.name = "wide_resnet101_2", .blocks = bottleneck, .depths = {3, 4, 23, 3}, .base_width = 128, .tag = "tv_in1k", .preprocessing = {.interpolation = Interpolation::bilinear}},
    {.name = "resnet50_gn", .blocks = bottleneck, .depths = {3, 4, 6, 3}, .group_norm = true, .tag = "a1h_in1k", .preprocessing = {.test_input_size = 288, .crop_pct = 0.94, .test_crop_pct = 0.95}},
    {.name = "resnext50_32x4d", .blocks = bottleneck, .depths = {3, 4, 6, 3}, .groups = 32, .base_width = 4, .tag = "a1h_in1k", .preprocessing = {.test_input_size = 288, .crop_pct = 0.95, .test_crop_pct = 1.0}},
    {.name = "resnext50d_32x4d", .blocks = bottleneck, .depths = {3, 4, 6, 3}, .stem = Stem::deep, .avg_down = true, .groups = 32, .base_width = 4, .tag = "bt_in1k", .preprocessing = {.test_input_size = 288, .test_crop_pct = 0.95}},
    {.name = "resnext101_32x4d", .blocks = bottleneck, .depths = {3, 4, 23, 3}, .groups = 32, .base_width = 4, .tag = "fb_ssl_yfcc100m_ft_in1k", .preprocessing = {.interpolation = Interpolation::bilinear}},
    {.name = "resnext101_32x8d", .blocks = bottleneck, .depths = {3, 4, 23, 3}, .groups = 32, .base_width = 8, .tag = "tv_in1k", .preprocessing = {.interpolation = Interpolation::bilinear}},
    {.name = "resnext101_32x16d", .blocks = bottleneck, .depths = {3, 4, 23, 3}, .groups = 32, .base_width = 16, .tag = "fb_wsl_ig1b_ft_in1k", .preprocessing = {.interpolation = Interpolation::bilinear}},
    {.name = "resnext101_32x32d", .blocks = bottleneck, .depths = {3, 4, 23, 3}, .groups = 32, .base_width = 32, .tag = "fb_wsl_ig1b_ft_in1k", .preprocessing = {.interpolation = Interpolation::bilinear}},
    {.name = "resnext101_64x4d", .blocks = bottleneck, .depths = {3, 4, 23, 3}, .groups = 64, .base_width = 4, .tag = "c1_in1k", .preprocessing = {.test_input_size = 288, .crop_pct = 0.95, .test_crop_pct = 1.0}},
    {.name = "ecaresnet26t", .blocks = bottleneck, .depths = {2, 2, 2, 2}, .stem = Stem::deep_tiered, .avg_down = true, .attention = Attention::eca, .tag = "ra2_in1k", .preprocessing = {.input_size = 256, .test_input_size = 320, .test_crop_pct = 0.95}},
    {.name = "ecaresnet50d", .blocks = bottleneck, .depths = {3, 4, 6, 3}, .stem = Stem::deep, .avg_down = true, .attention = Attention::eca, .tag = "miil_in1k", .preprocessing = {.test_input_size = 288, .test_crop_pct = 0.95}},
    {.name = "ecaresnet50d_pruned", .blocks = bottleneck, .depths = {3, 4, 6, 3}, .stem = Stem::deep, .avg_down = true, .attention = Attention::eca, .pruned = pruned50, .tag = "miil_in1k", .preprocessing = {.test_input_size = 288, .test_crop_pct = 0.95}},
    {.name = "ecaresnet50t", .blocks = bottleneck, .depths = {3, 4, 6, 3}, .stem = Stem::deep_tiered, .avg_down = true, .attention = Attention::eca, .tag = "ra2_in1k", .preprocessing = {.input_size = 256, .test_input_size = 320, .test_crop_pct = 0.95}},
    {.name = "ecaresnetlight", .blocks = bottleneck, .depths = {1, 1, 11, 3}, .avg_down = true, .attention = Attention::eca, .tag = "miil_in1k", .preprocessing = {.test_input_size = 288, .test_crop_pct = 0.95}},
    {.name = "ecaresnet101d", .blocks = bottleneck, .depths = {3, 4, 23, 3}, .stem = Stem::deep, .avg_down = true, .attention = Attention::eca, .tag = "miil_in1k", .preprocessing = {.test_input_size = 288, .test_crop_pct = 0.95}},
    {.name = "ecaresnet101d_pruned", .blocks = bottleneck, .depths = {3, 4, 23, 3}, .stem = Stem::deep, .avg_down = true, .attention = Attention::eca, .pruned = pruned101, .tag = "miil_in1k", .preprocessing = {.test_input_size = 288, .test_crop_pct = 0.95}},
    {.name = "ecaresnet200d", .blocks = bottleneck, .depths = {3, 24, 36, 3}, .stem = Stem::deep, .avg_down = true, .attention = Attention::eca, .tag = "untrained", .preprocessing = {.input_size = 256, .test_input_size = 288, .crop_pct = 0.95, .test_crop_pct = 0.95}},
    {.name = "ecaresnet269d", .blocks = bottleneck, .depths = {3, 30, 48, 8}, .stem = Stem::deep, .avg_down = true, .attention = Attention::eca, .tag = "ra2_in1k", .preprocessing = {.input_size = 320, .test_input_size = 352, .crop_pct = 0.95, .test_crop_pct = 1.0}},
    {.name = "ecaresnext26t_32x4d", .blocks = bottleneck, .depths = {2, 2, 2, 2}, .stem = Stem::deep_tiered, .avg_down = true, .groups = 32, .base_width = 4, .attention = Attention::eca, .tag = "untrained"},
    {.name = "ecaresnext50t_32x4d", .blocks = bottleneck, .depths = {3, 4, 6, 3}, .stem = Stem::deep_tiered, .avg_down = true, .groups = 32, .base_width = 4, .attention = Attention::eca, .tag = "untrained"},
    {.name = "seresnet18", .blocks = basic, .depths = {2, 2, 2, 2}, .attention = Attention::se, .tag = "untrained", .preprocessing = {.test_input_size = 288, .test_crop_pct = 0.95}},
    {.name = "seresnet34", .blocks = basic, .depths = {3, 4, 6, 3}, .attention = Attention::se, .preprocessing = {.interpolation = Interpolation::bilinear}},
    {.name = "seresnet50", .blocks = bottleneck, .depths = {3, 4, 6, 3}, .attention = Attention::se, .tag = "a1_in1k", .preprocessing = {.test_input_size = 288, .crop_pct = 0.95, .test_crop_pct = 1.0}},
    {.name = "seresnet50t", .blocks = bottleneck, .depths = {3, 4, 6, 3}, .stem = Stem::deep_tiered, .avg_down = true, .attention = Attention::se, .tag = "untrained", .preprocessing = {.test_input_size = 288, .test_crop_pct = 0.95}},
    {.name = "seresnet101", .blocks = bottleneck, .depths = {3, 4, 23, 3}, .attention = Attention::se, .preprocessing = {.interpolation = Interpolation::bilinear}},
    {.name = "seresnet152", .blocks = bottleneck, .depths = {3, 8, 36, 3}, .attention = Attention::se, .preprocessing = {.interpolation = Interpolation::bilinear}},
    {.name = "seresnet152d", .blocks = bottleneck, .depths = {3, 8, 36, 3}, .stem = Stem::deep, .avg_down = true, .attention = Attention::se, .tag = "ra2_in1k", .preprocessing = {.input_size = 256, .test_input_size = 320, .crop_pct = 0.95, .test_crop_pct = 1.0}},
    {.name = "seresnet200d", .blocks = bottleneck, .depths = {3, 24, 36, 3}, .stem = Stem::deep, .avg_down = true, .attention = Attention::se, .tag = "untrained", .preprocessing = {.input_size = 256, .test_input_size = 288, .test_crop_pct = 0.95}},
    {.name = "seresnet269d", .blocks = bottleneck, .depths = {3, 30, 48, 8}, .stem = Stem::deep, .avg_down = true, .attention = Attention::se, .tag = "untrained", .preprocessing = {.input_size = 256, .test_input_size = 288, .test_crop_pct = 0.95}},
    {.name = "seresnext26d_32x4d", .blocks = bottleneck, .depths = {2, 2, 2, 2}, .stem = Stem::deep, .avg_down = true, .groups = 32, .base_width = 4, .attention = Attention::se, .tag = "bt_in1k", .preprocessing = {.test_input_size = 288, .test_crop_pct = 0.95}},
    {.name = "seresnext26t_32x4d", .blocks = bottleneck, .depths = {2, 2, 2, 2}, .stem = Stem::deep_tiered, .avg_down = true, .groups = 32, .base_width = 4, .attention = Attention::se, .tag = "bt_in1k", .preprocessing = {.test_input_size = 288, .test_crop_pct = 0.95}},
    {.name = "seresnext50_32x4d", .blocks = bottleneck, .depths = {3, 4, 6, 3}, .groups = 32, .base_width = 4, .attention = Attention::se, .tag = "racm_in1k", .preprocessing = {.test_input_size = 288, .test_crop_pct = 0.95}},
    {.name = "seresnext101_32x4d", .blocks = bottleneck, .depths = {3, 4, 23, 3}, .groups = 32, .base_width = 4, .attention = Attention::se, .tag = "gluon_in1k"},
    {.name = "seresnext101_32x8d", .blocks = bottleneck, .depths = {3, 4, 23, 3}, .groups = 32, .base_width = 8, .attention = Attention::se, .tag = "ah_in1k", .preprocessing = {.test_input_size = 288, .crop_pct = 0.95, .test_crop_pct = 1.0}},
    {.name = "seresnext101d_32x8d", .blocks = bottleneck, .depths = {3, 4, 23, 3}, .stem = Stem::deep, .avg_down = true, .groups = 32, .base_width = 8, .attention = Attention::se, .tag = "ah_in1k", .preprocessing = {.test_input_size = 288, .crop_pct = 0.95, .test_crop_pct = 1.0}},
    {.name = "seresnext101_64x4d", .blocks = bottleneck, .depths = {3, 4, 23, 3}, .groups = 64, .base_width = 4, .attention = Attention::se, .tag = "gluon_in1k"},
    {.name = "senet154", .blocks = bottleneck, .depths = {3, 8, 36, 3}, .stem = Stem::deep, .stem_width = 64, .groups = 64, .base_width = 4, .attention = Attention::se, .first_conv_divisor = 2, .down_kernel = 3, .tag = "gluon_in1k"},
    {.name = "resnetblur18", .blocks = basic, .depths = {2, 2, 2, 2}, .anti_alias = AntiAlias::blur, .tag = "untrained", .preprocessing = {.test_input_size = 288, .test_crop_pct = 0.95}},
    {.name = "resnetblur50", .blocks = bottleneck, .depths = {3, 4, 6, 3}, .anti_alias = AntiAlias::blur, .tag = "bt_in1k", .preprocessing = {.test_input_size = 288, .test_crop_pct = 0.95}},
    {.name = "resnetblur50d", .blocks = bottleneck, .depths = {3, 4, 6, 3}, .stem = Stem::deep, .avg_down = true, .anti_alias = AntiAlias::blur, .tag = "untrained", .preprocessing = {.test_input_size = 288, .test_crop_pct = 0.95}},
    {.name = "resnetblur101d", .blocks = bottleneck, .depths = {3, 4, 23, 3}, .stem = Stem::deep, .avg_down = true, .anti_alias = AntiAlias::blur, .preprocessing = {.interpolation = Interpolation::bilinear}},
    {.name = "resnetaa34d", .blocks = basic, .depths = {3, 4, 6, 3}, .stem = Stem::deep, .avg_down = true, .anti_alias = AntiAlias::average, .preprocessing = {.interpolation = Interpolation::bilinear}},
    {.name = "resnetaa50", .blocks = bottleneck, .depths = {3, 4, 6, 3}, .anti_alias = AntiAlias::average, .tag = "a1h_in1k", .preprocessing = {.test_input_size = 288, .crop_pct = 0.95, .test_crop_pct = 1.0}},
    {.name = "resnetaa50d", .blocks = bottleneck, .depths = {3, 4, 6, 3}, .stem = Stem::deep, .avg_down = true, .anti_alias = AntiAlias::average, .tag = "sw_in12k_ft_in1k", .preprocessing = {.test_input_size = 288, .crop_pct = 0.95, .test_crop_pct = 1.0}},
    {.name = "resnetaa101d", .blocks = bottleneck, .depths = {3, 4, 23, 3}, .stem = Stem::deep, .avg_down = true, .anti_alias = AntiAlias::average, .tag = "sw_in12k", .preprocessing = {.test_input_size = 288, .crop_pct = 0.95, .test_crop_pct = 1.0}},
    {.name = "seresnetaa50d", .blocks = bottleneck, .depths = {3, 4, 6, 3}, .stem = Stem::deep, .avg_down = true, .attention = Attention::se, .anti_alias = AntiAlias::average, .tag = "untrained", .preprocessing = {.test_input_size = 288, .test_crop_pct = 0.95}},
    {.name = "seresnextaa101d_32x8d", .blocks = bottleneck, .depths = {3, 4, 23, 3}, .stem = Stem::deep, .avg_down = true, .groups = 32, .base_width = 8, .attention = Attention::se, .anti_alias = AntiAlias::average, .tag = "sw_in12k_ft_in1k_288", .preprocessing = {.input_size = 288, .test_input_size = 320, .crop_pct = 0.95, .test_crop_pct = 1.0}},
    {.name = "seresnextaa201d_32x8d", .blocks = bottleneck, .depths = {3, 24, 36, 4}, .stem = Stem::deep, .stem_width = 64, .avg_down = true, .groups = 32, .base_width = 8, .attention = Attention::se, .anti_alias = AntiAlias::average, .tag = "sw_in12k_ft_in1k_384", .preprocessing = {.input_size = 384, .crop_pct = 1.0}},
    {.name = "resnetrs50", .blocks = bottleneck, .depths = {3, 4, 6, 3}, .stem = Stem::deep, .avg_down = true, .attention = Attention::se, .se_ratio = 0.25, .stem_conv_pool = true, .tag = "tf_in1k", .preprocessing = {.input_size = 160, .test_input_size = 224, .crop_pct = 0.91}},
    {.name = "resnetrs101", .blocks = bottleneck, .depths = {3, 4, 23, 3}, .stem = Stem::deep, .avg_down = true, .attention = Attention::se, .se_ratio = 0.25, .stem_conv_pool = true, .tag = "tf_in1k", .preprocessing = {.input_size = 192, .test_input_size = 288, .crop_pct = 0.94}},
    {.name = "resnetrs152", .blocks = bottleneck, .depths = {3, 8, 36, 3}, .stem = Stem::deep, .avg_down = true, .attention = Attention::se, .se_ratio = 0.25, .stem_conv_pool = true, .tag = "tf_in1k", .preprocessing = {.input_size = 256, .test_input_size = 320, .crop_pct = 1.0}},
    {.name = "resnetrs200", .blocks = bottleneck, .depths = {3, 24, 36, 3}, .stem = Stem::deep, .avg_down = true, .attention = Attention::se, .se_ratio = 0.25, .stem_conv_pool = true, .tag = "tf_in1k", .preprocessing = {.input_size = 256, .test_input_size = 320, .crop_pct = 1.0}},
    {.name = "resnetrs270", .blocks = bottleneck, .depths = {4, 29, 53, 4}, .stem = Stem::deep, .avg_down = true, .attention = Attention::se, .se_ratio = 0.25, .stem_conv_pool = true, .tag = "tf_in1k", .preprocessing = {.input_size = 256, .test_input_size = 352, .crop_pct = 1.0}},
    {.name = "resnetrs350", .blocks = bottleneck, .depths = {4, 36, 72, 4}, .stem = Stem::deep, .avg_down = true, .attention = Attention::se, .se_ratio = 0.25, .stem_conv_pool = true, .tag = "tf_in1k", .preprocessing = {.input_size = 288, .test_input_size = 384, .crop_pct = 1.0}},
    {.name = "resnetrs420", .blocks = bottleneck, .depths = {4, 44, 87, 4}, .stem = Stem::deep, .avg_down = true, .attention = Attention::se, .se_ratio = 0.25, .stem_conv_pool = true, .tag = "tf_in1k", .preprocessing = {.input_size = 320, .test_input_size = 416, .crop_pct = 1.0}},
    {.name = "test_resnet", .blocks = {Block::basic, Block::basic, Block::bottleneck, Block::basic}, .depths = {1, 1, 1, 1}, .widths = {32, 48, 48, 96}, .stem = Stem::deep, .stem_width = 16, .avg_down = true, .tag = "r160_in1k", .preprocessing = {.input_size = 160, .interpolation = Interpolation::bilinear, .crop_pct = 0.95, .mean = half_mean, .std = half_std}},
};
// clang-format on

inline constexpr Family family{"resnet", variants};

std::shared_ptr<Network> build(const Variant& variant, const BuildOptions& options);

}  // namespace archsweep::archs::resnet
