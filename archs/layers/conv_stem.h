#pragma once

// A stem of strided 3x3 convolutions with norms, and activations between them; each is twice as
// wide as the one before. Images [n, in, h, w] -> [n, out, h / 2^convs, w / 2^convs].
// timm Stem16 and Stem8 of levit, PatchEmbedding of efficientvit_msra, RepVitStem of repvit.

#include <string>

#include <torch/nn/modules/container/sequential.h>

#include "archs/layers/act.h"

namespace archsweep::archs {

struct ConvStemOptions {
  int convs = 4;
  Act act = Act::relu;
  std::string conv = "conv";  // key of a convolution in its ConvNorm, whose own key is conv1 ...
  bool numbered = false;      // ... or 0, 2 ..., as a sequence counts the activations too
};

torch::nn::Sequential conv_stem(int in, int out, const ConvStemOptions& options = {});

}  // namespace archsweep::archs
