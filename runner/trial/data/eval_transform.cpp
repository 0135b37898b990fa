#include "runner/trial/data/eval_transform.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <vector>

namespace archsweep::runner {
namespace {

// As Python's round: a half goes to the even neighbour.
int rounded(double x) {
  return int(std::nearbyint(x));
}

Image resized(const Image& image, int width, int height, archs::Interpolation interpolation) {
  if (width == image.width && height == image.height) return image;
  Image out(width, height, image.channels);
  std::vector<std::uint8_t> scratch;
  resize(image, {0, 0, double(image.width), double(image.height)}, width, height, out.pixels.data(),
         scratch, interpolation);
  return out;
}

Image resized(const Image& image, const archs::Preprocessing& p, int side) {
  const int scaled = int(std::floor(side / p.crop_pct));
  int width = scaled, height = scaled;
  if (p.crop_mode == "border") {  // the longer side is `scaled`
    const double ratio = std::max(double(image.height) / scaled, double(image.width) / scaled);
    width = rounded(image.width / ratio), height = rounded(image.height / ratio);
  } else if (p.crop_mode != "squash") {  // the shorter side is
    const auto longer = [&](int a, int b) { return int(double(std::int64_t(scaled) * a) / b); };
    if (image.width <= image.height)
      height = longer(image.height, image.width);
    else
      width = longer(image.width, image.height);
  }
  return resized(image, std::max(width, 1), std::max(height, 1), p.interpolation);
}

// Where the cut of `side` begins in a picture of `size`; negative: as much is filled up before it.
int cut_at(int size, int side) {
  return size < side ? -((side - size) / 2) : middle_begins(size, side);
}

}  // namespace

void eval_transform(const Image& image, const archs::Preprocessing& p, int side,
                    std::uint8_t* out) {
  const Image whole = resized(image, p, side);
  const int channels = whole.channels;
  std::array<std::uint8_t, 3> fill{};
  if (p.crop_mode == "border")
    for (int c = 0; c < 3; ++c) fill[c] = std::uint8_t(rounded(255 * p.mean[c]));
  const int left = cut_at(whole.width, side), top = cut_at(whole.height, side);
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x, out += channels) {
      const int from_x = left + x, from_y = top + y;
      const bool inside =
          from_x >= 0 && from_x < whole.width && from_y >= 0 && from_y < whole.height;
      std::memcpy(out,
                  inside ? &whole.pixels[(std::size_t(from_y) * whole.width + from_x) * channels]
                         : fill.data(),
                  channels);
    }
}

}  // namespace archsweep::runner
