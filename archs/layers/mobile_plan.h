#pragma once

// How the networks that were searched for phones are written down: stages of a few kinds of
// block, each a handful of numbers. No LibTorch: the tables of families hold these.

#include <array>
#include <concepts>
#include <cstddef>

#include "archs/layers/act.h"

namespace archsweep::archs::mobile {

enum class Op { conv, depthwise, inverted, edge, universal, attention };

struct Extra {
  double squeeze = 0;  // squeezed width over expanded width; 0: no squeeze-and-excitation
  bool relu = false;   // whatever the activation of the network
  bool skip = true;    // add the input where the shapes allow it
};

// `repeats` blocks in a row, of which only the first has the stride.
struct Block {
  Op op = Op::conv;
  int repeats = 0;
  int kernel = 1;  // of the (middle) depthwise convolution; 0: none
  int stride = 1;
  double expansion = 1;
  int width = 0;  // channels out, before the variant's multiplier
  Extra extra;
  bool act_last = false;  // depthwise: activation after the pointwise convolution too
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

// Expansion and depthwise convolution fused into one full convolution.
constexpr Block edge(int kernel, int stride, double expansion, int width) {
  return {.op = Op::edge,
          .repeats = 1,
          .kernel = kernel,
          .stride = stride,
          .expansion = expansion,
          .width = width};
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

// What all blocks of a network share.
struct Style {
  Act act = Act::relu;
  Downsample downsample = Downsample::stride;
  bool same_padding = false;  // TensorFlow's, uneven where the stride asks for it
  double norm_eps = 1e-5;
  double width = 1;                 // multiplies every width; then rounded to a multiple of 8 ...
  double round_limit = 0.9;         // ... and never below this share
  double depth = 1;                 // multiplies the repeats of a stage
  double layer_scale = 0;           // initial value; 0: none
  bool squeeze_relu = false;        // relu between squeeze and excitation, else the block's own
  bool squeeze_from_input = false;  // Extra::squeeze counts from the width before expansion
  SqueezeRounding squeeze_rounding = SqueezeRounding::nearest;
};

}  // namespace archsweep::archs::mobile
