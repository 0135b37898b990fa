// Any bytes as a tar file: files whose bytes can be read, or an Error.

#include <stdexcept>

#include "runner/support/error.h"
#include "runner/trial/data/image_files.h"
#include "tests/fuzz/fuzz.h"

using namespace archsweep;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const fuzz::Folder folder;
  folder.write("x.tar", fuzz::text(bytes, size));
  try {
    const auto images = runner::list_tar(folder.path / "x.tar");
    for (std::size_t i = 0; i < images.files.size(); ++i)
      fuzz::require(images.read(i).size() == images.files[i].size, "a file is as long as it says");
  } catch (const Error&) {
  }
  return 0;
}
