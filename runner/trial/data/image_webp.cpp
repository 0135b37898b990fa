#include <webp/decode.h>

#include <stdexcept>

#include "runner/trial/data/image.h"

namespace archsweep::runner {

Image decode_webp(const std::string& bytes, std::uint64_t most_pixels) {
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(data, bytes.size(), &features) != VP8_STATUS_OK)
    throw std::runtime_error("the WebP header is damaged");
  if (features.has_animation) throw std::runtime_error("an animated WebP; only stills are read");
  check_size(std::uint64_t(features.width), std::uint64_t(features.height), most_pixels);
  Image image(features.width, features.height, features.has_alpha ? 4 : 3);
  const auto decode = features.has_alpha ? WebPDecodeRGBAInto : WebPDecodeRGBInto;
  if (!decode(data, bytes.size(), image.pixels.data(), image.pixels.size(),
              image.width * image.channels))
    throw std::runtime_error("the WebP data are damaged or end too early");
  return image;
}

}  // namespace archsweep::runner
