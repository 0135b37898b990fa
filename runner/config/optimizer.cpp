#include "runner/config/optimizer.h"

#include <cmath>

namespace archsweep::runner {

void settle_optimizer(TrainingSpec& t) {
  const auto& kind = optimizer_kind(t.optimizer);
  if (std::isnan(t.momentum)) t.momentum = kind.momentum;
  if (std::isnan(t.weight_decay)) t.weight_decay = kind.weight_decay;
  if (kind.beta2 == 0 || t.beta2 == kind.beta2) t.beta2 = 0;
  if (kind.eps == 0 || t.eps == kind.eps) t.eps = 0;
  if (t.schedule == "one_cycle")
    t.warmup_from = 0;
  else
    t.div = TrainingSpec{}.div;
  if (t.ema == 0) t.ema_warmup = true;
}

}  // namespace archsweep::runner
