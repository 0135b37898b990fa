#pragma once

#include <cmath>
#include <limits>

namespace archsweep {

// Networks read float32: false for what it cannot hold, infinities and NaN too.
inline bool fits_float(double x) {
  return std::abs(x) <= static_cast<double>(std::numeric_limits<float>::max());
}

}  // namespace archsweep
