#include "archs/layers/conv_same.h"

#include <algorithm>

namespace archsweep::archs {

torch::Tensor pad_same(const torch::Tensor& x, int kernel, int stride) {
  auto missing = [&](std::int64_t size) {
    return std::max<std::int64_t>(((size + stride - 1) / stride - 1) * stride + kernel - size, 0);
  };
  const auto h = missing(x.size(-2)), w = missing(x.size(-1));
  if (h == 0 && w == 0) return x;
  return torch::constant_pad_nd(x, {w / 2, w - w / 2, h / 2, h - h / 2});
}

}  // namespace archsweep::archs
