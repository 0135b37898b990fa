#include "runner/trial/train/schedule.h"

#include <cmath>
#include <numbers>

namespace archsweep::runner {
namespace {

// fastai's sched_cos: from a at p = 0 to b at p = 1.
double cosine(double a, double b, double p) {
  return a + (1 + std::cos(std::numbers::pi * (1 - p))) * (b - a) / 2;
}

}  // namespace

Rates rates_at(const TrainingSpec& spec, double position) {
  const double rate = spec.learning_rate;
  const bool rising = position < spec.warmup;
  const double part = rising ? position / spec.warmup
                             : (spec.warmup < 1 ? (position - spec.warmup) / (1 - spec.warmup) : 1);
  if (spec.schedule == "one_cycle")
    return rising ? Rates{cosine(rate / 25, rate, part), cosine(0.95, 0.85, part)}
                  : Rates{cosine(rate, rate / 1e5, part), cosine(0.85, 0.95, part)};
  if (rising) return {rate * part, spec.momentum};
  return {spec.schedule == "cosine" ? cosine(rate, 0, part) : rate, spec.momentum};
}

}  // namespace archsweep::runner
