#include "runner/trial/train/objective.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <torch/nn/functional/loss.h>

#include "runner/support/error.h"
#include "runner/trial/augment/copy_ahead.h"

namespace archsweep::runner {

// Far above the loss of guessing.
static constexpr double diverged = 20;

static bool is_mse(const TrainingSpec& spec, int classes) {
  return spec.loss.empty() ? classes == 0 : spec.loss == "mse";
}

int outputs_of(const TrainingSpec& spec, int classes) {
  return is_mse(spec, classes) ? 1 : classes;
}

Objective::Objective(const TrainingSpec& spec, const Dataset& dataset)
    : classes_(dataset.classes), is_mse_(is_mse(spec, dataset.classes)) {
  if (!is_mse_ && classes_ == 0)
    throw Error("training.loss: cross_entropy is for classes; the targets are numbers: mse");
  if (is_mse_ && !dataset.values)
    throw Error(fmt::format(
        "training.loss: mse is for numbers, or for two classes; the targets are {} classes: "
        "cross_entropy",
        classes_));
  largest_loss_ = diverged * std::max(1.0, std::log(static_cast<double>(std::max(1, classes_))));
  if (!is_mse_) return;
  double squares = 0;
  for (const auto i : dataset.train) squares += std::pow(dataset.values[i], 2);
  // Networks do not begin by guessing 0, and numbers may be far from it.
  largest_loss_ = diverged * diverged * std::max(1.0, squares / double(dataset.train.size()));
}

int Objective::outputs() const {
  return is_mse_ ? 1 : classes_;
}

torch::Tensor Objective::targets(const Batch& batch, const torch::Device& device) const {
  const auto count = static_cast<std::size_t>(batch.count);
  return copy_ahead(is_mse_ ? torch::tensor(at::ArrayRef<float>(batch.values.data(), count))
                            : torch::tensor(at::ArrayRef<std::int64_t>(batch.labels.data(), count)),
                    device);
}

torch::Tensor Objective::loss(const torch::Tensor& outputs, const torch::Tensor& targets,
                              double label_smoothing, bool each) const {
  if (is_mse_)
    return torch::mse_loss(outputs.squeeze(1), targets,
                           each ? at::Reduction::None : at::Reduction::Mean);
  auto options = torch::nn::functional::CrossEntropyFuncOptions().label_smoothing(label_smoothing);
  if (each) options.reduction(torch::kNone);
  return torch::nn::functional::cross_entropy(outputs, targets, options);
}

torch::Tensor Objective::guesses(const torch::Tensor& outputs) const {
  if (is_mse_) {
    const auto second = outputs.gt(0.5).to(torch::kInt64);
    return torch::cat({second, 1 - second}, 1);
  }
  return std::get<1>(outputs.topk(std::min<std::int64_t>(5, outputs.size(1)), 1));
}

torch::Tensor Objective::scores(const torch::Tensor& outputs) const {
  return is_mse_ ? outputs.squeeze(1) : outputs.select(1, 1) - outputs.select(1, 0);
}

}  // namespace archsweep::runner
