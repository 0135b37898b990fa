#pragma once

// EfficientViT of Microsoft Research Asia: attention whose heads see a part of the channels each
// and pass on what they found, in windows, between depthwise convolutions and MLPs.
// Paper: https://arxiv.org/abs/2305.07027. Source: timm/models/efficientvit_msra.py.

#include "archs/family.h"

namespace archsweep::archs::efficientvit_msra {

struct Variant {
  std::string_view name;
  std::array<int, 3> depths{1, 2, 3};  // blocks in each stage
  std::array<int, 3> widths{};
  std::array<int, 3> heads{};
  std::array<int, 4> kernels{7, 5, 3, 3};  // of the depthwise convolutions of a head's queries
  std::string_view tag = "r224_in1k";
  Preprocessing preprocessing = {.fixed_input_size = true};
};

// clang-format off
inline constexpr Variant variants[] = {
    {.name = "efficientvit_m0", .widths = {64, 128, 192}, .heads = {4, 4, 4}, .kernels = {5, 5, 5, 5}},
    {.name = "efficientvit_m1", .widths = {128, 144, 192}, .heads = {2, 3, 3}},
    {.name = "efficientvit_m2", .widths = {128, 192, 224}, .heads = {4, 3, 2}},
    {.name = "efficientvit_m3", .widths = {128, 240, 320}, .heads = {4, 3, 4}, .kernels = {5, 5, 5, 5}},
    {.name = "efficientvit_m4", .widths = {128, 256, 384}, .heads = {4, 4, 4}},
    {.name = "efficientvit_m5", .depths = {1, 3, 4}, .widths = {192, 288, 384}, .heads = {3, 3, 4}},
};
// clang-format on

inline constexpr Family family{"efficientvit_msra", variants};

std::shared_ptr<Network> build(const Variant& variant, const BuildOptions& options);

}  // namespace archsweep::archs::efficientvit_msra
