#include "runner/trial/train/optimizer.h"

#include <algorithm>

#include "runner/trial/train/clip.h"

namespace archsweep::runner {

// muon has matrices only; adamw has the others.
static std::vector<ParameterGroup> divide_for_muon(std::vector<ParameterGroup> groups) {
  std::vector<ParameterGroup> divided;
  for (const auto& group : groups)
    for (const bool for_muon : {true, false}) {
      auto part = group;
      part.keys.clear(), part.parameters.clear();
      for (std::size_t i = 0; i < group.keys.size(); ++i) {
        if (is_for_muon(group.parameters[i]) != for_muon) continue;
        part.keys.push_back(group.keys[i]);
        part.parameters.push_back(group.parameters[i]);
      }
      if (!part.keys.empty()) divided.push_back(std::move(part));
    }
  return divided;
}

Optimizer::Optimizer(const archs::Network& network, const TrainingSpec& spec)
    : clip_norm_(spec.clip_grad_norm),
      clip_value_(spec.clip_grad_value),
      clip_adaptive_(spec.clip_grad_agc),
      is_muon_(spec.optimizer == "muon"),
      average_(network, spec) {
  const auto& kind = optimizer_kind(spec.optimizer);
  beta2_ = spec.beta2 > 0 ? spec.beta2 : kind.beta2;
  eps_ = spec.eps > 0 ? spec.eps : kind.eps;
  // timm's lamb clips by itself, whatever was clipped before.
  if (kind.name == "lamb") clip_norm_ = clip_norm_ > 0 ? std::min(clip_norm_, 1.0) : 1;
  auto plain_groups = parameter_groups(network, spec);
  if (is_muon_) plain_groups = divide_for_muon(std::move(plain_groups));
  for (auto& plain : plain_groups) {
    auto& group = groups_.emplace_back(Group{std::move(plain)});
    group.rule = &update_rule(is_muon_ && !is_for_muon(group.parameters[0]) ? "adamw" : kind.name);
    group.begin();
    for (std::size_t i = 0; i < group.parameters.size(); ++i) {
      parameters_.push_back(group.parameters[i]);
      if (!group.keys[i].starts_with(network.classifier + "."))
        below_classifier_.push_back(group.parameters[i]);
    }
  }
}

void Optimizer::Group::begin() {
  for (const auto& parameter : parameters) {
    for (int i = 0; i < rule->memories; ++i)
      memory[static_cast<std::size_t>(i)].push_back(
          torch::full_like(parameter, i == 1 ? rule->second : 0));
    // The fused kernels count on the device; the others read it.
    const auto counts_on = rule->is_fused ? parameter.device() : torch::Device(torch::kCPU);
    if (rule->counts)
      steps.push_back(torch::zeros({}, torch::TensorOptions(torch::kFloat32).device(counts_on)));
  }
}

void Optimizer::forget() {
  for (auto& group : groups_) {
    for (auto& tensors : group.memory) tensors.clear();
    group.steps.clear();
    group.begin();
  }
}

// A parameter that the loss did not reach has no gradient and stays as it is.
Updated Optimizer::Group::with_gradients() {
  Updated u;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const auto& parameter = parameters[i];
    const auto& grad = parameter.grad();
    if (!grad.defined()) continue;
    u.parameters.push_back(parameter);
    // The fused kernels walk memory: a gradient must lie as its parameter does.
    u.grads.push_back(rule->is_fused && grad.strides() != parameter.strides()
                          ? torch::empty_like(parameter).copy_(grad)
                          : grad);
    for (std::size_t m = 0; m < memory.size(); ++m)
      if (!memory[m].empty()) u.memory[m].push_back(memory[m][i]);
    if (rule->counts) u.steps.push_back(steps[i].add_(1));
  }
  return u;
}

void Optimizer::zero_grad() {
  for (auto& parameter : parameters_) parameter.mutable_grad().reset();
}

void Optimizer::clip() {
  // As in timm, the classifier's gradients may be as large as they are.
  if (clip_adaptive_ > 0) clip_adaptive(below_classifier_, clip_adaptive_);
  if (clip_value_ > 0) clip_value(parameters_, clip_value_);
  if (clip_norm_ > 0) clip_norm(parameters_, clip_norm_);
}

void Optimizer::step(const Rates& rates) {
  torch::NoGradGuard no_grad;
  clip();
  for (auto& group : groups_) {
    const auto updated = group.with_gradients();
    if (updated.parameters.empty()) continue;
    const bool is_besides_muon = is_muon_ && group.rule->optimizer != "muon";
    const double body = group.is_head ? 1 : rates.body;
    group.rule->apply(updated, {.learning_rate = rates.learning_rate * group.lr_scale * body,
                                .momentum = is_besides_muon ? 0.9 : rates.momentum,
                                .beta2 = beta2_,
                                .eps = eps_,
                                .weight_decay = group.weight_decay});
  }
  average_.update();
}

archs::NamedTensors Optimizer::state() const {
  static constexpr const char* names[] = {"first.", "second.", "third.", "fourth."};
  archs::NamedTensors all;
  for (const auto& group : groups_) {
    const auto add = [&](const std::string& what, const std::vector<torch::Tensor>& tensors) {
      for (std::size_t i = 0; i < tensors.size(); ++i)
        all.emplace_back(what + group.keys[i], tensors[i]);
    };
    for (std::size_t m = 0; m < group.memory.size(); ++m) add(names[m], group.memory[m]);
    add("steps.", group.steps);
  }
  for (const auto& [key, tensor] : average_.state()) all.emplace_back("ema." + key, tensor);
  return all;
}

}  // namespace archsweep::runner
