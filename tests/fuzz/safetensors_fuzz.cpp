// Any bytes as a safetensors file: either an Error, or tensors whose bytes lie within it and cover
// its data.

#include <cstdint>
#include <cstdlib>

#include "archs/weights/safetensors.h"
#include "runner/support/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::span file(reinterpret_cast<const std::byte*>(bytes), size);
  try {
    const auto content = archsweep::archs::parse_safetensors(file, "fuzz");
    std::size_t covered = 0;
    for (const auto& tensor : content.tensors) {
      if (tensor.data.data() < file.data() ||
          tensor.data.data() + tensor.data.size() > file.data() + file.size())
        std::abort();
      covered += tensor.data.size();
    }
    if (covered + 8 > size) std::abort();
  } catch (const archsweep::Error&) {
  }
  return 0;
}
