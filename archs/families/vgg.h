#pragma once

// VGG: 3x3 convolutions in five stages, each ended by max-pooling, then three wide layers; with
// batch norm or, as in the paper, without.
// Paper: https://arxiv.org/abs/1409.1556. Source: timm/models/vgg.py.

#include "archs/family.h"

namespace archsweep::archs::vgg {

struct Variant {
  std::string_view name;
  std::array<int, 5> depths{};  // convolutions in each stage
  bool norm = false;            // batch norm after each convolution
  std::string_view tag = "";
  Preprocessing preprocessing = {};
};

// clang-format off
inline constexpr Variant variants[] = {
    {.name = "vgg11", .depths = {1, 1, 2, 2, 2}, .tag = "tv_in1k", .preprocessing = {.interpolation = Interpolation::bilinear}},
    {.name = "vgg11_bn", .depths = {1, 1, 2, 2, 2}, .norm = true, .tag = "tv_in1k", .preprocessing = {.interpolation = Interpolation::bilinear}},
    {.name = "vgg13", .depths = {2, 2, 2, 2, 2}, .tag = "tv_in1k", .preprocessing = {.interpolation = Interpolation::bilinear}},
    {.name = "vgg13_bn", .depths = {2, 2, 2, 2, 2}, .norm = true, .tag = "tv_in1k", .preprocessing = {.interpolation = Interpolation::bilinear}},
    {.name = "vgg16", .depths = {2, 2, 3, 3, 3}, .tag = "tv_in1k", .preprocessing = {.interpolation = Interpolation::bilinear}},
    {.name = "vgg16_bn", .depths = {2, 2, 3, 3, 3}, .norm = true, .tag = "tv_in1k", .preprocessing = {.interpolation = Interpolation::bilinear}},
    {.name = "vgg19", .depths = {2, 2, 4, 4, 4}, .tag = "tv_in1k", .preprocessing = {.interpolation = Interpolation::bilinear}},
    {.name = "vgg19_bn", .depths = {2, 2, 4, 4, 4}, .norm = true, .tag = "tv_in1k", .preprocessing = {.interpolation = Interpolation::bilinear}},
};
// clang-format on

inline constexpr Family family{"vgg", variants};

std::shared_ptr<Network> build(const Variant& variant, const BuildOptions& options);

}  // namespace archsweep::archs::vgg
