// Any bytes as a photo, of every format: a picture of the promised size, or a reason.

#include <stdexcept>

#include "runner/trial/data/image.h"
#include "tests/fuzz/fuzz.h"

using namespace archsweep;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string text(fuzz::text(bytes, size));
  for (const int channels : {1, 3}) try {
      const auto image = runner::decode_image(text, 16, channels);
      fuzz::require(image.width > 0 && image.height > 0 && image.channels == channels,
                    "a picture has a size");
      fuzz::require(image.pixels.size() == std::size_t(image.width) * image.height * channels,
                    "a picture has its pixels");
      std::vector<std::uint8_t> out(16 * 16 * std::size_t(channels));
      for (const char* how : {"crop", "squish", "pad"})
        runner::to_square(image, how, 16, out.data());
    } catch (const std::runtime_error& e) {
      fuzz::require(*e.what(), "a reason is given");
    }
  return 0;
}
