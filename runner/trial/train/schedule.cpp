#include "runner/trial/train/schedule.h"

#include <cmath>
#include <numbers>

namespace archsweep::runner {
namespace {

// fastai's sched_cos: from a at p = 0 to b at p = 1.
double cosine(double a, double b, double p) {
  return a + (1 + std::cos(std::numbers::pi * (1 - p))) * (b - a) / 2;
}

Rates one_cycle(double rate, double warmup, double div, double position) {
  if (position < warmup) {
    const double part = position / warmup;
    return {cosine(rate / div, rate, part), cosine(0.95, 0.85, part)};
  }
  const double part = warmup < 1 ? (position - warmup) / (1 - warmup) : 1;
  return {cosine(rate, rate / 1e5, part), cosine(0.85, 0.95, part)};
}

double plain_rate(const TrainingSpec& spec, double rate, double position) {
  const double warmup = spec.warmup;
  if (position < warmup) return std::lerp(spec.warmup_from, rate, position / warmup);
  if (spec.schedule == "constant") return rate;
  if (spec.schedule == "timm_cosine") return cosine(rate, 0, position);
  return cosine(rate, 0, warmup < 1 ? (position - warmup) / (1 - warmup) : 1);
}

}  // namespace

Rates rates_at(const TrainingSpec& spec, double position) {
  double rate = spec.learning_rate;
  if (spec.freeze_epochs > 0) {
    const double frozen = static_cast<double>(spec.freeze_epochs) / spec.epochs;
    if (position < frozen) {
      auto rates = one_cycle(rate, 0.99, 25, position / frozen);
      rates.body = 0.1;
      return rates;
    }
    position = (position - frozen) / (1 - frozen);
    rate /= 2;
  }
  auto rates = spec.schedule == "one_cycle"
                   ? one_cycle(rate, spec.warmup, spec.div, position)
                   : Rates{plain_rate(spec, rate, position), spec.momentum};
  rates.body = 1 / spec.lr_mult;
  return rates;
}

}  // namespace archsweep::runner
