#include "runner/trial/augment/mix.h"

#include <algorithm>
#include <cmath>

namespace archsweep::runner {
namespace {

torch::Tensor inside(const torch::Tensor& images, const Patch& box) {
  return images.narrow(-2, box.top, box.height).narrow(-1, box.left, box.width);
}

double beta(double alpha, Random& random) {
  const double a = random.gamma(alpha);
  return a / (a + random.gamma(alpha));
}

std::int64_t below(std::int64_t bound, Random& random) {
  return static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(bound)));
}

}  // namespace

std::optional<Patch> draw_box(const ErasingRanges& r, std::int64_t height, std::int64_t width,
                              Random& random) {
  if (random.uniform() >= r.probability) return {};
  const double limit = -std::log(r.min_aspect), area = static_cast<double>(height * width);
  for (int attempt = 0; attempt < 10; ++attempt) {
    const double target = area * random.uniform(r.min_area, r.max_area);
    const double aspect = std::exp(random.uniform(-limit, limit));
    const auto h = std::llround(std::sqrt(target * aspect));
    const auto w = std::llround(std::sqrt(target / aspect));
    if (h >= height || w >= width) continue;
    const auto top = below(height - h + 1, random);
    return Patch{top, below(width - w + 1, random), h, w};
  }
  return {};
}

void erase(const torch::Tensor& image, const Patch& box, const torch::Tensor& values) {
  inside(image, box).copy_(values);
}

Mix draw_mix(const MixRanges& r, std::int64_t height, std::int64_t width, Random& random) {
  Mix mix;
  if (random.uniform() >= r.probability) return mix;
  const bool both = r.mixup_alpha > 0 && r.cutmix_alpha > 0;
  const bool cut = both ? random.uniform() < r.switch_probability : r.cutmix_alpha > 0;
  mix.keep = beta(cut ? r.cutmix_alpha : r.mixup_alpha, random);
  if (!cut) return mix;
  const double side = std::sqrt(1 - mix.keep);
  const auto h = static_cast<std::int64_t>(static_cast<double>(height) * side);
  const auto w = static_cast<std::int64_t>(static_cast<double>(width) * side);
  const auto y = below(height, random), x = below(width, random);
  const auto top = std::clamp<std::int64_t>(y - h / 2, 0, height);
  const auto left = std::clamp<std::int64_t>(x - w / 2, 0, width);
  mix.box = Patch{top, left, std::clamp<std::int64_t>(y + (h + 1) / 2, 0, height) - top,
                  std::clamp<std::int64_t>(x + (w + 1) / 2, 0, width) - left};
  // What of the box lies outside replaces nothing.
  mix.keep = 1 - static_cast<double>(mix.box->height * mix.box->width) /
                     static_cast<double>(height * width);
  return mix;
}

torch::Tensor mix(const torch::Tensor& images, const torch::Tensor& targets, const Mix& m) {
  if (m.keep == 1) return targets;
  const auto others = images.flip(0);
  if (m.box)
    inside(images, *m.box).copy_(inside(others, *m.box));
  else
    images.mul_(m.keep).add_(others, 1 - m.keep);
  return targets * m.keep + targets.flip(0) * (1 - m.keep);
}

}  // namespace archsweep::runner
