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
  double weight = 0;  // of their losses

  Tally(const Objective& o, const torch::Device& device)
      : objective(o),
        loss(torch::zeros({}, torch::TensorOptions(device).dtype(torch::kFloat64))),
        top1(torch::zeros({}, torch::TensorOptions(device).dtype(torch::kInt64))),
        top5(top1.clone()) {}

  // batch_loss: mean of a batch, by weights that sum up to batch_weight.
  void add(const torch::Tensor& batch_loss, double batch_weight, const torch::Tensor& outputs,
           const torch::Tensor& targets) {
    torch::NoGradGuard no_grad;
    loss += batch_loss.detach().to(torch::kFloat64) * batch_weight;
    samples += targets.size(0);
    weight += batch_weight;
    if (objective.classes() == 0) return;
    const auto right = objective.guesses(outputs.detach()).eq(targets.unsqueeze(1));
    top1 += right.select(1, 0).sum();
    top5 += right.sum();
  }
  // Of top1 or top5; not measured where there are no classes.
  double share(const torch::Tensor& sum) const {
    return objective.classes() && samples ? sum.item().to<double>() / static_cast<double>(samples)
                                          : results::not_measured;
  }
  double mean_loss() const {
    return weight > 0 ? loss.item<double>() / weight : results::not_measured;
  }
};

}  // namespace archsweep::runner
