#pragma once

// HardCoRe-NAS: MobileNetV3 with stages searched under a hard limit of latency.
// Paper: https://arxiv.org/abs/2102.11646. Source: timm/models/hardcorenas.py.

#include <span>

#include "archs/families/mobilenetv3.h"

namespace archsweep::archs::hardcorenas {

using mobilenetv3::Design, mobilenetv3::Stage;

namespace stages {

using namespace mobile;
using mobilenetv3::stages::relu, mobilenetv3::stages::squeeze, mobilenetv3::stages::squeeze_relu;

// clang-format off
// Numbers: repeats, kernel, stride, expansion (not of depthwise), width.
inline constexpr Stage a[] = {
    {depthwise(1, 3, 1, 16, relu)},
    {inverted(1, 5, 2, 3, 24, relu), inverted(1, 5, 1, 3, 24, squeeze_relu)},
    {inverted(1, 5, 2, 3, 40, relu), inverted(1, 5, 1, 6, 40, squeeze_relu)},
    {inverted(1, 5, 2, 6, 80, squeeze), inverted(1, 5, 1, 6, 80, squeeze)},
    {inverted(2, 5, 1, 6, 112, squeeze)},
    {inverted(1, 5, 2, 6, 192, squeeze), inverted(1, 5, 1, 6, 192, squeeze)},
    {conv(1, 1, 960)},
};
inline constexpr Stage b[] = {
    {depthwise(1, 3, 1, 16, relu)},
    {inverted(1, 5, 2, 3, 24, relu), inverted(1, 5, 1, 3, 24, squeeze_relu), inverted(1, 3, 1, 3, 24, relu)},
    {inverted(1, 5, 2, 3, 40, relu), inverted(2, 5, 1, 3, 40, relu)},
    {inverted(1, 5, 2, 3, 80), inverted(1, 5, 1, 3, 80), inverted(2, 3, 1, 3, 80)},
    {inverted(1, 5, 1, 3, 112), inverted(3, 3, 1, 3, 112)},
    {inverted(1, 5, 2, 6, 192, squeeze), inverted(1, 5, 1, 6, 192, squeeze), inverted(1, 3, 1, 3, 192, squeeze)},
    {conv(1, 1, 960)},
};
inline constexpr Stage c[] = {
    {depthwise(1, 3, 1, 16, relu)},
    {inverted(1, 5, 2, 3, 24, relu), inverted(1, 5, 1, 3, 24, squeeze_relu)},
    {inverted(1, 5, 2, 3, 40, relu), inverted(3, 5, 1, 3, 40, relu)},
    {inverted(1, 5, 2, 4, 80), inverted(1, 5, 1, 6, 80, squeeze), inverted(2, 3, 1, 3, 80)},
    {inverted(1, 5, 1, 6, 112, squeeze), inverted(3, 3, 1, 3, 112)},
    {inverted(1, 5, 2, 6, 192, squeeze), inverted(1, 5, 1, 6, 192, squeeze), inverted(1, 3, 1, 3, 192, squeeze)},
    {conv(1, 1, 960)},
};
inline constexpr Stage d[] = {
    {depthwise(1, 3, 1, 16, relu)},
    {inverted(1, 5, 2, 3, 24, squeeze_relu), inverted(1, 5, 1, 3, 24, squeeze_relu)},
    {inverted(1, 5, 2, 3, 40, squeeze_relu), inverted(1, 5, 1, 4, 40, squeeze_relu),
     inverted(1, 3, 1, 3, 40, squeeze_relu)},
    {inverted(1, 5, 2, 4, 80, squeeze), inverted(3, 3, 1, 3, 80, squeeze)},
    {inverted(1, 3, 1, 4, 112, squeeze), inverted(1, 5, 1, 4, 112, squeeze), inverted(1, 3, 1, 3, 112, squeeze),
     inverted(1, 5, 1, 3, 112, squeeze)},
    {inverted(1, 5, 2, 6, 192, squeeze), inverted(2, 5, 1, 6, 192, squeeze), inverted(1, 3, 1, 6, 192, squeeze)},
    {conv(1, 1, 960)},
};
inline constexpr Stage e[] = {
    {depthwise(1, 3, 1, 16, relu)},
    {inverted(1, 5, 2, 3, 24, squeeze_relu), inverted(1, 5, 1, 3, 24, squeeze_relu)},
    {inverted(1, 5, 2, 6, 40, squeeze_relu), inverted(2, 5, 1, 4, 40, squeeze_relu),
     inverted(1, 3, 1, 3, 40, squeeze_relu)},
    {inverted(1, 5, 2, 4, 80, squeeze), inverted(1, 3, 1, 6, 80, squeeze)},
    {inverted(3, 5, 1, 6, 112, squeeze), inverted(1, 5, 1, 3, 112, squeeze)},
    {inverted(1, 5, 2, 6, 192, squeeze), inverted(2, 5, 1, 6, 192, squeeze), inverted(1, 3, 1, 6, 192, squeeze)},
    {conv(1, 1, 960)},
};
inline constexpr Stage f[] = {
    {depthwise(1, 3, 1, 16, relu)},
    {inverted(1, 5, 2, 3, 24, squeeze_relu), inverted(1, 5, 1, 3, 24, squeeze_relu)},
    {inverted(1, 5, 2, 6, 40, squeeze_relu), inverted(1, 5, 1, 6, 40, squeeze_relu)},
    {inverted(1, 5, 2, 6, 80, squeeze), inverted(1, 5, 1, 6, 80, squeeze), inverted(2, 3, 1, 3, 80, squeeze)},
    {inverted(1, 3, 1, 6, 112, squeeze), inverted(2, 5, 1, 6, 112, squeeze), inverted(1, 3, 1, 3, 112, squeeze)},
    {inverted(1, 5, 2, 6, 192, squeeze), inverted(1, 5, 1, 6, 192, squeeze), inverted(2, 3, 1, 6, 192, squeeze)},
    {conv(1, 1, 960)},
};
// clang-format on

}  // namespace stages

constexpr Design design(std::span<const Stage> stages) {
  return {.stages = stages, .style = mobilenetv3::v3_style, .stem = 32};
}
inline constexpr Design a = design(stages::a);
inline constexpr Design b = design(stages::b);
inline constexpr Design c = design(stages::c);
inline constexpr Design d = design(stages::d);
inline constexpr Design e = design(stages::e);
inline constexpr Design f = design(stages::f);

// clang-format off
inline constexpr mobilenetv3::Variant variants[] = {
    {.name = "hardcorenas_a", .design = a, .preprocessing = mobilenetv3::bilinear, .tag = "miil_green_in1k"},
    {.name = "hardcorenas_b", .design = b, .preprocessing = mobilenetv3::bilinear, .tag = "miil_green_in1k"},
    {.name = "hardcorenas_c", .design = c, .preprocessing = mobilenetv3::bilinear, .tag = "miil_green_in1k"},
    {.name = "hardcorenas_d", .design = d, .preprocessing = mobilenetv3::bilinear, .tag = "miil_green_in1k"},
    {.name = "hardcorenas_e", .design = e, .preprocessing = mobilenetv3::bilinear, .tag = "miil_green_in1k"},
    {.name = "hardcorenas_f", .design = f, .preprocessing = mobilenetv3::bilinear, .tag = "miil_green_in1k"},
};
// clang-format on

inline constexpr Family family{"hardcorenas", variants};

}  // namespace archsweep::archs::hardcorenas
