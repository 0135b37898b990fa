#pragma once

// Resizing with a filter widened by the scale (antialiased), as Pillow does it, to the bit.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "archs/family.h"

namespace archsweep::runner {

struct Image {
  int width = 0, height = 0, channels = 0;
  std::vector<std::uint8_t> pixels;  // rows of interleaved pixels

  Image() = default;
  Image(int w, int h, int c)
      : width(w),
        height(h),
        channels(c),
        pixels(std::size_t(w) * std::size_t(h) * std::size_t(c)) {}
};

// A rectangle of pixels that belong to somebody else.
struct View {
  const std::uint8_t* pixels;
  int width, height, channels;
  std::size_t row_bytes;

  View(const Image& image) : View(image.pixels.data(), image.width, image.height, image.channels) {}
  View(const std::uint8_t* p, int w, int h, int c, std::size_t row = 0)
      : pixels(p), width(w), height(h), channels(c), row_bytes(row ? row : std::size_t(w) * c) {}
  View part(int x, int y, int w, int h) const {
    return {pixels + std::size_t(y) * row_bytes + std::size_t(x) * channels, w, h, channels,
            row_bytes};
  }
};

struct Box {
  double x, y, width, height;
};

// Resizes the box of the view to width x height at `out`; pixels around the box may count at its
// edges. `scratch` is working space.
void resize(const View& view, const Box& box, int width, int height, std::uint8_t* out,
            std::vector<std::uint8_t>& scratch,
            archs::Interpolation interpolation = archs::Interpolation::bilinear);

// How a photo becomes a square of the given side. "crop": the short side is resized and the middle
// is cut out; "squish": the proportions are lost; "pad": it is shrunk to fit, never enlarged, and
// surrounded by its mirror image.
void to_square(const Image& image, std::string_view how, int side, std::uint8_t* out);

// Where the middle `side` of `size` pixels begins, as in torchvision's center_crop: a half goes to
// the even neighbour.
int middle_begins(int size, int side);

Image with_channels(const View& view, int channels);  // 1, 3 or 4 (alpha: on white) to 1 or 3

}  // namespace archsweep::runner
