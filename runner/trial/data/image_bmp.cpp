#include <stdexcept>

#include <fmt/format.h>

#include "runner/trial/data/image.h"

// Small enough to read here: uncompressed rows of 1, 4, 8, 24 or 32 bits a pixel, which is what is
// found in data sets.

namespace archsweep::runner {

Image decode_bmp(const std::string& bytes, std::uint64_t most_pixels) {
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  const auto number = [&](std::size_t at, std::size_t width) {
    if (at + width > bytes.size()) throw std::runtime_error("the BMP header ends too early");
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < width; ++i) value |= std::uint32_t(data[at + i]) << (8 * i);
    return value;
  };
  const std::size_t start = number(10, 4), header = number(14, 4);
  if (header < 40) throw std::runtime_error("an OS/2 BMP; save it as PNG");
  const std::int64_t width = std::int32_t(number(18, 4));
  const std::int64_t signed_height = std::int32_t(number(22, 4));
  const std::int64_t height = signed_height < 0 ? -signed_height : signed_height;
  const std::uint32_t bits = number(28, 2), compression = number(30, 4);
  check_size(width < 0 ? 0 : std::uint64_t(width), std::uint64_t(height), most_pixels);
  if (bits != 1 && bits != 4 && bits != 8 && bits != 24 && bits != 32)
    throw std::runtime_error(fmt::format("a BMP with {} bits a pixel; save it as PNG", bits));
  const bool usual_masks = compression == 3 && bits == 32 && number(54, 4) == 0xff0000 &&
                           number(58, 4) == 0xff00 && number(62, 4) == 0xff;
  if (compression != 0 && !usual_masks)
    throw std::runtime_error(fmt::format("a BMP of compression {}; save it as PNG", compression));

  const std::uint64_t row_bytes = (std::uint64_t(width) * bits + 31) / 32 * 4;
  if (start > bytes.size() || row_bytes * std::uint64_t(height) > bytes.size() - start)
    throw std::runtime_error("the BMP file ends too early");
  const std::size_t palette = 14 + header;
  Image image(int(width), int(height), 3);
  std::uint8_t* to = image.pixels.data();
  for (std::int64_t y = 0; y < height; ++y) {
    const std::int64_t stored = signed_height < 0 ? y : height - 1 - y;  // bottom row first
    const std::uint8_t* row = data + start + std::uint64_t(stored) * row_bytes;
    for (std::int64_t x = 0; x < width; ++x, to += 3) {
      const std::uint8_t* bgr = row + x * std::int64_t(bits / 8);
      if (bits <= 8) {
        const std::int64_t bit = x * bits;
        const unsigned index = row[bit / 8] >> (8 - bits - bit % 8) & ((1u << bits) - 1);
        if (palette + 4 * index + 4 > bytes.size())
          throw std::runtime_error("the BMP's palette ends too early");
        bgr = data + palette + 4 * index;
      }
      to[0] = bgr[2], to[1] = bgr[1], to[2] = bgr[0];
    }
  }
  return image;
}

}  // namespace archsweep::runner
