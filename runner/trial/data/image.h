#pragma once

// Decoding of photos, recognised by content and never by name: JPEG, PNG, GIF (first frame), BMP,
// WebP. All of these throw std::runtime_error with the reason, without the file's name.

#include <stdexcept>
#include <string>

#include "runner/trial/data/resize.h"

namespace archsweep::runner {

struct UnknownFormat : std::runtime_error {
  using std::runtime_error::runtime_error;
};
struct TooManyPixels : std::runtime_error {
  using std::runtime_error::runtime_error;
};

constexpr std::uint64_t pixel_limit = 100'000'000;  // a small file can promise a huge image

// Turned upright (EXIF), transparency on white, with 1 or 3 channels. A JPEG much larger than
// `side` is decoded at a half, quarter or eighth, its sides never falling under twice `side`.
Image decode_image(const std::string& bytes, int side, int channels,
                   std::uint64_t most_pixels = pixel_limit);

// As timm reads it: in full, as it is stored, transparency ignored.
Image decode_as_stored(const std::string& bytes, int channels);

void check_size(std::uint64_t width, std::uint64_t height, std::uint64_t most_pixels);

// One format each; 1, 3 or 4 channels.
Image decode_jpeg(const std::string& bytes, int side, std::uint64_t most_pixels = pixel_limit);
Image decode_png(const std::string& bytes, std::uint64_t most_pixels = pixel_limit);
Image decode_gif(const std::string& bytes, std::uint64_t most_pixels = pixel_limit);
Image decode_webp(const std::string& bytes, std::uint64_t most_pixels = pixel_limit);
Image decode_bmp(const std::string& bytes, std::uint64_t most_pixels = pixel_limit);

// The file's bytes; of 1 or 3 channels.
std::string encode_png(const View& image);

// 1 to 8, as EXIF numbers them; 1 where nothing is said.
int exif_orientation(const std::string& jpeg);

}  // namespace archsweep::runner
