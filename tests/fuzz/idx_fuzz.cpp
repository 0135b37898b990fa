// Any bytes as a pair of IDX files: images that can be read, or an Error. The first byte says how
// many of the following bytes are labels.

#include <stdexcept>

#include "runner/support/error.h"
#include "runner/trial/data/source.h"
#include "tests/fuzz/fuzz.h"

using namespace archsweep;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  static const fuzz::Folder folder;
  const auto text = fuzz::text(bytes + 1, size - 1);
  const auto labels = std::min<std::size_t>(bytes[0], text.size());
  folder.write("train-labels-idx1-ubyte", text.substr(0, labels));
  folder.write("train-images-idx3-ubyte", text.substr(labels));
  try {
    const auto source = runner::open_idx(folder.path);
    fuzz::require(source.labels.size() == source.parts.size(), "every image has a part");
    for (const auto label : source.labels)
      fuzz::require(label >= 0 && std::size_t(label) < source.class_names.size(),
                    "a label has a class");
    for (std::size_t i = 0; i < std::min<std::size_t>(source.labels.size(), 4); ++i) {
      const auto image = source.read(i, 8, 3);
      fuzz::require(image.pixels.size() == std::size_t(image.width) * image.height * 3,
                    "an image has its pixels");
    }
  } catch (const Error&) {
  }
  return 0;
}
