#include "runner/config/recipes.h"

#include <algorithm>
#include <cmath>

namespace archsweep::runner {

// clang-format off
static constexpr Recipe table[] = {
    {"fine_tune",
     "{weights: pretrained, optimizer: adamw, weight_decay: 0.01, schedule: one_cycle, warmup: 0.3, div: 5, freeze_epochs: 1, lr_mult: 100}",
     2e-3, 0, 0,
     "fastai's fine_tune: freeze_epochs in which only the head and the body's norms learn, then epochs in which the body learns at a hundredth of the head's rate"},
    {"timm",
     "{optimizer: nesterov, momentum: 0.9, weight_decay: 2e-5, schedule: timm_cosine, warmup_from: 1e-5, label_smoothing: 0.1}",
     0.1, 256, 5,
     "timm's train.py as it is without options, but for epochs and augmentation: SGD (its sgd is our nesterov), a cosine after 5 epochs of warm-up, the rate in proportion to the batch"},
    {"scratch",
     "{weights: none, optimizer: adamw, weight_decay: 0.05, schedule: cosine, label_smoothing: 0.1, drop_path_rate: 0.05}",
     2e-3, 256, 5,
     "from random weights: AdamW with a cosine after 5 epochs of warm-up and the regularisation of DeiT's kind (arXiv 2012.12877), milder"},
};
// clang-format on

double Recipe::rate_for(double base, int batch_size, std::string_view optimizer) const {
  if (rate_batch == 0) return base;
  const double ratio = static_cast<double>(batch_size) / rate_batch;
  const bool adaptive =
      optimizer.find("ada") != optimizer.npos || optimizer.find("lamb") != optimizer.npos;
  return base * (adaptive ? std::sqrt(ratio) : ratio);
}

std::span<const Recipe> recipes() {
  return table;
}

const Recipe* find_recipe(std::string_view name) {
  const auto at = std::ranges::find(table, name, &Recipe::name);
  return at == std::end(table) ? nullptr : at;
}

}  // namespace archsweep::runner
