#pragma once

// LeViT: a convolutional stem, then attention and MLPs with batch norm, in three stages that shrink
// by attention, with a learned bias for each distance between positions.
// Paper: https://arxiv.org/abs/2104.01136. Source: timm/models/levit.py.

#include "archs/family.h"
#include "archs/layers/act.h"

namespace archsweep::archs::levit {

struct Variant {
  std::string_view name;
  std::array<int, 3> depths{4, 4, 4};  // blocks in each stage
  std::array<int, 3> widths{};
  std::array<int, 3> heads{};
  int key_width = 32;  // of a head
  int stem_convs = 4;  // each halves the side
  Act act = Act::hard_swish;
  bool conv = false;      // 1x1 convolutions over maps instead of linear layers over tokens
  bool distilled = true;  // two heads
  std::string_view tag = "fb_dist_in1k";
  Preprocessing preprocessing = {.crop_pct = 0.9, .fixed_input_size = true};
};

// clang-format off
inline constexpr Variant variants[] = {
    {.name = "levit_128s", .depths = {2, 3, 4}, .widths = {128, 256, 384}, .heads = {4, 6, 8}, .key_width = 16},
    {.name = "levit_128", .widths = {128, 256, 384}, .heads = {4, 8, 12}, .key_width = 16},
    {.name = "levit_192", .widths = {192, 288, 384}, .heads = {3, 5, 6}},
    {.name = "levit_256", .widths = {256, 384, 512}, .heads = {4, 6, 8}},
    {.name = "levit_384", .widths = {384, 512, 768}, .heads = {6, 9, 12}},
    {.name = "levit_384_s8", .widths = {384, 512, 768}, .heads = {6, 9, 12}, .stem_convs = 3, .act = Act::silu, .tag = "untrained"},
    {.name = "levit_512_s8", .widths = {512, 640, 896}, .heads = {8, 10, 14}, .key_width = 64, .stem_convs = 3, .act = Act::silu, .distilled = false, .tag = "untrained"},
    {.name = "levit_512", .widths = {512, 768, 1024}, .heads = {8, 12, 16}, .key_width = 64, .act = Act::silu, .distilled = false, .tag = "untrained"},
    {.name = "levit_256d", .depths = {4, 8, 6}, .widths = {256, 384, 512}, .heads = {4, 6, 8}, .act = Act::silu, .distilled = false, .tag = "untrained"},
    {.name = "levit_512d", .depths = {4, 8, 6}, .widths = {512, 640, 768}, .heads = {8, 10, 12}, .key_width = 64, .act = Act::silu, .distilled = false, .tag = "untrained"},
    {.name = "levit_conv_128s", .depths = {2, 3, 4}, .widths = {128, 256, 384}, .heads = {4, 6, 8}, .key_width = 16, .conv = true},
    {.name = "levit_conv_128", .widths = {128, 256, 384}, .heads = {4, 8, 12}, .key_width = 16, .conv = true},
    {.name = "levit_conv_192", .widths = {192, 288, 384}, .heads = {3, 5, 6}, .conv = true},
    {.name = "levit_conv_256", .widths = {256, 384, 512}, .heads = {4, 6, 8}, .conv = true},
    {.name = "levit_conv_384", .widths = {384, 512, 768}, .heads = {6, 9, 12}, .conv = true},
    {.name = "levit_conv_384_s8", .widths = {384, 512, 768}, .heads = {6, 9, 12}, .stem_convs = 3, .act = Act::silu, .conv = true, .tag = "untrained"},
    {.name = "levit_conv_512_s8", .widths = {512, 640, 896}, .heads = {8, 10, 14}, .key_width = 64, .stem_convs = 3, .act = Act::silu, .conv = true, .distilled = false, .tag = "untrained"},
    {.name = "levit_conv_512", .widths = {512, 768, 1024}, .heads = {8, 12, 16}, .key_width = 64, .act = Act::silu, .conv = true, .distilled = false, .tag = "untrained"},
    {.name = "levit_conv_256d", .depths = {4, 8, 6}, .widths = {256, 384, 512}, .heads = {4, 6, 8}, .act = Act::silu, .conv = true, .distilled = false, .tag = "untrained"},
    {.name = "levit_conv_512d", .depths = {4, 8, 6}, .widths = {512, 640, 768}, .heads = {8, 10, 12}, .key_width = 64, .act = Act::silu, .conv = true, .distilled = false, .tag = "untrained"},
};
// clang-format on

inline constexpr Family family{"levit", variants};

std::shared_ptr<Network> build(const Variant& variant, const BuildOptions& options);

}  // namespace archsweep::archs::levit
