#include "runner/trial/train/clip.h"

#include <numeric>

#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_norm.h>

namespace archsweep::runner {
namespace {

std::vector<torch::Tensor> grads_of(const std::vector<torch::Tensor>& parameters) {
  std::vector<torch::Tensor> grads;
  for (const auto& parameter : parameters)
    if (parameter.grad().defined()) grads.push_back(parameter.grad());
  return grads;
}

torch::Tensor unit_norms(const torch::Tensor& tensor) {
  if (tensor.dim() <= 1) return tensor.norm();
  std::vector<std::int64_t> inner(static_cast<std::size_t>(tensor.dim() - 1));
  std::iota(inner.begin(), inner.end(), 1);
  return tensor.norm(2, inner, /*keepdim=*/true);
}

}  // namespace

void clip_norm(const std::vector<torch::Tensor>& parameters, double limit) {
  torch::NoGradGuard no_grad;
  const auto grads = grads_of(parameters);
  if (grads.empty()) return;
  const auto norm = torch::stack(at::_foreach_norm(grads, 2)).norm();
  at::_foreach_mul_(grads, (limit / (norm + 1e-6)).clamp_max(1));
}

void clip_value(const std::vector<torch::Tensor>& parameters, double limit) {
  torch::NoGradGuard no_grad;
  for (auto& grad : grads_of(parameters)) grad.clamp_(-limit, limit);
}

void clip_adaptive(const std::vector<torch::Tensor>& parameters, double limit) {
  torch::NoGradGuard no_grad;
  for (const auto& parameter : parameters) {
    if (!parameter.grad().defined()) continue;
    auto grad = parameter.grad();
    const auto most = unit_norms(parameter).clamp_min_(1e-3).mul_(limit);
    grad.mul_((most / unit_norms(grad).clamp_min_(1e-6)).clamp_max_(1));
  }
}

}  // namespace archsweep::runner
