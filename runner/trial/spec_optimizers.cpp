#include <algorithm>

#include <fmt/format.h>

#include "runner/support/error.h"
#include "runner/trial/spec.h"

namespace archsweep::runner {

std::span<const OptimizerKind> optimizer_kinds() {
  // clang-format off
  // Decay is into the weights (decoupled) but for sgd, nesterov, adam and rmsprop*, which add it to
  // the gradient. lion's steps are the larger: a tenth of adamw's learning rate, ten times its decay.
  static constexpr OptimizerKind kinds[] = {
      {"adamw", 0.9, 0.99, 1e-5, 0.01, "Adam with decoupled weight decay, fastai's constants (arXiv 1711.05101)"},
      {"sgd", 0.9, 0, 0, 0.01, "with classical momentum: timm's momentum"},
      {"nesterov", 0.9, 0, 0, 0.01, "SGD with Nesterov's momentum: timm's sgd"},
      {"adam", 0.9, 0.999, 1e-8, 0, "torch.optim's (arXiv 1412.6980)"},
      {"rmsprop", 0.9, 0.9, 1e-8, 0, "torch.optim's, with timm's momentum and beta2"},
      {"rmsproptf", 0.9, 0.9, 1e-10, 0, "TensorFlow's, as timm has it: EfficientNet's and MobileNetV3's (eps: 0.001)"},
      {"lamb", 0.9, 0.999, 1e-6, 0.01, "timm's, gradients clipped at norm 1: for large batches (arXiv 1904.00962)"},
      {"lion", 0.9, 0.99, 0, 0.1, "the sign of the momentum (arXiv 2302.06675)"},
      {"adan", 0.98, 0.99, 1e-8, 0.02, "adaptive Nesterov momentum (arXiv 2208.06677)"},
      {"muon", 0.95, 0.95, 1e-7, 0.01, "orthogonalised momentum, steps as large as AdamW's, which has what is no matrix (arXiv 2502.16982)"},
  };
  // clang-format on
  return kinds;
}

const OptimizerKind& optimizer_kind(std::string_view name) {
  const auto kind = std::ranges::find(optimizer_kinds(), name, &OptimizerKind::name);
  if (kind == optimizer_kinds().end())
    throw Error(fmt::format("training.optimizer: this worker knows no '{}'", name));
  return *kind;
}

}  // namespace archsweep::runner
