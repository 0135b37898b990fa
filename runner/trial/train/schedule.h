#pragma once

// Learning rate and momentum over a training run. No LibTorch.

#include "runner/trial/spec.h"

namespace archsweep::runner {

struct Rates {
  double learning_rate;
  double momentum;  // of SGD; beta1 of the Adams
  double body = 1;  // the body's learning rate over that of the head
};

// At a position in [0, 1): steps done / all steps.
//   one_cycle    fastai's fit_one_cycle: cosine from rate/div to rate over `warmup`, then cosine to
//                rate/1e5; momentum 0.95 -> 0.85 -> 0.95 (arXiv 1803.09820)
//   cosine       linear from `warmup_from` over `warmup`, then cosine to 0 (arXiv 1608.03983)
//   timm_cosine  the same, but the cosine counts from the first step, also while the warm-up covers
//                it (timm scheduler/cosine_lr.py, on updates)
//   constant     linear from `warmup_from` over `warmup`, then the rate
// With freeze_epochs as fastai's fine_tune: a cycle over them (warmup 0.99, div 25, the body a
// tenth of the rate), then the schedule from half the rate over the others, the body at 1/lr_mult
// of it.
Rates rates_at(const TrainingSpec& spec, double position);

}  // namespace archsweep::runner
