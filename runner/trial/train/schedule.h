#pragma once

// Learning rate and momentum over a training run. No LibTorch.

#include "runner/trial/spec.h"

namespace archsweep::runner {

struct Rates {
  double learning_rate;
  double momentum;  // of SGD; beta1 of AdamW
};

// At a position in [0, 1): steps done / all steps.
//   one_cycle  fastai's fit_one_cycle: cosine from rate/25 to rate over `warmup`, then cosine to
//              rate/1e5; momentum 0.95 -> 0.85 -> 0.95 (arXiv 1803.09820)
//   cosine     linear from 0 over `warmup`, then cosine to 0 (arXiv 1608.03983)
//   constant   linear from 0 over `warmup`, then the rate
Rates rates_at(const TrainingSpec& spec, double position);

}  // namespace archsweep::runner
