#include "runner/trial/data/image.h"

#include <cstring>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

namespace archsweep::runner {
namespace {

Image upright(Image image, int orientation) {
  if (orientation <= 1 || orientation > 8) return image;
  const bool turned = orientation >= 5;
  const int width = image.width, height = image.height, channels = image.channels;
  Image out(turned ? height : width, turned ? width : height, channels);
  for (int y = 0; y < out.height; ++y)
    for (int x = 0; x < out.width; ++x) {
      // EXIF: where the stored row 0 and column 0 lie in the upright picture.
      int from_x = turned ? y : x, from_y = turned ? x : y;
      if (orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8)
        from_x = width - 1 - from_x;
      if (orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7)
        from_y = height - 1 - from_y;
      std::memcpy(&out.pixels[(std::size_t(y) * out.width + x) * channels],
                  &image.pixels[(std::size_t(from_y) * width + from_x) * channels], channels);
    }
  return out;
}

bool has(const std::string& bytes, std::size_t at, std::string_view text) {
  return bytes.size() >= at + text.size() && bytes.compare(at, text.size(), text) == 0;
}

bool is_jpeg(const std::string& bytes) {
  return has(bytes, 0, "\xff\xd8\xff");
}

Image decode(const std::string& bytes, int side, std::uint64_t most_pixels) {
  if (bytes.empty()) throw std::runtime_error("the file is empty");
  if (is_jpeg(bytes)) return decode_jpeg(bytes, side, most_pixels);
  if (has(bytes, 0, "\x89PNG\r\n\x1a\n")) return decode_png(bytes, most_pixels);
  if (has(bytes, 0, "GIF87a") || has(bytes, 0, "GIF89a")) return decode_gif(bytes, most_pixels);
  if (has(bytes, 0, "RIFF") && has(bytes, 8, "WEBP")) return decode_webp(bytes, most_pixels);
  if (has(bytes, 0, "BM")) return decode_bmp(bytes, most_pixels);
  throw UnknownFormat("not a JPEG, PNG, GIF, BMP or WebP image");
}

}  // namespace

void check_size(std::uint64_t width, std::uint64_t height, std::uint64_t most_pixels) {
  if (width == 0 || height == 0) throw std::runtime_error("the image has no pixels");
  if (width > most_pixels || height > most_pixels || width * height > most_pixels)
    throw TooManyPixels(fmt::format("{} x {} pixels is over the limit of {} megapixels", width,
                                    height, most_pixels / 1'000'000));
}

Image decode_image(const std::string& bytes, int side, int channels, std::uint64_t most_pixels) {
  auto image = decode(bytes, side, most_pixels);
  if (is_jpeg(bytes)) image = upright(std::move(image), exif_orientation(bytes));
  if (image.channels == channels) return image;
  return with_channels(image, channels);
}

Image decode_as_stored(const std::string& bytes, int channels) {
  constexpr int in_full = pixel_limit;
  auto image = decode(bytes, in_full, pixel_limit);
  if (image.channels == 4)
    for (std::size_t alpha = 3; alpha < image.pixels.size(); alpha += 4) image.pixels[alpha] = 255;
  if (image.channels == channels) return image;
  return with_channels(image, channels);
}

int exif_orientation(const std::string& jpeg) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(jpeg.data());
  const std::size_t size = jpeg.size();
  // Segments: ff, marker, big-endian length. EXIF is an APP1 before the first scan (da).
  for (std::size_t at = 2; at + 4 <= size && bytes[at] == 0xff && bytes[at + 1] != 0xda;) {
    const std::size_t length = std::size_t(bytes[at + 2]) << 8 | bytes[at + 3];
    const std::size_t end = at + 2 + length;
    if (length < 2 || end > size) return 1;
    if (bytes[at + 1] == 0xe1 && length >= 16 &&
        has(jpeg, at + 4, std::string_view("Exif\0\0", 6))) {
      const std::uint8_t* tiff = bytes + at + 10;
      const std::size_t room = end - (at + 10);
      const bool little = tiff[0] == 'I';
      const auto number = [&](std::size_t place, int width) {
        std::size_t value = 0;
        for (int i = 0; i < width; ++i)
          value = value << 8 | tiff[place + (little ? width - 1 - i : i)];
        return value;
      };
      if (room < 8) return 1;
      const std::size_t directory = number(4, 4);
      if (directory > room || room - directory < 2) return 1;
      const std::size_t entries = number(directory, 2);
      for (std::size_t i = 0; i < entries; ++i) {
        const std::size_t entry = directory + 2 + 12 * i;
        if (entry + 12 > room) return 1;
        if (number(entry, 2) == 0x0112) {
          const std::size_t value = number(entry + 8, 2);
          return value >= 1 && value <= 8 ? int(value) : 1;
        }
      }
      return 1;
    }
    at = end;
  }
  return 1;
}

}  // namespace archsweep::runner
