#pragma once

// Networks with EfficientNet's head: a last, wide convolution, then pooling.
// Papers: MobileNetV1, https://arxiv.org/abs/1704.04861; V2, https://arxiv.org/abs/1801.04381;
//         MnasNet, https://arxiv.org/abs/1807.11626; FBNet, https://arxiv.org/abs/1812.03443;
//         Single-Path NAS, https://arxiv.org/abs/1904.02877; CondConv,
//         https://arxiv.org/abs/1904.04971; EfficientNet, https://arxiv.org/abs/1905.11946; MixNet,
//         https://arxiv.org/abs/1907.09595; pruned, https://arxiv.org/abs/2002.08258; TinyNet,
//         https://arxiv.org/abs/2010.14819; EfficientNet-X, https://arxiv.org/abs/2102.05610; V2,
//         https://arxiv.org/abs/2104.00298; MobileNet-EdgeTPU-V2, https://arxiv.org/abs/2204.14007
// Source: timm/models/efficientnet.py.

#include <array>
#include <span>
#include <string_view>

#include "archs/family.h"
#include "archs/layers/mobile_plan.h"

namespace archsweep::archs::efficientnet {

using mobile::Stage;

namespace stages {

using namespace mobile;

inline constexpr Extra no_skip{.skip = false};
inline constexpr Extra squeeze{.squeeze = 0.25};

// clang-format off
// Numbers: repeats, kernel (mixed: number of kernels), stride, expansion (not of depthwise), width.
inline constexpr Stage mobilenet_v1[] = {
    {plain_depthwise(1, 3, 1, 64)},
    {plain_depthwise(2, 3, 2, 128)},
    {plain_depthwise(2, 3, 2, 256)},
    {plain_depthwise(6, 3, 2, 512)},
    {plain_depthwise(2, 3, 2, 1024)},
};
inline constexpr Stage mobilenet_v2[] = {
    {depthwise(1, 3, 1, 16)},
    {inverted(2, 3, 2, 6, 24)},
    {inverted(3, 3, 2, 6, 32)},
    {inverted(4, 3, 2, 6, 64)},
    {inverted(3, 3, 1, 6, 96)},
    {inverted(3, 3, 2, 6, 160)},
    {inverted(1, 3, 1, 6, 320)},
};
inline constexpr Stage mnasnet_a1[] = {
    {depthwise(1, 3, 1, 16, no_skip)},
    {inverted(2, 3, 2, 6, 24)},
    {inverted(3, 5, 2, 3, 40, squeeze)},
    {inverted(4, 3, 2, 6, 80)},
    {inverted(2, 3, 1, 6, 112, squeeze)},
    {inverted(3, 5, 2, 6, 160, squeeze)},
    {inverted(1, 3, 1, 6, 320)},
};
inline constexpr Stage mnasnet_b1[] = {
    {depthwise(1, 3, 1, 16, no_skip)},
    {inverted(3, 3, 2, 3, 24)},
    {inverted(3, 5, 2, 3, 40)},
    {inverted(3, 5, 2, 6, 80)},
    {inverted(2, 3, 1, 6, 96)},
    {inverted(4, 5, 2, 6, 192)},
    {inverted(1, 3, 1, 6, 320, no_skip)},
};
inline constexpr Stage mnasnet_small[] = {
    {depthwise(1, 3, 1, 8)},
    {inverted(1, 3, 2, 3, 16)},
    {inverted(2, 3, 2, 6, 16)},
    {inverted(4, 5, 2, 6, 32, squeeze)},
    {inverted(3, 3, 1, 6, 32, squeeze)},
    {inverted(3, 5, 2, 6, 88, squeeze)},
    {inverted(1, 3, 1, 6, 144)},
};
inline constexpr Stage fbnet_c[] = {
    {inverted(1, 3, 1, 1, 16)},
    {inverted(1, 3, 2, 6, 24), inverted(2, 3, 1, 1, 24)},
    {inverted(1, 5, 2, 6, 32), inverted(1, 5, 1, 3, 32), inverted(1, 5, 1, 6, 32), inverted(1, 3, 1, 6, 32)},
    {inverted(1, 5, 2, 6, 64), inverted(1, 5, 1, 3, 64), inverted(2, 5, 1, 6, 64)},
    {inverted(3, 5, 1, 6, 112), inverted(1, 5, 1, 3, 112)},
    {inverted(4, 5, 2, 6, 184)},
    {inverted(1, 3, 1, 6, 352)},
};
inline constexpr Stage single_path[] = {
    {depthwise(1, 3, 1, 16, no_skip)},
    {inverted(3, 3, 2, 3, 24)},
    {inverted(1, 5, 2, 6, 40), inverted(3, 3, 1, 3, 40)},
    {inverted(1, 5, 2, 6, 80), inverted(3, 3, 1, 3, 80)},
    {inverted(1, 5, 1, 6, 96), inverted(3, 5, 1, 3, 96)},
    {inverted(4, 5, 2, 6, 192)},
    {inverted(1, 3, 1, 6, 320, no_skip)},
};
// EfficientNet's baseline, B0; its last three stages perhaps with experts.
constexpr std::array<Stage, 7> baseline(Extra extra, int experts = 0) {
  const Extra early = extra;
  extra.experts = experts;
  return {Stage{depthwise(1, 3, 1, 16, early)},
          Stage{inverted(2, 3, 2, 6, 24, early)},
          Stage{inverted(2, 5, 2, 6, 40, early)},
          Stage{inverted(3, 3, 2, 6, 80, early)},
          Stage{inverted(3, 5, 1, 6, 112, extra)},
          Stage{inverted(4, 5, 2, 6, 192, extra)},
          Stage{inverted(1, 3, 1, 6, 320, extra)}};
}
inline constexpr auto plain = baseline({});
inline constexpr auto squeezed = baseline(squeeze);
inline constexpr auto experts_4 = baseline(squeeze, 4);
inline constexpr auto experts_8 = baseline(squeeze, 8);
// EfficientNet-X: the baseline with space to depth and fused blocks; `expansion` is the early ones'.
constexpr std::array<Stage, 7> x_stages(double expansion) {
  const Extra squeeze_relu{.squeeze = 0.25, .act = Act::relu};
  return {Stage{packed(depthwise(1, 3, 1, 16, squeeze))},
          Stage{edge(2, 3, 2, expansion, 24, squeeze_relu)},
          Stage{edge(2, 5, 2, expansion, 40, squeeze_relu)},
          Stage{inverted(3, 3, 2, expansion, 80, squeeze)},
          Stage{inverted(3, 5, 1, 6, 112, squeeze)},
          Stage{inverted(4, 5, 2, 6, 192, squeeze)},
          Stage{inverted(1, 3, 1, 6, 320, squeeze)}};
}
inline constexpr auto x = x_stages(6);
inline constexpr auto h = x_stages(4);
inline constexpr Stage edge_tpu[] = {
    {expand_from(24, edge(1, 3, 1, 4, 24, no_skip))},
    {edge(2, 3, 2, 8, 32)},
    {edge(4, 3, 2, 8, 48)},
    {inverted(5, 5, 2, 8, 96)},
    {inverted(4, 5, 1, 8, 144)},
    {inverted(2, 5, 2, 8, 192)},
};
inline constexpr Stage mobilenet_edge_tpu[] = {
    {conv(1, 1, 16)},
    {edge(1, 3, 2, 8, 32), edge(3, 3, 1, 4, 32)},
    {edge(1, 3, 2, 8, 48), edge(3, 3, 1, 4, 48)},
    {inverted(1, 3, 2, 8, 96), inverted(3, 3, 1, 4, 96)},
    {inverted(1, 3, 1, 8, 96, no_skip), inverted(3, 3, 1, 4, 96)},
    {inverted(1, 5, 2, 8, 160), inverted(3, 5, 1, 4, 160)},
    {inverted(1, 3, 1, 8, 192)},
};
// `group`: channels of a group of the fused blocks' convolutions; `w`: widths of the stages.
constexpr std::array<Stage, 7> mobilenet_edge_tpu_v2(int group, std::array<int, 7> w) {
  return {Stage{conv(1, 1, w[0])},
          Stage{edge(1, 3, 2, 8, w[1]), grouped(group, edge(1, 3, 1, 4, w[1]))},
          Stage{edge(1, 3, 2, 8, w[2]), grouped(group, edge(1, 3, 1, 4, w[2])),
                edge(1, 3, 1, 4, w[2]), grouped(group, edge(1, 3, 1, 4, w[2]))},
          Stage{edge(1, 3, 2, 8, w[3]), inverted(3, 3, 1, 4, w[3])},
          Stage{inverted(1, 3, 1, 8, w[4]), inverted(3, 3, 1, 4, w[4])},
          Stage{inverted(1, 3, 2, 8, w[5]), inverted(3, 3, 1, 4, w[5])},
          Stage{inverted(1, 3, 1, 8, w[6])}};
}
inline constexpr auto mobilenet_edge_tpu_v2_xs = mobilenet_edge_tpu_v2(64, {16, 32, 48, 96, 144, 160, 192});
inline constexpr auto mobilenet_edge_tpu_v2_s = mobilenet_edge_tpu_v2(64, {24, 48, 64, 128, 160, 192, 256});
inline constexpr auto mobilenet_edge_tpu_v2_m = mobilenet_edge_tpu_v2(64, {32, 64, 80, 160, 192, 240, 320});
inline constexpr auto mobilenet_edge_tpu_v2_l = mobilenet_edge_tpu_v2(128, {32, 64, 96, 192, 240, 256, 384});
inline constexpr Stage v2_base[] = {
    {skip_conv(1, 3, 1, 16)},
    {edge(2, 3, 2, 4, 32)},
    {edge(2, 3, 2, 4, 48)},
    {inverted(3, 3, 2, 4, 96, squeeze)},
    {inverted(5, 3, 1, 6, 112, squeeze)},
    {inverted(8, 3, 2, 6, 192, squeeze)},
};
inline constexpr Stage v2_small[] = {
    {skip_conv(2, 3, 1, 24)},
    {edge(4, 3, 2, 4, 48)},
    {edge(4, 3, 2, 4, 64)},
    {inverted(6, 3, 2, 4, 128, squeeze)},
    {inverted(9, 3, 1, 6, 160, squeeze)},
    {inverted(15, 3, 2, 6, 256, squeeze)},
};
inline constexpr Stage v2_medium[] = {
    {skip_conv(3, 3, 1, 24)},
    {edge(5, 3, 2, 4, 48)},
    {edge(5, 3, 2, 4, 80)},
    {inverted(7, 3, 2, 4, 160, squeeze)},
    {inverted(14, 3, 1, 6, 176, squeeze)},
    {inverted(18, 3, 2, 6, 304, squeeze)},
    {inverted(5, 3, 1, 6, 512, squeeze)},
};
inline constexpr Stage v2_large[] = {
    {skip_conv(4, 3, 1, 32)},
    {edge(7, 3, 2, 4, 64)},
    {edge(7, 3, 2, 4, 96)},
    {inverted(10, 3, 2, 4, 192, squeeze)},
    {inverted(19, 3, 1, 6, 224, squeeze)},
    {inverted(25, 3, 2, 6, 384, squeeze)},
    {inverted(7, 3, 1, 6, 640, squeeze)},
};
inline constexpr Stage v2_xlarge[] = {
    {skip_conv(4, 3, 1, 32)},
    {edge(8, 3, 2, 4, 64)},
    {edge(8, 3, 2, 4, 96)},
    {inverted(16, 3, 2, 4, 192, squeeze)},
    {inverted(24, 3, 1, 6, 256, squeeze)},
    {inverted(32, 3, 2, 6, 512, squeeze)},
    {inverted(8, 3, 1, 6, 640, squeeze)},
};
inline constexpr Stage rw_small[] = {  // timm's first reading of the paper
    {edge(2, 3, 1, 1, 24)},
    {edge(4, 3, 2, 4, 48)},
    {edge(4, 3, 2, 4, 64)},
    {inverted(6, 3, 2, 4, 128, squeeze)},
    {inverted(9, 3, 1, 6, 160, squeeze)},
    {inverted(15, 3, 2, 6, 272, squeeze)},
};
inline constexpr Stage rw_medium[] = {  // the same, deeper by 1.2, late by 1.6
    {edge(3, 3, 1, 1, 24)},
    {edge(5, 3, 2, 4, 48)},
    {edge(5, 3, 2, 4, 64)},
    {inverted(8, 3, 2, 4, 128, squeeze)},
    {inverted(15, 3, 1, 6, 160, squeeze)},
    {inverted(24, 3, 2, 6, 272, squeeze)},
};
// MixNet: names say which pointwise convolutions are split, before or after the depthwise ones.
inline constexpr Extra split{.split_expansion = true, .split_projection = true};
inline constexpr Extra half{.squeeze = 0.5, .act = Act::silu};
inline constexpr Extra half_after{.squeeze = 0.5, .act = Act::silu, .split_projection = true};
inline constexpr Extra half_split{.squeeze = 0.5, .act = Act::silu, .split_expansion = true, .split_projection = true};
inline constexpr Extra quarter{.squeeze = 0.25, .act = Act::silu};
inline constexpr Extra quarter_after{.squeeze = 0.25, .act = Act::silu, .split_projection = true};
inline constexpr Extra quarter_split{.squeeze = 0.25, .act = Act::silu, .split_expansion = true, .split_projection = true};
inline constexpr Stage mixnet_small[] = {
    {depthwise(1, 3, 1, 16)},
    {mixed(1, 1, 2, 6, 24, split), mixed(1, 1, 1, 3, 24, split)},
    {mixed(1, 3, 2, 6, 40, half), mixed(3, 2, 1, 6, 40, half_split)},
    {mixed(1, 3, 2, 6, 80, quarter_after), mixed(2, 2, 1, 6, 80, quarter_after)},
    {mixed(1, 3, 1, 6, 120, half_split), mixed(2, 4, 1, 3, 120, half_split)},
    {mixed(1, 5, 2, 6, 200, half), mixed(2, 4, 1, 6, 200, half_after)},
};
inline constexpr Stage mixnet_medium[] = {
    {depthwise(1, 3, 1, 24)},
    {mixed(1, 3, 2, 6, 32, split), mixed(1, 1, 1, 3, 32, split)},
    {mixed(1, 4, 2, 6, 40, half), mixed(3, 2, 1, 6, 40, half_split)},
    {mixed(1, 3, 2, 6, 80, quarter), mixed(3, 4, 1, 6, 80, quarter_split)},
    {mixed(1, 1, 1, 6, 120, half), mixed(3, 4, 1, 3, 120, half_split)},
    {mixed(1, 4, 2, 6, 200, half), mixed(3, 4, 1, 6, 200, half_after)},
};
inline constexpr Stage test[] = {
    {skip_conv(1, 3, 1, 16)},
    {edge(1, 3, 2, 4, 24)},
    {edge(1, 3, 2, 4, 32)},
    {inverted(1, 3, 2, 4, 48, squeeze)},
    {inverted(1, 3, 2, 4, 64, squeeze)},
};

// Pruned: widths expanded, squeezed and out of every block.
inline constexpr PrunedBlock pruned_b1[] = {
    {32, 8, 16}, {16, 4, 16},
    {48, 4, 12}, {62, 6, 12}, {48, 6, 12},
    {70, 6, 35}, {61, 10, 35}, {51, 10, 35},
    {175, 10, 74}, {188, 20, 74}, {137, 20, 74}, {164, 20, 74},
    {399, 20, 67}, {201, 28, 67}, {160, 28, 67}, {213, 28, 67},
    {637, 27, 192}, {806, 48, 192}, {798, 48, 192}, {891, 48, 192}, {990, 48, 192},
    {1152, 48, 320}, {1912, 80, 320},
};
inline constexpr PrunedBlock pruned_b2[] = {
    {32, 8, 16}, {16, 4, 16},
    {54, 4, 17}, {69, 6, 17}, {61, 6, 17},
    {86, 6, 42}, {72, 12, 42}, {98, 12, 42},
    {245, 12, 85}, {274, 22, 85}, {254, 22, 85}, {292, 22, 85},
    {502, 22, 116}, {315, 30, 116}, {354, 30, 116}, {443, 30, 116},
    {719, 30, 208}, {1148, 52, 208}, {1160, 52, 208}, {1182, 52, 208}, {1228, 52, 208},
    {1248, 52, 352}, {2112, 88, 352},
};
inline constexpr PrunedBlock pruned_b3[] = {
    {40, 10, 24}, {24, 6, 24},
    {27, 6, 12}, {49, 8, 12}, {48, 8, 12},
    {83, 8, 40}, {90, 12, 40}, {85, 12, 40},
    {215, 12, 93}, {261, 24, 93}, {219, 24, 93}, {254, 24, 93}, {236, 24, 93},
    {480, 24, 120}, {235, 34, 120}, {217, 34, 120}, {226, 33, 120}, {340, 34, 120},
    {802, 34, 232}, {1030, 58, 232}, {924, 58, 232}, {1016, 58, 232}, {1130, 58, 232}, {1266, 58, 232},
    {1392, 58, 384}, {2301, 96, 384},
};
// clang-format on

}  // namespace stages

enum class HeadWidth {
  fixed,
  scaled,  // by the width multiplier
  grown    // the same, but never narrower
};

// What the variants of one paper share.
struct Design {
  std::span<const Stage> stages;
  mobile::Style style;
  int stem = 32;
  int stem_kernel = 3;
  bool fix_stem = false;  // whatever the width multiplier
  int head = 1280;        // width of the last convolution; 0: none
  HeadWidth head_width = HeadWidth::scaled;
};

// Small changes to a design.
constexpr Design tensorflow(Design design) {
  design.style = mobile::tensorflow(design.style);
  return design;
}
constexpr Design normed(Design design, mobile::NormLayer norm, int group = 8) {
  design.style.norm = norm;
  design.style.norm_group = group;
  return design;
}
constexpr Design grouped(Design design, int group) {  // the depthwise convolutions
  design.style.depthwise_group = group;
  return design;
}
constexpr Design blurred(Design design) {
  design.style.downsample = mobile::Downsample::blur;
  return design;
}
constexpr Design with_global_context(Design design) {
  design.style.global_context = true;
  return design;
}
constexpr Design multiples_of_16(Design design) {
  design.style.divisor = 16;
  return design;
}
constexpr Design nearest_widths(Design design) {  // whatever is lost by rounding down
  design.style.round_limit = 0;
  return design;
}
constexpr Design nearest_depths(Design design) {
  design.style.depth_rounding = mobile::DepthRounding::nearest;
  return design;
}
// The multipliers leave the stem, the head and the depths of the first and last stage alone.
constexpr Design fixed_ends(Design design) {
  design.fix_stem = true;
  design.head_width = HeadWidth::fixed;
  design.style.fix_ends = true;
  return design;
}

constexpr mobile::Style style(Act act) {
  return {.act = act, .squeeze_from_input = true, .squeeze_gate = Act::sigmoid};
}

inline constexpr Design mobilenet_v1{
    .stages = stages::mobilenet_v1, .style = style(Act::relu6), .head = 0};
inline constexpr Design mobilenet_v1_head{
    .stages = stages::mobilenet_v1, .style = style(Act::relu6), .head = 1024};
inline constexpr Design mobilenet_v2{
    .stages = stages::mobilenet_v2, .style = style(Act::relu6), .head_width = HeadWidth::grown};
inline constexpr Design mobilenet_v2_deep = fixed_ends(mobilenet_v2);

constexpr Design searched(std::span<const Stage> stages, int stem, int head) {
  return {.stages = stages,
          .style = style(Act::relu),
          .stem = stem,
          .head = head,
          .head_width = HeadWidth::fixed};
}
inline constexpr Design mnasnet_a1 = searched(stages::mnasnet_a1, 32, 1280);
inline constexpr Design mnasnet_b1 = searched(stages::mnasnet_b1, 32, 1280);
inline constexpr Design mnasnet_small = searched(stages::mnasnet_small, 8, 1280);
inline constexpr Design fbnet_c = searched(stages::fbnet_c, 16, 1984);
inline constexpr Design single_path = searched(stages::single_path, 32, 1280);
inline constexpr Design mixnet_small = searched(stages::mixnet_small, 16, 1536);
inline constexpr Design mixnet_medium = nearest_depths(searched(stages::mixnet_medium, 24, 1536));
inline constexpr Design tf_mixnet_small = tensorflow(mixnet_small);
inline constexpr Design tf_mixnet_medium = tensorflow(mixnet_medium);

inline constexpr Design efficientnet{.stages = stages::squeezed, .style = style(Act::silu)};
inline constexpr Design tf_efficientnet = tensorflow(efficientnet);
inline constexpr Design blur = blurred(efficientnet);
inline constexpr Design gn8 = normed(efficientnet, mobile::NormLayer::group);
inline constexpr Design g8_gn8 = grouped(gn8, 8);
inline constexpr Design g16 = grouped(multiples_of_16(efficientnet), 16);
inline constexpr Design gn16 = normed(multiples_of_16(efficientnet), mobile::NormLayer::group, 16);
inline constexpr Design g8_gn16 = grouped(gn16, 8);
inline constexpr Design lite = fixed_ends({.stages = stages::plain, .style = style(Act::relu6)});
inline constexpr Design tf_lite = tensorflow(lite);
inline constexpr Design tinynet = nearest_depths({.stages = stages::squeezed,
                                                  .style = style(Act::silu),
                                                  .fix_stem = true,
                                                  .head_width = HeadWidth::grown});
inline constexpr Design condconv_4e{.stages = stages::experts_4, .style = style(Act::silu)};
inline constexpr Design condconv_8e{.stages = stages::experts_8, .style = style(Act::silu)};
inline constexpr Design tf_condconv_4e = tensorflow(condconv_4e);
inline constexpr Design tf_condconv_8e = tensorflow(condconv_8e);
inline constexpr Design x{.stages = stages::x, .style = style(Act::silu)};
inline constexpr Design h{.stages = stages::h, .style = style(Act::silu)};

constexpr Design tpu(std::span<const Stage> stages, int stem = 32, int kernel = 3,
                     int head = 1280) {
  return {.stages = stages,
          .style = style(Act::relu),
          .stem = stem,
          .stem_kernel = kernel,
          .head = head};
}
inline constexpr Design edge = tpu(stages::edge_tpu);
inline constexpr Design tf_edge = tensorflow(edge);
inline constexpr Design edgetpu = tpu(stages::mobilenet_edge_tpu);
inline constexpr Design edgetpu_v2_xs = tpu(stages::mobilenet_edge_tpu_v2_xs);
inline constexpr Design edgetpu_v2_s = tpu(stages::mobilenet_edge_tpu_v2_s, 64, 5);
inline constexpr Design edgetpu_v2_m = tpu(stages::mobilenet_edge_tpu_v2_m, 64, 5, 1344);
inline constexpr Design edgetpu_v2_l = tpu(stages::mobilenet_edge_tpu_v2_l, 64, 7, 1408);

constexpr Design v2(std::span<const Stage> stages, int stem, int head = 1280) {
  return {.stages = stages, .style = style(Act::silu), .stem = stem, .head = head};
}
inline constexpr Design v2_small = v2(stages::v2_small, 24);
inline constexpr Design v2_medium = v2(stages::v2_medium, 24);
inline constexpr Design v2_large = v2(stages::v2_large, 32);
inline constexpr Design v2_xlarge = v2(stages::v2_xlarge, 32);
inline constexpr Design gc_v2_small = with_global_context(v2_small);
inline constexpr Design rw_small = v2(stages::rw_small, 24, 1792);
inline constexpr Design rw_medium = v2(stages::rw_medium, 24, 1792);
inline constexpr Design tf_v2_base = tensorflow(nearest_widths(v2(stages::v2_base, 32)));
inline constexpr Design tf_v2_small = tensorflow(v2_small);
inline constexpr Design tf_v2_medium = tensorflow(v2_medium);
inline constexpr Design tf_v2_large = tensorflow(v2_large);
inline constexpr Design tf_v2_xlarge = tensorflow(v2_xlarge);

inline constexpr Design test = nearest_widths(v2(stages::test, 24, 256));
inline constexpr Design test_gn = normed(test, mobile::NormLayer::group);
inline constexpr Design test_ln = normed(test, mobile::NormLayer::layer);
inline constexpr Design test_evos = normed(test, mobile::NormLayer::evo);

struct Variant {
  std::string_view name;
  const Design& design;
  double width = 1;                                  // multiplies every width
  double depth = 1;                                  // multiplies the blocks of a stage
  std::span<const mobile::PrunedBlock> pruned = {};  // one a block; empty: not pruned
  std::string_view tag = "untrained";
  Preprocessing preprocessing = {};
};

// clang-format off
inline constexpr Variant variants[] = {
    {.name = "mnasnet_050", .design = mnasnet_b1, .width = 0.5},
    {.name = "mnasnet_075", .design = mnasnet_b1, .width = 0.75},
    {.name = "mnasnet_100", .design = mnasnet_b1, .tag = "rmsp_in1k"},
    {.name = "mnasnet_140", .design = mnasnet_b1, .width = 1.4},
    {.name = "semnasnet_050", .design = mnasnet_a1, .width = 0.5},
    {.name = "semnasnet_075", .design = mnasnet_a1, .width = 0.75, .tag = "rmsp_in1k"},
    {.name = "semnasnet_100", .design = mnasnet_a1, .tag = "rmsp_in1k"},
    {.name = "semnasnet_140", .design = mnasnet_a1, .width = 1.4},
    {.name = "mnasnet_small", .design = mnasnet_small, .tag = "lamb_in1k"},

    {.name = "mobilenetv1_100", .design = mobilenet_v1, .tag = "ra4_e3600_r224_in1k", .preprocessing = {.test_input_size = 256, .test_crop_pct = 0.95, .mean = half_mean, .std = half_std}},
    {.name = "mobilenetv1_100h", .design = mobilenet_v1_head, .tag = "ra4_e3600_r224_in1k", .preprocessing = {.test_input_size = 256, .test_crop_pct = 0.95, .mean = half_mean, .std = half_std}},
    {.name = "mobilenetv1_125", .design = mobilenet_v1, .width = 1.25, .tag = "ra4_e3600_r224_in1k", .preprocessing = {.test_input_size = 256, .crop_pct = 0.9, .test_crop_pct = 1, .mean = half_mean, .std = half_std}},
    {.name = "mobilenetv2_035", .design = mobilenet_v2, .width = 0.35},
    {.name = "mobilenetv2_050", .design = mobilenet_v2, .width = 0.5, .tag = "lamb_in1k"},
    {.name = "mobilenetv2_075", .design = mobilenet_v2, .width = 0.75},
    {.name = "mobilenetv2_100", .design = mobilenet_v2, .tag = "ra_in1k"},
    {.name = "mobilenetv2_140", .design = mobilenet_v2, .width = 1.4, .tag = "ra_in1k"},
    {.name = "mobilenetv2_110d", .design = mobilenet_v2_deep, .width = 1.1, .depth = 1.2, .tag = "ra_in1k"},
    {.name = "mobilenetv2_120d", .design = mobilenet_v2_deep, .width = 1.2, .depth = 1.4, .tag = "ra_in1k"},

    {.name = "fbnetc_100", .design = fbnet_c, .tag = "rmsp_in1k", .preprocessing = {.interpolation = Interpolation::bilinear}},
    {.name = "spnasnet_100", .design = single_path, .tag = "rmsp_in1k", .preprocessing = {.interpolation = Interpolation::bilinear}},

    {.name = "efficientnet_b0", .design = efficientnet, .tag = "ra_in1k"},
    {.name = "efficientnet_b1", .design = efficientnet, .depth = 1.1, .tag = "ra4_e3600_r240_in1k", .preprocessing = {.input_size = 240, .test_input_size = 288, .crop_pct = 0.9, .test_crop_pct = 1, .mean = half_mean, .std = half_std}},
    {.name = "efficientnet_b2", .design = efficientnet, .width = 1.1, .depth = 1.2, .tag = "ra_in1k", .preprocessing = {.input_size = 256, .test_input_size = 288, .test_crop_pct = 1}},
    {.name = "efficientnet_b3", .design = efficientnet, .width = 1.2, .depth = 1.4, .tag = "ra2_in1k", .preprocessing = {.input_size = 288, .test_input_size = 320, .test_crop_pct = 1}},
    {.name = "efficientnet_b4", .design = efficientnet, .width = 1.4, .depth = 1.8, .tag = "ra2_in1k", .preprocessing = {.input_size = 320, .test_input_size = 384, .test_crop_pct = 1}},
    {.name = "efficientnet_b5", .design = efficientnet, .width = 1.6, .depth = 2.2, .tag = "sw_in12k_ft_in1k", .preprocessing = {.input_size = 448, .crop_pct = 1, .crop_mode = "squash"}},
    {.name = "efficientnet_b6", .design = efficientnet, .width = 1.8, .depth = 2.6, .preprocessing = {.input_size = 528, .crop_pct = 0.942}},
    {.name = "efficientnet_b7", .design = efficientnet, .width = 2, .depth = 3.1, .preprocessing = {.input_size = 600, .crop_pct = 0.949}},
    {.name = "efficientnet_b8", .design = efficientnet, .width = 2.2, .depth = 3.6, .preprocessing = {.input_size = 672, .crop_pct = 0.954}},
    {.name = "efficientnet_l2", .design = efficientnet, .width = 4.3, .depth = 5.3, .preprocessing = {.input_size = 800, .crop_pct = 0.961}},

    {.name = "efficientnet_b0_gn", .design = gn8},
    {.name = "efficientnet_b0_g8_gn", .design = g8_gn8},
    {.name = "efficientnet_b0_g16_evos", .design = g16},
    {.name = "efficientnet_b3_gn", .design = gn16, .width = 1.2, .depth = 1.4, .preprocessing = {.input_size = 288, .test_input_size = 320, .crop_pct = 1}},
    {.name = "efficientnet_b3_g8_gn", .design = g8_gn16, .width = 1.2, .depth = 1.4, .preprocessing = {.input_size = 288, .test_input_size = 320, .crop_pct = 1}},
    {.name = "efficientnet_blur_b0", .design = blur},

    {.name = "efficientnet_es", .design = edge, .tag = "ra_in1k"},
    {.name = "efficientnet_es_pruned", .design = edge, .tag = "in1k"},
    {.name = "efficientnet_em", .design = edge, .depth = 1.1, .tag = "ra2_in1k", .preprocessing = {.input_size = 240, .crop_pct = 0.882}},
    {.name = "efficientnet_el", .design = edge, .width = 1.2, .depth = 1.4, .tag = "ra_in1k", .preprocessing = {.input_size = 300, .crop_pct = 0.904}},
    {.name = "efficientnet_el_pruned", .design = edge, .width = 1.2, .depth = 1.4, .tag = "in1k", .preprocessing = {.input_size = 300, .crop_pct = 0.904}},

    {.name = "efficientnet_cc_b0_4e", .design = condconv_4e},
    {.name = "efficientnet_cc_b0_8e", .design = condconv_8e},
    {.name = "efficientnet_cc_b1_8e", .design = condconv_8e, .depth = 1.1, .preprocessing = {.input_size = 240, .crop_pct = 0.882}},

    {.name = "efficientnet_lite0", .design = lite, .tag = "ra_in1k"},
    {.name = "efficientnet_lite1", .design = lite, .depth = 1.1, .preprocessing = {.input_size = 240, .crop_pct = 0.882}},
    {.name = "efficientnet_lite2", .design = lite, .width = 1.1, .depth = 1.2, .preprocessing = {.input_size = 260, .crop_pct = 0.89}},
    {.name = "efficientnet_lite3", .design = lite, .width = 1.2, .depth = 1.4, .preprocessing = {.input_size = 300, .crop_pct = 0.904}},
    {.name = "efficientnet_lite4", .design = lite, .width = 1.4, .depth = 1.8, .preprocessing = {.input_size = 380, .crop_pct = 0.922}},

    {.name = "efficientnet_b1_pruned", .design = tf_efficientnet, .depth = 1.1, .pruned = stages::pruned_b1, .tag = "in1k", .preprocessing = {.input_size = 240, .crop_pct = 0.882, .mean = half_mean, .std = half_std}},
    {.name = "efficientnet_b2_pruned", .design = tf_efficientnet, .width = 1.1, .depth = 1.2, .pruned = stages::pruned_b2, .tag = "in1k", .preprocessing = {.input_size = 260, .crop_pct = 0.89, .mean = half_mean, .std = half_std}},
    {.name = "efficientnet_b3_pruned", .design = tf_efficientnet, .width = 1.2, .depth = 1.4, .pruned = stages::pruned_b3, .tag = "in1k", .preprocessing = {.input_size = 300, .crop_pct = 0.904, .mean = half_mean, .std = half_std}},

    {.name = "efficientnetv2_rw_t", .design = v2_small, .width = 0.8, .depth = 0.9, .tag = "ra2_in1k", .preprocessing = {.test_input_size = 288, .crop_pct = 1}},
    {.name = "gc_efficientnetv2_rw_t", .design = gc_v2_small, .width = 0.8, .depth = 0.9, .tag = "agc_in1k", .preprocessing = {.test_input_size = 288, .crop_pct = 1}},
    {.name = "efficientnetv2_rw_s", .design = rw_small, .tag = "ra2_in1k", .preprocessing = {.input_size = 288, .test_input_size = 384, .crop_pct = 1}},
    {.name = "efficientnetv2_rw_m", .design = rw_medium, .width = 1.2, .tag = "agc_in1k", .preprocessing = {.input_size = 320, .test_input_size = 416, .crop_pct = 1}},
    {.name = "efficientnetv2_s", .design = v2_small, .preprocessing = {.input_size = 288, .test_input_size = 384, .crop_pct = 1}},
    {.name = "efficientnetv2_m", .design = v2_medium, .preprocessing = {.input_size = 320, .test_input_size = 416, .crop_pct = 1}},
    {.name = "efficientnetv2_l", .design = v2_large, .preprocessing = {.input_size = 384, .test_input_size = 480, .crop_pct = 1}},
    {.name = "efficientnetv2_xl", .design = v2_xlarge, .preprocessing = {.input_size = 384, .test_input_size = 512, .crop_pct = 1}},

    {.name = "tf_efficientnet_b0", .design = tf_efficientnet, .tag = "ns_jft_in1k"},
    {.name = "tf_efficientnet_b1", .design = tf_efficientnet, .depth = 1.1, .tag = "ns_jft_in1k", .preprocessing = {.input_size = 240, .crop_pct = 0.882}},
    {.name = "tf_efficientnet_b2", .design = tf_efficientnet, .width = 1.1, .depth = 1.2, .tag = "ns_jft_in1k", .preprocessing = {.input_size = 260, .crop_pct = 0.89}},
    {.name = "tf_efficientnet_b3", .design = tf_efficientnet, .width = 1.2, .depth = 1.4, .tag = "ns_jft_in1k", .preprocessing = {.input_size = 300, .crop_pct = 0.904}},
    {.name = "tf_efficientnet_b4", .design = tf_efficientnet, .width = 1.4, .depth = 1.8, .tag = "ns_jft_in1k", .preprocessing = {.input_size = 380, .crop_pct = 0.922}},
    {.name = "tf_efficientnet_b5", .design = tf_efficientnet, .width = 1.6, .depth = 2.2, .tag = "ns_jft_in1k", .preprocessing = {.input_size = 456, .crop_pct = 0.934}},
    {.name = "tf_efficientnet_b6", .design = tf_efficientnet, .width = 1.8, .depth = 2.6, .tag = "ns_jft_in1k", .preprocessing = {.input_size = 528, .crop_pct = 0.942}},
    {.name = "tf_efficientnet_b7", .design = tf_efficientnet, .width = 2, .depth = 3.1, .tag = "ns_jft_in1k", .preprocessing = {.input_size = 600, .crop_pct = 0.949}},
    {.name = "tf_efficientnet_b8", .design = tf_efficientnet, .width = 2.2, .depth = 3.6, .tag = "ap_in1k", .preprocessing = {.input_size = 672, .crop_pct = 0.954, .mean = half_mean, .std = half_std}},
    {.name = "tf_efficientnet_l2", .design = tf_efficientnet, .width = 4.3, .depth = 5.3, .tag = "ns_jft_in1k_475", .preprocessing = {.input_size = 475, .crop_pct = 0.936}},

    {.name = "tf_efficientnet_es", .design = tf_edge, .tag = "in1k", .preprocessing = {.mean = half_mean, .std = half_std}},
    {.name = "tf_efficientnet_em", .design = tf_edge, .depth = 1.1, .tag = "in1k", .preprocessing = {.input_size = 240, .crop_pct = 0.882, .mean = half_mean, .std = half_std}},
    {.name = "tf_efficientnet_el", .design = tf_edge, .width = 1.2, .depth = 1.4, .tag = "in1k", .preprocessing = {.input_size = 300, .crop_pct = 0.904, .mean = half_mean, .std = half_std}},
    {.name = "tf_efficientnet_cc_b0_4e", .design = tf_condconv_4e, .tag = "in1k", .preprocessing = {.mean = half_mean, .std = half_std}},
    {.name = "tf_efficientnet_cc_b0_8e", .design = tf_condconv_8e, .tag = "in1k", .preprocessing = {.mean = half_mean, .std = half_std}},
    {.name = "tf_efficientnet_cc_b1_8e", .design = tf_condconv_8e, .depth = 1.1, .tag = "in1k", .preprocessing = {.input_size = 240, .crop_pct = 0.882, .mean = half_mean, .std = half_std}},

    {.name = "tf_efficientnet_lite0", .design = tf_lite, .tag = "in1k", .preprocessing = {.mean = half_mean, .std = half_std}},
    {.name = "tf_efficientnet_lite1", .design = tf_lite, .depth = 1.1, .tag = "in1k", .preprocessing = {.input_size = 240, .crop_pct = 0.882, .mean = half_mean, .std = half_std}},
    {.name = "tf_efficientnet_lite2", .design = tf_lite, .width = 1.1, .depth = 1.2, .tag = "in1k", .preprocessing = {.input_size = 260, .crop_pct = 0.89, .mean = half_mean, .std = half_std}},
    {.name = "tf_efficientnet_lite3", .design = tf_lite, .width = 1.2, .depth = 1.4, .tag = "in1k", .preprocessing = {.input_size = 300, .interpolation = Interpolation::bilinear, .crop_pct = 0.904, .mean = half_mean, .std = half_std}},
    {.name = "tf_efficientnet_lite4", .design = tf_lite, .width = 1.4, .depth = 1.8, .tag = "in1k", .preprocessing = {.input_size = 380, .interpolation = Interpolation::bilinear, .crop_pct = 0.92, .mean = half_mean, .std = half_std}},

    {.name = "tf_efficientnetv2_s", .design = tf_v2_small, .tag = "in21k_ft_in1k", .preprocessing = {.input_size = 300, .test_input_size = 384, .crop_pct = 1, .mean = half_mean, .std = half_std}},
    {.name = "tf_efficientnetv2_m", .design = tf_v2_medium, .tag = "in21k_ft_in1k", .preprocessing = {.input_size = 384, .test_input_size = 480, .crop_pct = 1, .mean = half_mean, .std = half_std, .crop_mode = "squash"}},
    {.name = "tf_efficientnetv2_l", .design = tf_v2_large, .tag = "in21k_ft_in1k", .preprocessing = {.input_size = 384, .test_input_size = 480, .crop_pct = 1, .mean = half_mean, .std = half_std, .crop_mode = "squash"}},
    {.name = "tf_efficientnetv2_xl", .design = tf_v2_xlarge, .tag = "in21k_ft_in1k", .preprocessing = {.input_size = 384, .test_input_size = 512, .crop_pct = 1, .mean = half_mean, .std = half_std, .crop_mode = "squash"}},
    {.name = "tf_efficientnetv2_b0", .design = tf_v2_base, .tag = "in1k", .preprocessing = {.input_size = 192, .test_input_size = 224}},
    {.name = "tf_efficientnetv2_b1", .design = tf_v2_base, .depth = 1.1, .tag = "in1k", .preprocessing = {.input_size = 192, .test_input_size = 240, .crop_pct = 0.882}},
    {.name = "tf_efficientnetv2_b2", .design = tf_v2_base, .width = 1.1, .depth = 1.2, .tag = "in1k", .preprocessing = {.input_size = 208, .test_input_size = 260, .crop_pct = 0.89}},
    {.name = "tf_efficientnetv2_b3", .design = tf_v2_base, .width = 1.2, .depth = 1.4, .tag = "in21k_ft_in1k", .preprocessing = {.input_size = 240, .test_input_size = 300, .crop_pct = 0.9, .mean = half_mean, .std = half_std, .crop_mode = "squash"}},

    {.name = "efficientnet_x_b3", .design = x, .width = 1.2, .depth = 1.4, .preprocessing = {.input_size = 288, .crop_pct = 0.95}},
    {.name = "efficientnet_x_b5", .design = x, .width = 1.6, .depth = 2.2, .tag = "sw_r448_e450_in1k", .preprocessing = {.input_size = 448, .test_input_size = 576, .crop_pct = 1, .crop_mode = "squash"}},
    {.name = "efficientnet_h_b5", .design = h, .width = 1.92, .depth = 2.2, .tag = "sw_r448_e450_in1k", .preprocessing = {.input_size = 448, .test_input_size = 576, .crop_pct = 1, .crop_mode = "squash"}},

    {.name = "mixnet_s", .design = mixnet_small, .tag = "ft_in1k"},
    {.name = "mixnet_m", .design = mixnet_medium, .tag = "ft_in1k"},
    {.name = "mixnet_l", .design = mixnet_medium, .width = 1.3, .tag = "ft_in1k"},
    {.name = "mixnet_xl", .design = mixnet_medium, .width = 1.6, .depth = 1.2, .tag = "ra_in1k"},
    {.name = "mixnet_xxl", .design = mixnet_medium, .width = 2.4, .depth = 1.3},
    {.name = "tf_mixnet_s", .design = tf_mixnet_small, .tag = "in1k"},
    {.name = "tf_mixnet_m", .design = tf_mixnet_medium, .tag = "in1k"},
    {.name = "tf_mixnet_l", .design = tf_mixnet_medium, .width = 1.3, .tag = "in1k"},

    {.name = "tinynet_a", .design = tinynet, .depth = 1.2, .tag = "in1k", .preprocessing = {.input_size = 192}},
    {.name = "tinynet_b", .design = tinynet, .width = 0.75, .depth = 1.1, .tag = "in1k", .preprocessing = {.input_size = 188}},
    {.name = "tinynet_c", .design = tinynet, .width = 0.54, .depth = 0.85, .tag = "in1k", .preprocessing = {.input_size = 184}},
    {.name = "tinynet_d", .design = tinynet, .width = 0.54, .depth = 0.695, .tag = "in1k", .preprocessing = {.input_size = 152}},
    {.name = "tinynet_e", .design = tinynet, .width = 0.51, .depth = 0.6, .tag = "in1k", .preprocessing = {.input_size = 106}},

    {.name = "mobilenet_edgetpu_100", .design = edgetpu, .preprocessing = {.crop_pct = 0.9}},
    {.name = "mobilenet_edgetpu_v2_xs", .design = edgetpu_v2_xs, .preprocessing = {.crop_pct = 0.9}},
    {.name = "mobilenet_edgetpu_v2_s", .design = edgetpu_v2_s, .preprocessing = {.crop_pct = 0.9}},
    {.name = "mobilenet_edgetpu_v2_m", .design = edgetpu_v2_m, .tag = "ra4_e3600_r224_in1k", .preprocessing = {.test_input_size = 256, .crop_pct = 0.9, .test_crop_pct = 0.95, .mean = half_mean, .std = half_std}},
    {.name = "mobilenet_edgetpu_v2_l", .design = edgetpu_v2_l, .preprocessing = {.crop_pct = 0.9}},

    {.name = "test_efficientnet", .design = test, .tag = "r160_in1k", .preprocessing = {.input_size = 160, .crop_pct = 0.95}},
    {.name = "test_efficientnet_gn", .design = test_gn, .tag = "r160_in1k", .preprocessing = {.input_size = 160, .crop_pct = 0.95, .mean = half_mean, .std = half_std}},
    {.name = "test_efficientnet_ln", .design = test_ln, .tag = "r160_in1k", .preprocessing = {.input_size = 160, .crop_pct = 0.95}},
    {.name = "test_efficientnet_evos", .design = test_evos, .tag = "r160_in1k", .preprocessing = {.input_size = 160, .crop_pct = 0.95, .mean = half_mean, .std = half_std}},
};
// clang-format on

inline constexpr Family family{"efficientnet", variants};

std::shared_ptr<Network> build(const Variant& variant, const BuildOptions& options);

}  // namespace archsweep::archs::efficientnet
