#pragma once

// What a forward computes, counted as the operators run. Norms and element-wise work do not count.

#include <cstdint>
#include <functional>

namespace archsweep::runner {

struct Work {
  // Of convolutions, matrix products and attention, as PyTorch's FlopCounterMode has them, halved.
  std::int64_t macs = 0;
  // Values that the same write, attention's products included: fvcore's ActivationCountAnalysis,
  // timm's infer_macts.
  std::int64_t activations = 0;
};

Work count_work(const std::function<void()>& forward);

}  // namespace archsweep::runner
