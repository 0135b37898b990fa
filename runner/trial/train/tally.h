#pragma once

#include <algorithm>
#include <cstdint>
#include <tuple>

#include <torch/types.h>
#include <torch/utils.h>

#include "results/trial.h"

namespace archsweep::runner {

// What a loop over batches adds up, on the device: reading it there would wait for each step.
struct Tally {
  torch::Tensor loss, top1, top5;
  std::int64_t samples = 0;

  explicit Tally(const torch::Device& device)
      : loss(torch::zeros({}, torch::TensorOptions(device).dtype(torch::kFloat64))),
        top1(torch::zeros({}, torch::TensorOptions(device).dtype(torch::kInt64))),
        top5(top1.clone()) {}

  void add(const torch::Tensor& batch_loss, const torch::Tensor& logits,
           const torch::Tensor& labels) {
    torch::NoGradGuard no_grad;
    const auto n = labels.size(0);
    loss += batch_loss.detach().to(torch::kFloat64) * n;
    const auto best =
        std::get<1>(logits.detach().topk(std::min<std::int64_t>(5, logits.size(1)), 1));
    const auto right = best.eq(labels.unsqueeze(1));
    top1 += right.select(1, 0).sum();
    top5 += right.sum();
    samples += n;
  }
  double mean(const torch::Tensor& sum) const {
    return samples ? sum.to(torch::kFloat64).item<double>() / static_cast<double>(samples)
                   : results::not_measured;
  }
};

}  // namespace archsweep::runner
