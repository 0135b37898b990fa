#include "runner/trial/fill.h"

#include <algorithm>
#include <cmath>

#include "archs/network.h"

namespace archsweep::runner {

Uniform::Uniform(std::string_view key) : seed_(0xcbf29ce484222325) {
  for (const unsigned char c : key) seed_ = (seed_ ^ c) * 0x100000001b3;
}

double Uniform::operator()(std::uint64_t i) const {
  std::uint64_t z = seed_ + (i + 1) * 0x9E3779B97F4A7C15;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  z = z ^ (z >> 31);
  return static_cast<double>(z >> 40) * 0x1p-23 - 1;
}

namespace {

struct Range {
  float scale, offset;
};

Range range_of(std::string_view key, const torch::Tensor& tensor, double gain) {
  const auto leaf = key.substr(key.rfind('.') + 1);
  const auto any = [&](auto... names) { return ((leaf == names) || ...); };
  if (leaf == "running_var") return {0.25f, 1};
  if (leaf == "running_mean") return {0.1f, 0};
  if (leaf.ends_with("_min")) return {0.5f, -3};
  if (leaf.ends_with("_max")) return {0.5f, 3};
  if (leaf.starts_with("weight")) {
    if (tensor.dim() < 2) return {0.1f, 1};
    const auto fan_in = std::min<std::int64_t>(tensor.numel() / tensor.size(0), 4096);
    return {static_cast<float>(gain * std::sqrt(3.0 / static_cast<double>(fan_in))), 0};
  }
  if (leaf.starts_with("bias") || leaf.ends_with("bias") || any("beta", "tau")) return {0.1f, 0};
  if (leaf.starts_with("gamma") || leaf.starts_with("ls") || leaf == "skipinit_gain")
    return {0.1f, 0.5f};
  if (any("gain", "v", "alpha", "scale", "std_scale", "temperature", "logit_scale", "D"))
    return {0.1f, 1};
  return {0.5f, 0};
}

}  // namespace

void fill(const torch::Tensor& tensor, std::string_view key, double gain) {
  if (!tensor.is_floating_point()) return;
  const auto [scale, offset] = range_of(key, tensor, gain);
  const Uniform u(key);
  const auto values = torch::empty(tensor.sizes(), torch::kFloat32);
  auto* out = values.data_ptr<float>();
  for (std::int64_t i = 0; i < values.numel(); ++i)
    out[i] = static_cast<float>(static_cast<double>(offset) + static_cast<double>(scale) * u(i));
  torch::NoGradGuard no_grad;
  tensor.copy_(values);
}

void fill(const torch::nn::Module& module, double gain) {
  for (const auto& [key, tensor] : archs::state_dict(module)) fill(tensor, key, gain);
}

torch::Tensor fill_input(int channels, int side) {
  const Uniform fine("input"), coarse("input.coarse");
  const auto images = torch::empty({2, channels, side, side});
  auto* out = images.data_ptr<float>();
  for (std::uint64_t plane = 0, i = 0; plane < 2 * static_cast<std::uint64_t>(channels); ++plane)
    for (int h = 0; h < side; ++h)
      for (int w = 0; w < side; ++w, ++i)
        out[i] =
            static_cast<float>(fine(i) + coarse((plane * 4 + 4 * h / side) * 4 + 4 * w / side));
  return images;
}

}  // namespace archsweep::runner
