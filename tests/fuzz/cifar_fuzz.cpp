// Any bytes as a file of CIFAR-100: images that can be read, or an Error.

#include "runner/support/error.h"
#include "runner/trial/data/source.h"
#include "tests/fuzz/fuzz.h"

using namespace archsweep;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const fuzz::Folder folder;
  folder.write("train.bin", fuzz::text(bytes, size));
  try {
    const auto source = runner::open_cifar(folder.path, "cifar100");
    for (std::size_t i = 0; i < source.labels.size(); ++i) {
      fuzz::require(source.labels[i] >= 0 && source.labels[i] < 100, "a label has a class");
      fuzz::require(source.read(i, 8, 3).pixels.size() == 3072, "an image has its pixels");
    }
  } catch (const Error&) {
  }
  return 0;
}
