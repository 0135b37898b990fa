#pragma once

// Multiply-accumulates of convolutions, matrix products and attention, counted as the operators
// run, as PyTorch's FlopCounterMode does (halved). Norms and element-wise work do not count.

#include <cstdint>
#include <functional>

namespace archsweep::runner {

std::int64_t count_macs(const std::function<void()>& forward);

}  // namespace archsweep::runner
