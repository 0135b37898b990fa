#include "runner/trial/train/optimizer.h"

#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/_fused_sgd.h>
#include <torch/nn/utils/clip_grad.h>

namespace archsweep::runner {

Optimizer::Optimizer(std::vector<ParameterGroup> groups, const TrainingSpec& spec)
    : adamw_(spec.optimizer == "adamw") {
  for (auto& plain : groups) {
    Group group{std::move(plain), {}, {}, {}};
    for (const auto& parameter : group.parameters) {
      group.first.push_back(torch::zeros_like(parameter));
      if (!adamw_) continue;
      group.second.push_back(torch::zeros_like(parameter));
      group.steps.push_back(torch::zeros({}, parameter.options().dtype(torch::kFloat32)));
    }
    groups_.push_back(std::move(group));
  }
}

void Optimizer::zero_grad() {
  for (auto& group : groups_)
    for (auto& parameter : group.parameters) parameter.mutable_grad().reset();
}

void Optimizer::clip_grad_norm(double limit) {
  std::vector<torch::Tensor> all;
  for (const auto& group : groups_)
    all.insert(all.end(), group.parameters.begin(), group.parameters.end());
  torch::nn::utils::clip_grad_norm_(all, limit);
}

void Optimizer::step(const Rates& rates) {
  torch::NoGradGuard no_grad;
  for (auto& group : groups_) {
    // A parameter that the loss did not reach has no gradient and stays as it is.
    std::vector<torch::Tensor> parameters, grads, first, second, steps;
    for (std::size_t i = 0; i < group.parameters.size(); ++i) {
      const auto& grad = group.parameters[i].grad();
      if (!grad.defined()) continue;
      parameters.push_back(group.parameters[i]);
      // The fused kernels walk memory: a gradient must lie as its parameter does.
      grads.push_back(grad.strides() == parameters.back().strides()
                          ? grad
                          : torch::empty_like(parameters.back()).copy_(grad));
      first.push_back(group.first[i]);
      if (!adamw_) continue;
      second.push_back(group.second[i]);
      steps.push_back(group.steps[i].add_(1));
    }
    if (parameters.empty()) continue;
    const double rate = rates.learning_rate * group.lr_scale * (group.is_head ? 1 : rates.body);
    if (adamw_)
      at::_fused_adamw_(parameters, grads, first, second, {}, steps, rate, rates.momentum,
                        /*beta2=*/0.99, group.weight_decay, /*eps=*/1e-5, /*amsgrad=*/false,
                        /*maximize=*/false);
    else
      at::_fused_sgd_(parameters, grads, first, group.weight_decay, rates.momentum, rate,
                      /*dampening=*/0, /*nesterov=*/false,
                      /*maximize=*/false, /*is_first_step=*/false);  // `first` begins as zeros
  }
}

archs::NamedTensors Optimizer::state() const {
  archs::NamedTensors all;
  for (const auto& group : groups_) {
    const auto add = [&](const std::string& what, const std::vector<torch::Tensor>& tensors) {
      for (std::size_t i = 0; i < tensors.size(); ++i)
        all.emplace_back(what + "." + group.keys[i], tensors[i]);
    };
    add("first", group.first), add("second", group.second), add("steps", group.steps);
  }
  return all;
}

}  // namespace archsweep::runner
