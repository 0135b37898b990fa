#include "runner/trial/train/auc.h"

#include <ATen/ops/_unique2.h>
#include <torch/utils.h>

namespace archsweep::runner {

double area_under_curve(const torch::Tensor& scores, const torch::Tensor& labels) {
  torch::NoGradGuard no_grad;
  const auto [values, places, counts] =
      at::_unique2(scores.to(torch::kCPU), /*sorted=*/true, /*return_inverse=*/true,
                   /*return_counts=*/true);
  // Of equal scores the middle of their ranks, from 1.
  const auto ranks = counts.cumsum(0).to(torch::kFloat64) - (counts - 1).to(torch::kFloat64) / 2;
  const auto second = labels.to(torch::kCPU, torch::kFloat64);
  const double n = second.sum().item<double>();
  const double others = static_cast<double>(second.size(0)) - n;
  const double sum = (ranks.index_select(0, places) * second).sum().item<double>();
  return (sum - n * (n + 1) / 2) / (n * others);
}

}  // namespace archsweep::runner
