#include "archs/layers/pool.h"

namespace archsweep::archs {

torch::Tensor global_pool(std::string_view kind, const torch::Tensor& x) {
  if (kind.empty()) return x;
  if (kind == "avg") return x.mean({2, 3});
  if (kind == "max") return x.amax({2, 3});
  if (kind == "avgmax") return 0.5 * (x.mean({2, 3}) + x.amax({2, 3}));
  TORCH_CHECK(kind == "catavgmax", "global_pool '", kind,
              "': expected avg, max, avgmax or catavgmax");
  return torch::cat({x.mean({2, 3}), x.amax({2, 3})}, 1);
}

}  // namespace archsweep::archs
