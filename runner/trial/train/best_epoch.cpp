#include "runner/trial/train/best_epoch.h"

namespace archsweep::runner {
namespace {

bool is_better(const results::Epoch& a, const results::Epoch& b) {
  if (a.valid_top1 > b.valid_top1) return true;
  return !(a.valid_top1 < b.valid_top1) && a.valid_loss < b.valid_loss;
}

void copy(const archs::NamedTensors& from, const archs::NamedTensors& to) {
  torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < from.size(); ++i) to[i].second.copy_(from[i].second);
}

}  // namespace

int best_epoch(const std::vector<results::Epoch>& epochs) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < epochs.size(); ++i)
    if (is_better(epochs[i], epochs[best])) best = i;
  return epochs.empty() ? 0 : epochs[best].number;
}

bool has_ended(const TrainingSpec& spec, const std::vector<results::Epoch>& epochs) {
  const auto done = static_cast<int>(epochs.size());
  return done >= spec.epochs ||
         (spec.patience > 0 && done > 0 && done - best_epoch(epochs) >= spec.patience);
}

BestWeights::BestWeights(const archs::Network& network, const TrainingSpec& spec) {
  if (spec.result != "best") return;
  network_ = archs::state_dict(network);
  for (const auto& [key, tensor] : network_) kept_.emplace_back(key, tensor.detach().clone());
}

void BestWeights::keep() {
  if (is_on()) copy(network_, kept_);
}

void BestWeights::restore() const {
  if (is_on()) copy(kept_, network_);
}

archs::NamedTensors BestWeights::state() const {
  return kept_;
}

}  // namespace archsweep::runner
