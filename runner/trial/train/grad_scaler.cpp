#include "runner/trial/train/grad_scaler.h"

#include <ATen/ops/_amp_foreach_non_finite_check_and_unscale.h>
#include <ATen/ops/_amp_update_scale.h>

#include "runner/trial/failure.h"

namespace archsweep::runner {

constexpr double first_scale = 65536, growth = 2, backoff = 0.5;
constexpr int growth_interval = 2000;  // good steps in a row
constexpr double least_scale = 1e-8;   // smaller: not the scale is at fault

GradScaler::GradScaler(bool is_on, const torch::Device& device) : is_on_(is_on) {
  if (!is_on) return;
  const torch::TensorOptions on_device(device);
  scale_ = torch::full({}, first_scale, on_device.dtype(torch::kFloat32));
  growth_tracker_ = torch::zeros({}, on_device.dtype(torch::kInt32));
}

bool GradScaler::unscale(const torch::nn::Module& module) {
  if (!is_on_) return true;
  torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> gradients;
  for (const auto& parameter : module.parameters())
    if (parameter.grad().defined()) gradients.push_back(parameter.grad());
  auto found_inf = torch::zeros({}, scale_.options());
  at::_amp_foreach_non_finite_check_and_unscale_(
      gradients, found_inf, scale_.to(torch::kFloat64).reciprocal().to(torch::kFloat32));
  at::_amp_update_scale_(scale_, growth_tracker_, found_inf, growth, backoff, growth_interval);
  if (found_inf.item<float>() == 0) return true;
  if (scale_.item<float>() < least_scale)
    throw Diverged("gradients overflow float16 at any scale of the loss");
  return false;
}

archs::NamedTensors GradScaler::state() const {
  if (!is_on_) return {};
  return {{"scaler.scale", scale_}, {"scaler.growth_tracker", growth_tracker_}};
}

}  // namespace archsweep::runner
