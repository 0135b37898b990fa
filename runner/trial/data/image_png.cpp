#include <png.h>

#include <csetjmp>
#include <cstring>
#include <stdexcept>

#include "runner/trial/data/image.h"

namespace archsweep::runner {
namespace {

struct Input {
  const std::string& bytes;
  std::uint64_t most_pixels;
  std::size_t at = 0;
  char why[200] = "damaged PNG";
};

void take(png_structp png, png_bytep out, png_size_t count) {
  Input& input = *static_cast<Input*>(png_get_io_ptr(png));
  if (count > input.bytes.size() - input.at) png_error(png, "the PNG file ends too early");
  std::memcpy(out, input.bytes.data() + input.at, count);
  input.at += count;
}

[[noreturn]] void fail(png_structp png, png_const_charp why) {
  Input& input = *static_cast<Input*>(png_get_error_ptr(png));
  std::strncpy(input.why, why, sizeof input.why - 1);
  std::longjmp(png_jmpbuf(png), 1);
}

void ignore(png_structp, png_const_charp) {}

// Everything with a destructor belongs to the caller: libpng leaves by longjmp.
bool read(png_structp png, png_infop info, Input& input, Image& image,
          std::vector<png_bytep>& rows) {
  if (setjmp(png_jmpbuf(png))) return false;
  png_set_read_fn(png, &input, take);
  png_set_user_limits(png, 1'000'000, 1'000'000);
  png_read_info(png, info);
  const std::uint64_t width = png_get_image_width(png, info);
  const std::uint64_t height = png_get_image_height(png, info);
  check_size(width, height, input.most_pixels);
  png_set_expand(png);    // palettes, few bits, transparent colours
  png_set_scale_16(png);  // 16 bits to 8, rounded
  if (png_get_color_type(png, info) == PNG_COLOR_TYPE_GRAY_ALPHA ||
      (png_get_color_type(png, info) == PNG_COLOR_TYPE_GRAY &&
       png_get_valid(png, info, PNG_INFO_tRNS)))
    png_set_gray_to_rgb(png);
  png_set_interlace_handling(png);
  png_read_update_info(png, info);
  image.width = int(width), image.height = int(height);
  image.channels = png_get_channels(png, info);
  const std::size_t row_bytes = png_get_rowbytes(png, info);
  if (row_bytes != std::size_t(width) * image.channels) png_error(png, "a PNG of an unknown kind");
  image.pixels.resize(row_bytes * height);
  rows.resize(height);
  for (std::size_t y = 0; y < height; ++y) rows[y] = &image.pixels[y * row_bytes];
  png_read_image(png, rows.data());
  return true;
}

}  // namespace

Image decode_png(const std::string& bytes, std::uint64_t most_pixels) {
  Input input{bytes, most_pixels};
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &input, fail, ignore);
  png_infop info = png ? png_create_info_struct(png) : nullptr;
  Image image;
  std::vector<png_bytep> rows;
  bool good = false;
  try {
    good = info && read(png, info, input, image, rows);
  } catch (...) {
    png_destroy_read_struct(&png, &info, nullptr);
    throw;
  }
  png_destroy_read_struct(&png, &info, nullptr);
  if (!good) throw std::runtime_error(input.why);
  return image;
}

std::string encode_png(const View& view) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = png_uint_32(view.width), image.height = png_uint_32(view.height);
  image.format = view.channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
  std::string bytes(PNG_IMAGE_PNG_SIZE_MAX(image), '\0');
  png_alloc_size_t size = bytes.size();
  if (!png_image_write_to_memory(&image, bytes.data(), &size, 0, view.pixels,
                                 png_int_32(view.row_bytes), nullptr))
    throw std::runtime_error(image.message);
  bytes.resize(size);
  return bytes;
}

}  // namespace archsweep::runner
