#include "archs/layers/drop_path.h"

namespace archsweep::archs {

torch::Tensor drop_path(const torch::Tensor& x, double probability, bool training) {
  if (!training || probability <= 0) return x;
  std::vector<std::int64_t> shape(static_cast<std::size_t>(x.dim()), 1);
  shape[0] = x.size(0);
  const double keep = 1 - probability;
  return x * torch::empty(shape, x.options()).bernoulli_(keep).div_(keep);
}

}  // namespace archsweep::archs
