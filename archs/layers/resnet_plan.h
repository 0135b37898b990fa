#pragma once

// How ResNet and the networks that put other blocks into it are written down. No LibTorch: the
// tables of families hold these.

#include <array>
#include <span>
#include <string_view>

#include "archs/family.h"

namespace archsweep::archs::resnet {

enum class Block {
  basic,
  bottleneck,
  res2net,  // of the family of this name, as the next one
  resnest,
  sk_basic,  // of sknet, as the next one
  sk_bottleneck,
};
enum class Stem { conv7x7, deep, deep_tiered };  // one 7x7, three 3x3, three 3x3 that widen
enum class Attention { none, se, eca };
enum class AntiAlias { none, blur, average };

using Blocks = std::array<Block, 4>;
constexpr Blocks in_every_stage(Block block) {
  return {block, block, block, block};
}
inline constexpr Blocks basic = in_every_stage(Block::basic);
inline constexpr Blocks bottleneck = in_every_stage(Block::bottleneck);

// Channels out of a pruned bottleneck's three convolutions.
using Pruned = std::array<int, 3>;
struct Variant {
  std::string_view name;
  Blocks blocks = bottleneck;   // kind of block in each stage
  std::array<int, 4> depths{};  // blocks in each stage
  std::array<int, 4> widths{64, 128, 256, 512};
  Stem stem = Stem::conv7x7;
  int stem_width = 32;    // of the deep stems, which end at twice it
  bool avg_down = false;  // average-pool before the 1x1 of a strided shortcut
  int groups = 1;         // of the bottleneck's 3x3
  int base_width = 64;    // of a group, in 64ths of the stage's width
  Attention attention = Attention::none;
  double se_ratio = 1.0 / 16;              // squeezed width over width
  int se_divisor = 8;                      // of the squeezed width
  bool stem_conv_pool = false;             // a strided convolution for the stem's max-pooling
  AntiAlias anti_alias = AntiAlias::none;  // of strided convolutions
  bool group_norm = false;                 // 32 groups instead of batch norm
  int first_conv_divisor = 1;              // of the first convolution's width in a block
  int down_kernel = 1;                     // of strided shortcuts
  std::span<const Pruned> pruned = {};     // one a block; empty: by the widths above
  int scale = 4;                           // Res2Net: equal parts of the inner channels, a 3x3 each
  int radix = 2;                           // ResNeSt: convolutions to weigh against one another
  bool pool_first = false;                 // ResNeSt: strides before the 3x3, not after
  bool split_input = false;                // SKNet: each kernel sees half of the channels
  std::string_view tag = "";
  Preprocessing preprocessing = {};
};

// Where in the network a block stands.
struct Place {
  int in;     // channels
  int out;    // channels
  int width;  // of the stage
  int stride;
  bool project;  // the shortcut needs a convolution: the shape changes
  double drop_path;
  const Pruned* pruned;  // nullptr: not
};

class Residual;  // archs/layers/resnet_block.h

}  // namespace archsweep::archs::resnet
