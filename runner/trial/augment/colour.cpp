#include "runner/trial/augment/colour.h"

#include <cmath>
#include <vector>

#include "runner/trial/augment/copy_ahead.h"

namespace archsweep::runner {
namespace {

// [n, 1, 1, 1] on the images' device.
torch::Tensor one_each(const std::vector<float>& values, const torch::Tensor& images) {
  return copy_ahead(torch::tensor(values).view({-1, 1, 1, 1}), images.device());
}

template <typename Value, typename Make>
torch::Tensor one_each(std::span<const Value> values, const torch::Tensor& images, Make make) {
  std::vector<float> made;
  for (const auto& value : values) made.push_back(static_cast<float>(make(value)));
  return one_each(made, images);
}

torch::Tensor to_bytes(torch::Tensor values) {
  return values.clamp_(0, 255).to(torch::kUInt8);
}

// ratio * images + (1 - ratio) * other, rounded as torchvision's.
torch::Tensor blend(const torch::Tensor& images, const torch::Tensor& other,
                    std::span<const double> ratios) {
  const auto ratio = one_each(ratios, images, [](double r) { return r; });
  const auto rest = one_each(ratios, images, [](double r) { return 1 - r; });
  return to_bytes((ratio * images).add_(rest * other));
}

torch::Tensor greyscale(const torch::Tensor& images) {
  const auto channels = images.unbind(1);
  return (0.2989 * channels[0] + 0.587 * channels[1] + 0.114 * channels[2])
      .to(torch::kUInt8)
      .unsqueeze(1);
}

bool is_grey(const torch::Tensor& images) {
  return images.size(1) == 1;
}

}  // namespace

Lighting draw_lighting(double max_lighting, double probability, Random& random) {
  Lighting l;
  if (max_lighting <= 0) return l;
  if (random.uniform() < probability)
    l.brightness = random.uniform(0.5 * (1 - max_lighting), 0.5 * (1 + max_lighting));
  const double limit = -std::log(1 - max_lighting);
  if (random.uniform() < probability) l.contrast = std::exp(random.uniform(-limit, limit));
  return l;
}

void light(torch::Tensor& images, std::span<const Lighting> lightings) {
  const auto shift = one_each(lightings, images, [](const Lighting& l) {
    return std::log(l.brightness / (1 - l.brightness));
  });
  const auto factor = one_each(lightings, images, [](const Lighting& l) { return l.contrast; });
  images.div_(255).logit_(1e-7).add_(shift).mul_(factor).sigmoid_().mul_(255);
}

torch::Tensor adjust_brightness(const torch::Tensor& images, std::span<const double> factors) {
  return to_bytes(one_each(factors, images, [](double f) { return f; }) * images);
}

torch::Tensor adjust_contrast(const torch::Tensor& images, std::span<const double> factors) {
  const auto grey = is_grey(images) ? images : greyscale(images);
  return blend(images, grey.to(torch::kFloat32).mean({1, 2, 3}, /*keepdim=*/true), factors);
}

torch::Tensor adjust_saturation(const torch::Tensor& images, std::span<const double> factors) {
  return is_grey(images) ? images : blend(images, greyscale(images), factors);
}

torch::Tensor adjust_sharpness(const torch::Tensor& images, std::span<const double> factors) {
  const auto h = images.size(2), w = images.size(3);
  if (h <= 2 || w <= 2) return images;
  // Mean of 3 x 3 pixels of which the middle one counts five times, by sums along rows and columns:
  // a convolution of so few channels takes eight times as long.
  const auto values = images.to(torch::kInt16);
  const auto sum_of_three = [](const torch::Tensor& t, int dim) {
    return t.slice(dim, 0, -2) + t.slice(dim, 1, -1) + t.slice(dim, 2);
  };
  const auto sum =
      sum_of_three(sum_of_three(values, 3), 2).add_(values.slice(2, 1, -1).slice(3, 1, -1), 4);
  auto blurred = images.clone();
  blurred.slice(2, 1, -1).slice(3, 1, -1).copy_(sum.to(torch::kFloat32).div_(13).round_());
  return blend(images, blurred, factors);
}

torch::Tensor adjust_hue(const torch::Tensor& images, std::span<const double> turns) {
  if (is_grey(images)) return images;
  const auto rgb = (images.to(torch::kFloat32) / 255).unbind(1);
  const auto &r = rgb[0], &g = rgb[1], &b = rgb[2];
  const auto most = at::max(at::max(r, g), b), least = at::min(at::min(r, g), b);
  const auto range = most - least, one = torch::ones_like(most), grey = most.eq(least);
  const auto saturation = range / at::where(grey, one, most);
  const auto divisor = at::where(grey, one, range);
  const auto rc = (most - r) / divisor, gc = (most - g) / divisor, bc = (most - b) / divisor;
  const auto red = most.eq(r), green = most.eq(g);
  const auto sixths = at::where(red, bc - gc, at::where(green, 2 + rc - bc, 4 + gc - rc));
  const auto turn = one_each(turns, images, [](double t) { return t; }).squeeze(1);
  const auto hue = (at::fmod(sixths / 6 + 1, 1) + turn).remainder(1);
  const auto sector = (hue * 6).floor();
  const auto f = hue * 6 - sector;
  const auto p = (most * (1 - saturation)).clamp(0, 1);
  const auto q = (most * (1 - saturation * f)).clamp(0, 1);
  const auto t = (most * (1 - saturation * (1 - f))).clamp(0, 1);
  // Which of them is red, green and blue in each sixth of the circle.
  const auto kinds = torch::stack({most, q, p, t}, 1);
  const auto which = torch::tensor({{0, 1, 2, 2, 3, 0}, {3, 0, 0, 1, 2, 2}, {2, 2, 3, 0, 0, 1}},
                                   torch::TensorOptions(torch::kInt64).device(images.device()));
  const auto sectors = sector.to(torch::kInt64).remainder(6);
  const auto chosen = which.index({at::indexing::Slice(), sectors}).transpose(0, 1);
  return (kinds.gather(1, chosen) * (256 - 1e-3)).to(torch::kUInt8);
}

torch::Tensor posterize(const torch::Tensor& images, std::span<const double> bits) {
  const auto mask =
      one_each(bits, images, [](double b) { return 256 - std::exp2(8 - std::trunc(b)); });
  // Of eight bits the mask is 255, which is 256 - 1; of none it is 0.
  return images.bitwise_and(mask.to(torch::kUInt8));
}

torch::Tensor solarize(const torch::Tensor& images, std::span<const double> thresholds) {
  const auto threshold = one_each(thresholds, images, [](double t) { return t; });
  return at::where(images.ge(threshold), invert(images), images);
}

torch::Tensor autocontrast(const torch::Tensor& images) {
  const auto least = images.amin({2, 3}, /*keepdim=*/true).to(torch::kFloat32);
  const auto most = images.amax({2, 3}, /*keepdim=*/true).to(torch::kFloat32);
  const auto flat = most.eq(least);
  const auto scale = at::where(flat, most.new_ones({}), (most - least).reciprocal() * 255);
  return to_bytes((images - at::where(flat, least.new_zeros({}), least)).mul_(scale));
}

torch::Tensor equalize(const torch::Tensor& images) {
  // Each channel of each image has a histogram of its own, and a table from old to new values.
  const auto rows = images.size(0) * images.size(1);
  const auto values = images.reshape({rows, -1});
  const auto first = torch::arange(0, rows * 256, 256, values.options().dtype(torch::kInt32));
  const auto places = (values.to(torch::kInt32) + first.unsqueeze(1)).flatten();
  const auto histogram = places.bincount({}, rows * 256).view({rows, 256});
  const auto most = values.amax(1, /*keepdim=*/true).to(torch::kInt64);
  const auto step = (values.size(1) - histogram.gather(1, most)).floor_divide(255);
  auto table = (histogram.cumsum(1) - histogram + step.floor_divide(2))
                   .floor_divide(step.clamp_min(1))
                   .clamp_(0, 255);
  // A channel of nearly one value stays as it is.
  table = at::where(step.eq(0), torch::arange(256, table.options()), table);
  return table.to(torch::kUInt8).flatten().index_select(0, places).view_as(images);
}

torch::Tensor invert(const torch::Tensor& images) {
  return 255 - images;
}

}  // namespace archsweep::runner
