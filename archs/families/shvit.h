#pragma once

// SHViT: convolutions everywhere, and attention of a single head over a part of the channels.
// Paper: https://arxiv.org/abs/2401.16456. Source: timm/models/shvit.py.

#include "archs/family.h"

namespace archsweep::archs::shvit {

struct Variant {
  std::string_view name;
  std::array<int, 3> depths{};  // blocks in each stage
  std::array<int, 3> widths{};
  std::array<int, 3> attended{};  // channels that attention mixes; 0: no attention
  std::string_view tag = "in1k";
  Preprocessing preprocessing = {};
};

// clang-format off
inline constexpr Variant variants[] = {
    {.name = "shvit_s1", .depths = {2, 4, 5}, .widths = {128, 224, 320}, .attended = {0, 48, 68}},
    {.name = "shvit_s2", .depths = {2, 4, 5}, .widths = {128, 308, 448}, .attended = {0, 66, 96}},
    {.name = "shvit_s3", .depths = {3, 5, 5}, .widths = {192, 352, 448}, .attended = {0, 75, 96}},
    {.name = "shvit_s4", .depths = {4, 7, 6}, .widths = {224, 336, 448}, .attended = {0, 72, 96}, .preprocessing = {.input_size = 256}},
};
// clang-format on

inline constexpr Family family{"shvit", variants};

std::shared_ptr<Network> build(const Variant& variant, const BuildOptions& options);

}  // namespace archsweep::archs::shvit
