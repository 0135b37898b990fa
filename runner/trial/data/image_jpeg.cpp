#include <turbojpeg.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string_view>

#include "runner/trial/data/image.h"

namespace archsweep::runner {
namespace {

// Adobe's convention, which files in the wild follow: 255 is no ink.
Image from_cmyk(const Image& inks) {
  Image out(inks.width, inks.height, 3);
  const std::uint8_t* from = inks.pixels.data();
  for (std::uint8_t* to = out.pixels.data(); to != out.pixels.data() + out.pixels.size();
       to += 3, from += 4)
    for (int c = 0; c < 3; ++c) to[c] = std::uint8_t((from[c] * from[3] + 127) / 255);
  return out;
}

}  // namespace

Image decode_jpeg(const std::string& bytes, int side, std::uint64_t most_pixels) {
  const std::unique_ptr<void, int (*)(tjhandle)> decoder(tjInitDecompress(), tjDestroy);
  if (!decoder) throw std::bad_alloc();
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  int width = 0, height = 0, sampling = 0, space = 0;
  if (tjDecompressHeader3(decoder.get(), data, bytes.size(), &width, &height, &sampling, &space) !=
      0)
    throw std::runtime_error(tjGetErrorStr2(decoder.get()));
  check_size(std::uint64_t(width), std::uint64_t(height), most_pixels);

  // Dropping high frequencies in the transform costs nothing where the filter drops them anyway.
  int denominator = 1;
  while (denominator < 8 && std::min(width, height) / (denominator * 2) >= 2 * side)
    denominator *= 2;
  const tjscalingfactor factor{1, denominator};
  const bool inks = space == TJCS_CMYK || space == TJCS_YCCK;
  const int format = inks ? TJPF_CMYK : space == TJCS_GRAY ? TJPF_GRAY : TJPF_RGB;
  Image image(TJSCALED(width, factor), TJSCALED(height, factor), tjPixelSize[format]);
  if (tjDecompress2(decoder.get(), data, bytes.size(), image.pixels.data(), image.width, 0,
                    image.height, format, TJFLAG_LIMITSCANS) != 0) {
    // Warnings tell of bytes that were skipped; only missing ones spoil the picture.
    const std::string_view why = tjGetErrorStr2(decoder.get());
    if (tjGetErrorCode(decoder.get()) != TJERR_WARNING ||
        why.find("Premature end") != std::string_view::npos)
      throw std::runtime_error(std::string(why));
  }
  if (inks) return from_cmyk(image);
  return image;
}

}  // namespace archsweep::runner
