#include "runner/trial/train/update_rules.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_addcdiv.h>
#include <ATen/ops/_foreach_addcmul.h>
#include <ATen/ops/_foreach_clamp_max.h>
#include <ATen/ops/_foreach_copy.h>
#include <ATen/ops/_foreach_div.h>
#include <ATen/ops/_foreach_lerp.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_neg.h>
#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/_foreach_sign.h>
#include <ATen/ops/_foreach_sqrt.h>
#include <ATen/ops/_foreach_sub.h>
#include <ATen/ops/_fused_adam.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/_fused_sgd.h>

#include <fmt/format.h>

#include "runner/support/error.h"

namespace archsweep::runner {
namespace {

using Tensors = std::vector<torch::Tensor>;

template <bool nesterov>
void sgd(const Updated& u, const Hyperparameters& h) {
  // The kernel wants no memory where there is no momentum.
  at::_fused_sgd_(u.parameters, u.grads, h.momentum > 0 ? u.memory[0] : Tensors{}, h.weight_decay,
                  h.momentum, h.learning_rate,
                  /*dampening=*/0, nesterov, /*maximize=*/false,
                  /*is_first_step=*/false);  // the memory begins as zeros
}

void adam(const Updated& u, const Hyperparameters& h) {
  at::_fused_adam_(u.parameters, u.grads, u.memory[0], u.memory[1], {}, u.steps, h.learning_rate,
                   h.momentum, h.beta2, h.weight_decay, h.eps, /*amsgrad=*/false,
                   /*maximize=*/false);
}

void adamw(const Updated& u, const Hyperparameters& h) {
  at::_fused_adamw_(u.parameters, u.grads, u.memory[0], u.memory[1], {}, u.steps, h.learning_rate,
                    h.momentum, h.beta2, h.weight_decay, h.eps, /*amsgrad=*/false,
                    /*maximize=*/false);
}

// Weight decay into the gradient.
Tensors decayed(const Updated& u, double weight_decay) {
  return weight_decay == 0 ? u.grads : at::_foreach_add(u.grads, u.parameters, weight_decay);
}

void add_square(const Tensors& average, const Tensors& of, double beta) {
  at::_foreach_mul_(average, beta);
  at::_foreach_addcmul_(average, of, of, 1 - beta);
}

// Memory: momentum, squares.
void rmsprop(const Updated& u, const Hyperparameters& h) {
  const auto grads = decayed(u, h.weight_decay);
  add_square(u.memory[1], grads, h.beta2);
  const auto root = at::_foreach_sqrt(u.memory[1]);
  at::_foreach_add_(root, h.eps);
  at::_foreach_mul_(u.memory[0], h.momentum);
  at::_foreach_addcdiv_(u.memory[0], grads, root);
  at::_foreach_add_(u.parameters, u.memory[0], -h.learning_rate);
}

// eps within the root, and the learning rate within the momentum.
void rmsproptf(const Updated& u, const Hyperparameters& h) {
  const auto grads = decayed(u, h.weight_decay);
  const auto change = at::_foreach_mul(grads, grads);
  at::_foreach_sub_(change, u.memory[1]);
  at::_foreach_add_(u.memory[1], change, 1 - h.beta2);
  const auto root = at::_foreach_add(u.memory[1], h.eps);
  at::_foreach_sqrt_(root);
  at::_foreach_mul_(u.memory[0], h.momentum);
  at::_foreach_addcdiv_(u.memory[0], grads, root, h.learning_rate);
  at::_foreach_sub_(u.parameters, u.memory[0]);
}

// Averages begin as zeros: the share of the whole that they have seen.
std::vector<double> seen(const Tensors& steps, double beta) {
  std::vector<double> shares;
  for (const auto& step : steps) shares.push_back(1 - std::pow(beta, step.item<double>()));
  return shares;
}

template <typename Change>
std::vector<at::Scalar> scalars(std::vector<double> numbers, Change change) {
  std::ranges::transform(numbers, numbers.begin(), change);
  return {numbers.begin(), numbers.end()};
}

// Root of the average of squares, as if it had begun with them, and eps.
Tensors denominators(const Tensors& squares, const Updated& u, const Hyperparameters& h) {
  auto root = at::_foreach_sqrt(squares);
  at::_foreach_div_(root, scalars(seen(u.steps, h.beta2), [](double s) { return std::sqrt(s); }));
  at::_foreach_add_(root, h.eps);
  return root;
}

// Memory: averages of gradients and of their squares.
void lamb(const Updated& u, const Hyperparameters& h) {
  at::_foreach_lerp_(u.memory[0], u.grads, 1 - h.momentum);
  add_square(u.memory[1], u.grads, h.beta2);
  const auto update =
      at::_foreach_div(u.memory[0], scalars(seen(u.steps, h.momentum), std::identity()));
  at::_foreach_div_(update, denominators(u.memory[1], u, h));
  if (h.weight_decay != 0) {
    at::_foreach_add_(update, u.parameters, h.weight_decay);
    // Each layer's step is as long as its weights; where either is zero it stays as it is.
    const auto weights = torch::stack(at::_foreach_norm(u.parameters, 2));
    const auto updates = torch::stack(at::_foreach_norm(update, 2));
    const auto ratio = torch::where((weights > 0) & (updates > 0), weights / updates, 1);
    at::_foreach_mul_(update, ratio.unbind());
  }
  at::_foreach_add_(u.parameters, update, -h.learning_rate);
}

// Memory: average of gradients.
void lion(const Updated& u, const Hyperparameters& h) {
  at::_foreach_mul_(u.parameters, 1 - h.learning_rate * h.weight_decay);
  const auto update = at::_foreach_lerp(u.memory[0], u.grads, 1 - h.momentum);
  at::_foreach_sign_(update);
  at::_foreach_add_(u.parameters, update, -h.learning_rate);
  at::_foreach_lerp_(u.memory[0], u.grads, 1 - h.beta2);
}

// Memory: averages of gradients, of squares, and of differences of gradients; the last gradient.
void adan(const Updated& u, const Hyperparameters& h) {
  constexpr double keep = 0.92;  // of the differences
  const auto& [average, squares, differences, last] = u.memory;
  for (std::size_t i = 0; i < last.size(); ++i)
    if (u.steps[i].item<double>() == 1) last[i].copy_(u.grads[i]);
  const auto difference = at::_foreach_sub(u.grads, last);
  at::_foreach_lerp_(average, u.grads, 1 - h.momentum);
  at::_foreach_mul_(differences, keep);
  at::_foreach_add_(differences, difference, 1 - keep);
  at::_foreach_mul_(difference, keep);
  at::_foreach_add_(difference, u.grads);
  add_square(squares, difference, h.beta2);
  const auto root = denominators(squares, u, h);
  const double rate = h.learning_rate;
  at::_foreach_addcdiv_(u.parameters, average, root,
                        scalars(seen(u.steps, h.momentum), [&](double s) { return -rate / s; }));
  at::_foreach_addcdiv_(u.parameters, differences, root,
                        scalars(seen(u.steps, keep), [&](double s) { return -rate * keep / s; }));
  at::_foreach_div_(u.parameters, 1 + rate * h.weight_decay);
  at::_foreach_copy_(last, u.grads);
}

// The nearest matrix whose singular values are 1, near enough: Newton-Schulz in five steps, whose
// coefficients timm names quintic (github.com/KellerJordan/modded-nanogpt).
torch::Tensor orthogonalised(const torch::Tensor& matrix, double eps) {
  constexpr double coefficients[][3] = {{4.0848, -6.8946, 2.9270},
                                        {3.9505, -6.3029, 2.6377},
                                        {3.7418, -5.5913, 2.3037},
                                        {2.8769, -3.1427, 1.2046},
                                        {2.8366, -3.0525, 1.2012}};
  const bool is_tall = matrix.size(0) > matrix.size(1);
  auto x = is_tall ? matrix.t() : matrix;
  // timm has bfloat16 everywhere; a CPU is not the faster for it.
  if (!x.device().is_cpu()) x = x.to(torch::kBFloat16);
  x = (x / x.norm().clamp_min(eps)).contiguous();
  for (const auto& [a, b, c] : coefficients) {
    const auto square = x.mm(x.t());
    x = torch::addmm(x, torch::addmm(square, square, square, b, c), x, a);
  }
  return is_tall ? x.t() : x;
}

// Memory: average of gradients.
void muon(const Updated& u, const Hyperparameters& h) {
  at::_foreach_mul_(u.parameters, 1 - h.learning_rate * h.weight_decay);
  at::_foreach_lerp_(u.memory[0], u.grads, 1 - h.momentum);
  for (std::size_t i = 0; i < u.parameters.size(); ++i) {
    const auto& average = u.memory[0][i];
    const auto update = orthogonalised(average.reshape({average.size(0), -1}), h.eps);
    // Makes its root mean square that of AdamW's updates.
    const double scale =
        0.2 * std::sqrt(static_cast<double>(std::max(update.size(0), update.size(1))));
    u.parameters[i].add_(update.reshape(average.sizes()), -h.learning_rate * scale);
  }
}

constexpr UpdateRule rules[] = {
    {"adamw", 2, 0, true, true, adamw},         {"sgd", 1, 0, false, true, sgd<false>},
    {"nesterov", 1, 0, false, true, sgd<true>}, {"adam", 2, 0, true, true, adam},
    {"rmsprop", 2, 0, false, false, rmsprop},   {"rmsproptf", 2, 1, false, false, rmsproptf},
    {"lamb", 2, 0, true, false, lamb},          {"lion", 1, 0, false, false, lion},
    {"adan", 4, 0, true, false, adan},          {"muon", 1, 0, false, false, muon},
};

}  // namespace

const UpdateRule& update_rule(std::string_view optimizer) {
  const auto* rule = std::ranges::find(rules, optimizer, &UpdateRule::optimizer);
  if (rule == std::end(rules))
    throw Error(fmt::format("training.optimizer: this worker knows no '{}'", optimizer));
  return *rule;
}

bool is_for_muon(const torch::Tensor& parameter) {
  // Position embeddings, depthwise convolutions and what is nearly a vector are not.
  if (parameter.dim() < 2 || parameter.size(0) == 1 || parameter.size(1) == 1) return false;
  const auto rows = parameter.size(0), columns = parameter.numel() / rows;
  const auto small = std::min(rows, columns), large = std::max(rows, columns);
  return small >= 4 && large <= 128 * small;
}

}  // namespace archsweep::runner
