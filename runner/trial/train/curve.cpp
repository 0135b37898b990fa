#include "runner/trial/train/curve.h"

#include <fmt/format.h>

namespace archsweep::runner {

static void append(std::vector<double>& values, const torch::Tensor& tensor) {
  const auto flat = tensor.detach().to(torch::kCPU, torch::kFloat64).flatten().contiguous();
  values.insert(values.end(), flat.const_data_ptr<double>(),
                flat.const_data_ptr<double>() + flat.numel());
}

void add_curve(results::Epoch& epoch, Learner& learner) {
  torch::NoGradGuard no_grad;
  for (const auto& named : learner.model().network().named_parameters()) {
    const auto& parameter = named.value();
    for (std::int64_t i = 0; i < parameter.numel(); ++i)
      epoch.parameter_names.push_back(
          parameter.numel() == 1 ? named.key() : fmt::format("{}[{}]", named.key(), i));
    append(epoch.parameters, parameter);
    append(epoch.gradients,
           parameter.grad().defined() ? parameter.grad() : torch::zeros_like(parameter));
  }
  const auto& dataset = learner.dataset();
  const std::span<const float> xs(dataset.rows, dataset.size());
  epoch.x.assign(xs.begin(), xs.end());
  epoch.y.assign(dataset.values, dataset.values + dataset.size());
  append(epoch.outputs, learner.forward(to_device(xs, std::int64_t(xs.size()), learner.device())));
}

}  // namespace archsweep::runner
