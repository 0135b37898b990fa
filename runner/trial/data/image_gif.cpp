#include <gif_lib.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <stdexcept>

#include <fmt/format.h>

#include "runner/trial/data/image.h"

namespace archsweep::runner {
namespace {

struct Input {
  const std::string& bytes;
  std::size_t at = 0;
};

int take(GifFileType* gif, GifByteType* out, int count) {
  Input& input = *static_cast<Input*>(gif->UserData);
  const int given = int(std::min(std::size_t(count), input.bytes.size() - input.at));
  std::memcpy(out, input.bytes.data() + input.at, std::size_t(given));
  input.at += std::size_t(given);
  return given;
}

[[noreturn]] void fail(int error) {
  const char* why = GifErrorString(error);
  throw std::runtime_error(fmt::format("GIF: {}", why ? why : "damaged"));
}

struct Close {
  void operator()(GifFileType* gif) const { DGifCloseFile(gif, nullptr); }
};

// Rows of an interlaced GIF come in four passes.
std::vector<int> row_order(int height, bool interlaced) {
  std::vector<int> order;
  constexpr int passes[][2] = {{0, 8}, {4, 8}, {2, 4}, {1, 2}};
  if (interlaced)
    for (const auto& [first, step] : passes)
      for (int y = first; y < height; y += step) order.push_back(y);
  else
    for (int y = 0; y < height; ++y) order.push_back(y);
  return order;
}

}  // namespace

Image decode_gif(const std::string& bytes, std::uint64_t most_pixels) {
  Input input{bytes};
  int error = 0;
  const std::unique_ptr<GifFileType, Close> gif(DGifOpen(&input, take, &error));
  if (!gif) fail(error);
  int transparent = NO_TRANSPARENT_COLOR;
  for (;;) {
    GifRecordType type;
    if (DGifGetRecordType(gif.get(), &type) == GIF_ERROR) fail(gif->Error);
    if (type == TERMINATE_RECORD_TYPE) throw std::runtime_error("GIF: it holds no picture");
    if (type == IMAGE_DESC_RECORD_TYPE) break;
    int code = 0;
    GifByteType* block = nullptr;
    if (DGifGetExtension(gif.get(), &code, &block) == GIF_ERROR) fail(gif->Error);
    GraphicsControlBlock control{};
    if (code == GRAPHICS_EXT_FUNC_CODE && block &&
        DGifExtensionToGCB(block[0], block + 1, &control) == GIF_OK)
      transparent = control.TransparentColor;
    while (block)
      if (DGifGetExtensionNext(gif.get(), &block) == GIF_ERROR) fail(gif->Error);
  }
  if (DGifGetImageDesc(gif.get()) == GIF_ERROR) fail(gif->Error);
  const GifImageDesc& frame = gif->Image;
  const ColorMapObject* map = frame.ColorMap ? frame.ColorMap : gif->SColorMap;
  if (!map) throw std::runtime_error("GIF: it has no colours");
  const int width = std::max(int(gif->SWidth), frame.Left + frame.Width);
  const int height = std::max(int(gif->SHeight), frame.Top + frame.Height);
  if (frame.Width <= 0 || frame.Height <= 0) check_size(0, 0, most_pixels);
  check_size(std::uint64_t(width), std::uint64_t(height), most_pixels);

  Image image(width, height, 3);
  std::fill(image.pixels.begin(), image.pixels.end(), 255);
  std::vector<GifPixelType> line(std::size_t(frame.Width));
  for (const int y : row_order(frame.Height, frame.Interlace)) {
    if (DGifGetLine(gif.get(), line.data(), frame.Width) == GIF_ERROR) fail(gif->Error);
    std::uint8_t* to = &image.pixels[(std::size_t(frame.Top + y) * width + frame.Left) * 3];
    for (const GifPixelType value : line) {
      if (value != transparent && value < map->ColorCount) {
        const GifColorType& colour = map->Colors[value];
        to[0] = colour.Red, to[1] = colour.Green, to[2] = colour.Blue;
      }
      to += 3;
    }
  }
  return image;
}

}  // namespace archsweep::runner
