#pragma once

// Rounding of channel counts. Source: timm/layers/helpers.py.

#include <algorithm>

namespace archsweep::archs {

// The nearest multiple of `divisor`, at least `least` (0: the divisor), not below
// round_limit * value.
inline int make_divisible(double value, int divisor = 8, int least = 0, double round_limit = 0.9) {
  const int rounded = std::max(least ? least : divisor,
                               static_cast<int>(value + divisor / 2.0) / divisor * divisor);
  return rounded < round_limit * value ? rounded + divisor : rounded;
}

}  // namespace archsweep::archs
