#pragma once

#include <cstdint>

#include <torch/types.h>
#include <torch/utils.h>

#include "results/trial.h"
#include "runner/trial/train/objective.h"

namespace archsweep::runner {

// What a loop over batches adds up, on the device: reading it there would wait for each step.
struct Tally {
  const Objective& objective;
  torch::Tensor loss, top1, top5;
  std::int64_t samples = 0;

  Tally(const Objective& o, const torch::Device& device)
      : objective(o),
        loss(torch::zeros({}, torch::TensorOptions(device).dtype(torch::kFloat64))),
        top1(torch::zeros({}, torch::TensorOptions(device).dtype(torch::kInt64))),
        top5(top1.clone()) {}

  void add(const torch::Tensor& batch_loss, const torch::Tensor& outputs,
           const torch::Tensor& targets) {
    torch::NoGradGuard no_grad;
    const auto n = targets.size(0);
    loss += batch_loss.detach().to(torch::kFloat64) * n;
    samples += n;
    if (objective.classes() == 0) return;
    const auto right = objective.guesses(outputs.detach()).eq(targets.unsqueeze(1));
    top1 += right.select(1, 0).sum();
    top5 += right.sum();
  }
  // Of top1 or top5; not measured where there are no classes.
  double share(const torch::Tensor& sum) const {
    return objective.classes() ? mean(sum) : results::not_measured;
  }
  double mean(const torch::Tensor& sum) const {
    return samples ? sum.to(torch::kFloat64).item<double>() / static_cast<double>(samples)
                   : results::not_measured;
  }
};

}  // namespace archsweep::runner
