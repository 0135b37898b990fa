#pragma once

// Normaliser-free networks: residual networks without norms, whose convolutions standardise their
// weights and whose scales keep the variance of the signal known. NF-ResNet, NF-RegNet, NFNet.
// Papers: https://arxiv.org/abs/2101.08692, https://arxiv.org/abs/2102.06171 (NFNet).
// Source: timm/models/nfnet.py. Widths are rounded to a multiple of 8; timm's own NFNets multiply
// the activation's gain into the weights.

#include "archs/family.h"
#include "archs/layers/act.h"

namespace archsweep::archs::nfnet {

enum class Stem {
  conv7x7_pool,
  conv3x3,
  deep  // four 3x3
};
enum class Attention { none, se, eca };

// What the variants of one kind share.
struct Design {
  Stem stem = Stem::deep;
  int stem_width = 128;     // 0: the first stage's
  double width = 1;         // multiplies every width
  int group_width = 128;    // channels in a group of the 3x3; 0: all
  double bottleneck = 0.5;  // width of the 3x3 over that of the block
  bool extra_conv = true;   // a second 3x3
  bool inverted = false;    // RegNet's block: bottleneck counts from the width of its input, and
                            // attention comes before the last convolution, not after it
  Attention attention = Attention::se;
  double se_ratio = 0.5;  // squeezed width over width
  double last = 2;        // width of the last convolution over the last stage's; 0: none
  Act act = Act::gelu;
  bool deepmind = false;  // as published in JAX: gain in the activations, TensorFlow's padding, and
                          // a learned factor of each residual that starts at zero
};

inline constexpr Design f{};
inline constexpr Design deepmind_f{.deepmind = true};

// timm's lighter ones.
constexpr Design light(Attention attention, double last, int group_width = 64) {
  return {.group_width = group_width,
          .bottleneck = 0.25,
          .attention = attention,
          .se_ratio = 0.25,
          .last = last,
          .act = Act::silu};
}

inline constexpr Design regnet{.stem = Stem::conv3x3,
                               .stem_width = 0,
                               .width = 0.75,
                               .group_width = 8,
                               .bottleneck = 2.25,
                               .extra_conv = false,
                               .inverted = true,
                               .last = 1280.0 / 440,
                               .act = Act::silu};

constexpr Design resnet(Attention attention) {
  return {.stem = Stem::conv7x7_pool,
          .stem_width = 64,
          .group_width = 0,
          .bottleneck = 0.25,
          .extra_conv = false,
          .attention = attention,
          .se_ratio = 1.0 / 16,
          .last = 0,
          .act = Act::relu};
}

inline constexpr std::array<int, 4> resnet_widths{256, 512, 1024, 2048};

struct Variant {
  std::string_view name;
  Design design = f;
  std::array<int, 4> depths{};  // blocks in each stage
  std::array<int, 4> widths{256, 512, 1536, 1536};
  std::string_view tag = "";
  Preprocessing preprocessing = {};
};

constexpr Preprocessing images(int size, int test_size = 0, double crop = 0.9) {
  return {.input_size = size, .test_input_size = test_size, .crop_pct = crop};
}

constexpr Preprocessing squashed(int size, int test_size, double crop) {
  auto p = images(size, test_size, crop);
  p.crop_mode = "squash";
  return p;
}

// Best at a larger size, whole.
constexpr Preprocessing light_images(int size, int test_size) {
  auto p = images(size, test_size);
  p.test_crop_pct = 1;
  return p;
}

// clang-format off
inline constexpr Variant variants[] = {
    {.name = "dm_nfnet_f0", .design = deepmind_f, .depths = {1, 2, 6, 3}, .tag = "dm_in1k", .preprocessing = squashed(192, 256, 0.9)},
    {.name = "dm_nfnet_f1", .design = deepmind_f, .depths = {2, 4, 12, 6}, .tag = "dm_in1k", .preprocessing = squashed(224, 320, 0.91)},
    {.name = "dm_nfnet_f2", .design = deepmind_f, .depths = {3, 6, 18, 9}, .tag = "dm_in1k", .preprocessing = squashed(256, 352, 0.92)},
    {.name = "dm_nfnet_f3", .design = deepmind_f, .depths = {4, 8, 24, 12}, .tag = "dm_in1k", .preprocessing = squashed(320, 416, 0.94)},
    {.name = "dm_nfnet_f4", .design = deepmind_f, .depths = {5, 10, 30, 15}, .tag = "dm_in1k", .preprocessing = squashed(384, 512, 0.951)},
    {.name = "dm_nfnet_f5", .design = deepmind_f, .depths = {6, 12, 36, 18}, .tag = "dm_in1k", .preprocessing = squashed(416, 544, 0.954)},
    {.name = "dm_nfnet_f6", .design = deepmind_f, .depths = {7, 14, 42, 21}, .tag = "dm_in1k", .preprocessing = squashed(448, 576, 0.956)},

    {.name = "nfnet_f0", .depths = {1, 2, 6, 3}, .preprocessing = images(192, 256)},
    {.name = "nfnet_f1", .depths = {2, 4, 12, 6}, .preprocessing = images(224, 320)},
    {.name = "nfnet_f2", .depths = {3, 6, 18, 9}, .preprocessing = images(256, 352)},
    {.name = "nfnet_f3", .depths = {4, 8, 24, 12}, .preprocessing = images(320, 416)},
    {.name = "nfnet_f4", .depths = {5, 10, 30, 15}, .preprocessing = images(384, 512)},
    {.name = "nfnet_f5", .depths = {6, 12, 36, 18}, .preprocessing = images(416, 544)},
    {.name = "nfnet_f6", .depths = {7, 14, 42, 21}, .preprocessing = images(448, 576)},
    {.name = "nfnet_f7", .depths = {8, 16, 48, 24}, .preprocessing = images(480, 608)},

    {.name = "nfnet_l0", .design = light(Attention::se, 1.5), .depths = {1, 2, 6, 3}, .tag = "ra2_in1k", .preprocessing = light_images(224, 288)},
    {.name = "eca_nfnet_l0", .design = light(Attention::eca, 1.5), .depths = {1, 2, 6, 3}, .tag = "ra2_in1k", .preprocessing = light_images(224, 288)},
    {.name = "eca_nfnet_l1", .design = light(Attention::eca, 2), .depths = {2, 4, 12, 6}, .tag = "ra2_in1k", .preprocessing = light_images(256, 320)},
    {.name = "eca_nfnet_l2", .design = light(Attention::eca, 2), .depths = {3, 6, 18, 9}, .tag = "ra3_in1k", .preprocessing = light_images(320, 384)},
    {.name = "eca_nfnet_l3", .design = light(Attention::eca, 2), .depths = {4, 8, 24, 12}, .preprocessing = light_images(352, 448)},

    {.name = "nf_regnet_b0", .design = regnet, .depths = {1, 3, 6, 6}, .widths = {48, 104, 208, 440}, .preprocessing = images(192, 256)},
    {.name = "nf_regnet_b1", .design = regnet, .depths = {2, 4, 7, 7}, .widths = {48, 104, 208, 440}, .tag = "ra2_in1k", .preprocessing = images(256, 288)},
    {.name = "nf_regnet_b2", .design = regnet, .depths = {2, 4, 8, 8}, .widths = {56, 112, 232, 488}, .preprocessing = images(240, 272)},
    {.name = "nf_regnet_b3", .design = regnet, .depths = {2, 5, 9, 9}, .widths = {56, 128, 248, 528}, .preprocessing = images(288, 320)},
    {.name = "nf_regnet_b4", .design = regnet, .depths = {2, 6, 11, 11}, .widths = {64, 144, 288, 616}, .preprocessing = images(320, 384)},
    {.name = "nf_regnet_b5", .design = regnet, .depths = {3, 7, 14, 14}, .widths = {80, 168, 336, 704}, .preprocessing = images(384, 456)},

    {.name = "nf_resnet26", .design = resnet(Attention::none), .depths = {2, 2, 2, 2}, .widths = resnet_widths, .preprocessing = images(224)},
    {.name = "nf_resnet50", .design = resnet(Attention::none), .depths = {3, 4, 6, 3}, .widths = resnet_widths, .tag = "ra2_in1k", .preprocessing = images(256, 288, 0.94)},
    {.name = "nf_resnet101", .design = resnet(Attention::none), .depths = {3, 4, 23, 3}, .widths = resnet_widths, .preprocessing = images(224)},
    {.name = "nf_seresnet26", .design = resnet(Attention::se), .depths = {2, 2, 2, 2}, .widths = resnet_widths, .preprocessing = images(224)},
    {.name = "nf_seresnet50", .design = resnet(Attention::se), .depths = {3, 4, 6, 3}, .widths = resnet_widths, .preprocessing = images(224)},
    {.name = "nf_seresnet101", .design = resnet(Attention::se), .depths = {3, 4, 23, 3}, .widths = resnet_widths, .preprocessing = images(224)},
    {.name = "nf_ecaresnet26", .design = resnet(Attention::eca), .depths = {2, 2, 2, 2}, .widths = resnet_widths, .preprocessing = images(224)},
    {.name = "nf_ecaresnet50", .design = resnet(Attention::eca), .depths = {3, 4, 6, 3}, .widths = resnet_widths, .preprocessing = images(224)},
    {.name = "nf_ecaresnet101", .design = resnet(Attention::eca), .depths = {3, 4, 23, 3}, .widths = resnet_widths, .preprocessing = images(224)},

    {.name = "test_nfnet", .design = light(Attention::se, 1.5, 8), .depths = {1, 1, 1, 1}, .widths = {32, 64, 96, 128}, .tag = "r160_in1k",
     .preprocessing = {.input_size = 160, .crop_pct = 0.95, .mean = half_mean, .std = half_std}},
};
// clang-format on

inline constexpr Family family{"nfnet", variants};

std::shared_ptr<Network> build(const Variant& variant, const BuildOptions& options);

}  // namespace archsweep::archs::nfnet
