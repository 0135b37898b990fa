#include "runner/trial/train/weight_average.h"

#include <algorithm>
#include <cmath>

#include <ATen/ops/_foreach_lerp.h>

namespace archsweep::runner {
namespace {

// timm's get_decay(): 1 - (1 + step)^(-2/3) until it reaches `decay`.
double decay_at(double step, double decay, bool warmup) {
  if (step <= 1) return 0;
  return warmup ? std::min(decay, 1 - std::pow(step, -2.0 / 3)) : decay;
}

}  // namespace

WeightAverage::WeightAverage(const archs::Network& network, const TrainingSpec& spec)
    : decay_(spec.ema), warmup_(spec.ema_warmup) {
  if (!is_on()) return;
  for (const auto& [key, tensor] : archs::state_dict(network)) {
    keys_.push_back(key);
    network_.push_back(tensor.detach());
    average_.push_back(tensor.detach().clone());
  }
  steps_ = torch::zeros({}, torch::kInt64);
}

void WeightAverage::update() {
  if (!is_on()) return;
  torch::NoGradGuard no_grad;
  steps_.add_(1);
  std::vector<torch::Tensor> numbers, averages;
  for (std::size_t i = 0; i < network_.size(); ++i)
    if (network_[i].is_floating_point()) {
      numbers.push_back(network_[i]);
      averages.push_back(average_[i]);
    } else {
      average_[i].copy_(network_[i]);
    }
  at::_foreach_lerp_(averages, numbers, 1 - decay_at(steps_.item<double>(), decay_, warmup_));
}

void WeightAverage::swap() {
  torch::NoGradGuard no_grad;
  // In three rounds: a tensor under two keys must not be swapped back by the second.
  std::vector<torch::Tensor> weights;
  for (const auto& tensor : network_) weights.push_back(tensor.clone());
  for (std::size_t i = 0; i < network_.size(); ++i) network_[i].copy_(average_[i]);
  for (std::size_t i = 0; i < network_.size(); ++i) average_[i].copy_(weights[i]);
}

archs::NamedTensors WeightAverage::state() const {
  archs::NamedTensors all;
  for (std::size_t i = 0; i < keys_.size(); ++i)
    all.emplace_back("weights." + keys_[i], average_[i]);
  if (is_on()) all.emplace_back("steps", steps_);
  return all;
}

}  // namespace archsweep::runner
