#include "archs/layers/conv_stem.h"

#include "archs/layers/conv_norm.h"

namespace archsweep::archs {

namespace nn = torch::nn;

nn::Sequential conv_stem(int in, int out, const ConvStemOptions& o) {
  nn::Sequential stem;
  for (int i = 0; i < o.convs; ++i) {
    const bool last = i + 1 == o.convs;
    const int width = out >> (o.convs - 1 - i);
    stem->push_back(
        o.numbered ? std::to_string(2 * i) : "conv" + std::to_string(i + 1),
        ConvNorm(
            in, width,
            ConvNormOptions{
                .kernel = 3, .stride = 2, .act = last ? Act::identity : o.act, .conv = o.conv}));
    in = width;
  }
  return stem;
}

}  // namespace archsweep::archs
