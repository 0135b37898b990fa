#include "runner/trial/augment/policies.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "runner/trial/augment/copy_ahead.h"

namespace archsweep::runner {
namespace {

double signed_draw(const Magnitudes& m, double value, Random& random) {
  return m.either_sign && random.below(2) ? -value : value;
}

Change draw_change(Space space, int bin, ImageSize size, Random& random) {
  const auto all = space_of(space);
  const auto& m = all[random.below(all.size())];
  return {m.operation,
          signed_draw(m, magnitude(m, bin, bins_of(space), size.width, size.height), random)};
}

std::vector<double> dirichlet(double alpha, int count, Random& random) {
  std::vector<double> shares(static_cast<std::size_t>(count));
  double sum = 0;
  for (auto& share : shares) sum += share = random.gamma(alpha);
  for (auto& share : shares) share /= sum;
  return shares;
}

}  // namespace

double magnitude(const Magnitudes& m, int bin, int bins, int width, int height) {
  if (m.unit == Magnitudes::bits)
    return m.first - std::nearbyint(bin * (m.first - m.last) / (bins - 1));
  const double scale = m.unit == Magnitudes::widths    ? width
                       : m.unit == Magnitudes::heights ? height
                                                       : 1;
  // torch.linspace: from whichever end is nearer, rounded once. What it gives for 16 is below it.
  const auto first = static_cast<float>(m.first * scale), last = static_cast<float>(m.last * scale);
  const float step = (last - first) / static_cast<float>(bins - 1);
  return bin < bins / 2 ? std::fma(step, static_cast<float>(bin), first)
                        : std::fma(-step, static_cast<float>(bins - 1 - bin), last);
}

Chain draw_rand_augment(int operations, int magnitude, ImageSize size, Random& random) {
  Chain chain;
  for (int i = 0; i < operations; ++i)
    chain.push_back(draw_change(Space::rand, magnitude, size, random));
  return chain;
}

Chain draw_trivial_augment(ImageSize size, Random& random) {
  const int bin = static_cast<int>(random.below(std::uint64_t(bins_of(Space::trivial))));
  return {draw_change(Space::trivial, bin, size, random)};
}

Chain draw_auto_augment(Policy policy, ImageSize size, Random& random) {
  const auto pairs = pairs_of(policy);
  const auto space = space_of(Space::automatic);
  Chain chain;
  for (const auto& step : pairs[random.below(pairs.size())]) {
    if (random.uniform() >= step.probability) continue;
    const auto& m = *std::ranges::find(space, step.operation, &Magnitudes::operation);
    const double value = magnitude(m, step.bin, bins_of(Space::automatic), size.width, size.height);
    chain.push_back({step.operation, signed_draw(m, value, random)});
  }
  return chain;
}

Chain draw_jitter(const Jitter& jitter, Random& random) {
  const std::array<std::pair<Operation, double>, 4> limits{
      {{Operation::brightness, jitter.brightness},
       {Operation::contrast, jitter.contrast},
       {Operation::colour, jitter.saturation},
       {Operation::hue, jitter.hue}}};
  std::array<std::uint32_t, limits.size()> order{0, 1, 2, 3};
  shuffle(order, random);
  Chain chain;
  for (const auto i : order)
    if (const auto [operation, limit] = limits[i]; limit > 0)
      chain.push_back({operation, random.uniform(-limit, limit)});
  return chain;
}

Mixture draw_augmix(int severity, int width, int depth, double alpha, ImageSize size,
                    Random& random) {
  const auto kept = dirichlet(alpha, 2, random);
  Mixture mixture{kept[0], dirichlet(alpha, width, random), {}};
  for (auto& weight : mixture.weights) weight *= kept[1];
  for (int i = 0; i < width; ++i) {
    Chain chain(depth > 0 ? std::size_t(depth) : 1 + random.below(3));
    for (auto& change : chain) {
      const int bin = static_cast<int>(random.below(std::uint64_t(severity)));
      change = draw_change(Space::mixed, bin, size, random);
    }
    mixture.chains.push_back(std::move(chain));
  }
  return mixture;
}

torch::Tensor apply_mixtures(const torch::Tensor& images, std::span<const Mixture> mixtures) {
  const auto weights = [&](auto of) {
    std::vector<float> values;
    for (const auto& mixture : mixtures) values.push_back(static_cast<float>(of(mixture)));
    return copy_ahead(torch::tensor(values).view({-1, 1, 1, 1}), images.device());
  };
  auto sum = weights([](const Mixture& m) { return m.keep; }) * images;
  for (std::size_t i = 0; i < mixtures.front().chains.size(); ++i) {
    std::vector<Chain> chains;
    for (const auto& mixture : mixtures) chains.push_back(mixture.chains[i]);
    sum.add_(weights([&](const Mixture& m) { return m.weights[i]; }) *
             apply_chains(images, chains, /*bilinear=*/true));
  }
  return sum.to(torch::kUInt8);
}

}  // namespace archsweep::runner
