#pragma once

// How the networks that were searched for phones are written down: stages of a few kinds of
// block, each a handful of numbers. No LibTorch: the tables of families hold these.

#include <array>
#include <concepts>
#include <cstddef>
#include <optional>

#include "archs/layers/act.h"

namespace archsweep::archs::mobile {

enum class Op { conv, depthwise, inverted, edge, universal, attention };

struct Extra {
  double squeeze = 0;            // squeezed width over expanded width; 0: no squeeze-and-excitation
  std::optional<Act> act = {};   // unless the network's
  bool skip = true;              // add the input where the shapes allow it
  bool split_expansion = false;  // MixNet: two pointwise convolutions, each from half the channels
  bool split_projection = false;  // the same after the depthwise convolution
  int experts = 0;                // CondConv: sets of weights which every sample mixes for itself
};

// `repeats` blocks in a row, of which only the first has the stride.
struct Block {
  Op op = Op::conv;
  int repeats = 0;
  int kernel = 1;   // of the (middle) depthwise convolution; 0: none
  int kernels = 1;  // so many, of sizes `kernel`, kernel + 2 ..., each on its share of channels
  int stride = 1;
  double expansion = 1;
  int width = 0;  // channels out, before the variant's multiplier
  Extra extra;
  bool act_last = false;  // depthwise: activation after the pointwise convolution too
  bool pack = false;      // depthwise: 2x2 pixels become one of 4 times the channels, up to the
                          // plan's next stride, which this replaces
  int group_width = 0;    // edge: channels of a group of the full convolution; 0: all in one
  int expand_from = 0;    // edge: the width which the expansion multiplies; 0: the input's
  int kernel_start = 0;   // universal: of the depthwise convolution before the expansion
  int heads = 0;          // attention
  int key_width = 0;      // attention: of the one key and value that all heads share
  int key_stride = 1;     // attention
};

struct Stage {
  template <std::same_as<Block>... Blocks>
  constexpr Stage(Blocks... b) : blocks{b...}, size(sizeof...(b)) {}

  constexpr const Block* begin() const { return blocks.data(); }
  constexpr const Block* end() const { return blocks.data() + size; }

  std::array<Block, 16> blocks;
  std::size_t size;
};

// A convolution with norm and activation.
constexpr Block conv(int kernel, int stride, int width) {
  return {.op = Op::conv,
          .repeats = 1,
          .kernel = kernel,
          .stride = stride,
          .width = width,
          .extra = {.skip = false}};
}

// EfficientNetV2: several, with skips.
constexpr Block skip_conv(int repeats, int kernel, int stride, int width) {
  return {.op = Op::conv, .repeats = repeats, .kernel = kernel, .stride = stride, .width = width};
}

// MobileNet: a depthwise and a pointwise convolution.
constexpr Block depthwise(int repeats, int kernel, int stride, int width, Extra extra = {}) {
  return {.op = Op::depthwise,
          .repeats = repeats,
          .kernel = kernel,
          .stride = stride,
          .width = width,
          .extra = extra};
}

// PP-LCNet: the same without a skip, and with an activation after both.
constexpr Block plain_depthwise(int repeats, int kernel, int stride, int width, Extra extra = {}) {
  extra.skip = false;
  Block block = depthwise(repeats, kernel, stride, width, extra);
  block.act_last = true;
  return block;
}

// MobileNetV2: pointwise expansion, depthwise convolution, pointwise projection.
constexpr Block inverted(int repeats, int kernel, int stride, double expansion, int width,
                         Extra extra = {}) {
  return {.op = Op::inverted,
          .repeats = repeats,
          .kernel = kernel,
          .stride = stride,
          .expansion = expansion,
          .width = width,
          .extra = extra};
}

// MixNet: the same with depthwise kernels of 3, 5 ..., each on its share of the channels.
constexpr Block mixed(int repeats, int kernels, int stride, double expansion, int width,
                      Extra extra = {}) {
  Block block = inverted(repeats, 3, stride, expansion, width, extra);
  block.kernels = kernels;
  return block;
}

// Expansion and depthwise convolution fused into one full convolution.
constexpr Block edge(int repeats, int kernel, int stride, double expansion, int width,
                     Extra extra = {}) {
  return {.op = Op::edge,
          .repeats = repeats,
          .kernel = kernel,
          .stride = stride,
          .expansion = expansion,
          .width = width,
          .extra = extra};
}

// Of an edge block: a full convolution in groups of so many channels.
constexpr Block grouped(int group_width, Block block) {
  block.group_width = group_width;
  return block;
}

// Of an edge block: expands as if the input were this wide.
constexpr Block expand_from(int width, Block block) {
  block.expand_from = width;
  return block;
}

// Of a depthwise block: space to depth before it.
constexpr Block packed(Block block) {
  block.pack = true;
  return block;
}

// MobileNetV4: an inverted residual whose depthwise convolutions, before the expansion and after
// it, may each be left out (kernel 0).
constexpr Block universal(int repeats, int kernel_start, int kernel, int stride, double expansion,
                          int width) {
  return {.op = Op::universal,
          .repeats = repeats,
          .kernel = kernel,
          .stride = stride,
          .expansion = expansion,
          .width = width,
          .kernel_start = kernel_start};
}

// MobileNetV4: multi-query attention over the pixels.
constexpr Block attention(int heads, int key_width, int key_stride, int width) {
  return {.op = Op::attention,
          .repeats = 1,
          .kernel = 3,
          .width = width,
          .heads = heads,
          .key_width = key_width,
          .key_stride = key_stride};
}

enum class Downsample { stride, average, blur };
enum class SqueezeRounding { nearest, multiple_of_8 };
enum class DepthRounding { up, nearest };
enum class NormLayer {
  batch,
  group,
  layer,
  evo
};  // evo: EvoNorm-S0, which is an activation as well

// What all blocks of a network share.
struct Style {
  Act act = Act::relu;
  Downsample downsample = Downsample::stride;
  bool same_padding = false;  // TensorFlow's, uneven where the stride asks for it
  NormLayer norm = NormLayer::batch;
  int norm_group = 8;  // group, evo: channels of a group
  double norm_eps = 1e-5;
  int depthwise_group = 1;   // channels of a group of the "depthwise" convolutions
  double width = 1;          // multiplies every width; then rounded to a multiple of ...
  int divisor = 8;           // ... this ...
  double round_limit = 0.9;  // ... and never below this share
  double depth = 1;          // multiplies the repeats of a stage
  DepthRounding depth_rounding = DepthRounding::up;
  bool fix_ends = false;            // the depths of the first and the last stage stay
  double layer_scale = 0;           // initial value; 0: none
  bool squeeze_relu = false;        // relu between squeeze and excitation, else the block's own
  bool squeeze_from_input = false;  // Extra::squeeze counts from the width before expansion
  SqueezeRounding squeeze_rounding = SqueezeRounding::nearest;
  Act squeeze_gate = Act::hard_sigmoid;
  bool global_context = false;  // in the place of squeeze-and-excitation
};

// As published with TensorFlow, for whose padding and epsilon the weights were trained.
constexpr Style tensorflow(Style style) {
  style.same_padding = true;
  style.norm_eps = 1e-3;
  return style;
}

// Widths of a block after pruning.
struct PrunedBlock {
  int expanded;
  int squeezed;
  int out;
};

}  // namespace archsweep::archs::mobile
