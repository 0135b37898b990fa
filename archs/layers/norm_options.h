#pragma once

// Which norm over channels, and its epsilon; no LibTorch, for the tables of families name it.

namespace archsweep::archs {

enum class NormKind {
  layer,  // (x - mean) / sqrt(variance + eps) * weight + bias
  rms,    // x / sqrt(mean of squares + eps) * weight
  simple  // x / sqrt(unbiased variance + eps) * weight
};

struct NormOptions {
  NormKind kind = NormKind::layer;
  double eps = 1e-6;
  bool bias = true;  // of layer norm
};

}  // namespace archsweep::archs
