#pragma once

// The safetensors format: 8 bytes of length (little-endian), a JSON header of that length, then the
// tensors' bytes. A file is untrusted input: everything the header says is checked before any of it
// is used. No LibTorch; archs/weights/tensors.h makes tensors of it.
// Format: https://github.com/huggingface/safetensors

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace archsweep::archs {

// In the order in which the tensors of a file are laid out: the most strictly aligned first.
enum class Dtype {
  u64,
  i64,
  f64,
  c64,
  f32,
  u32,
  i32,
  bf16,
  f16,
  u16,
  i16,
  f8_e4m3,
  f8_e5m2,
  i8,
  u8,
  boolean
};

std::string_view name_of(Dtype dtype);  // as the header spells it: "F32", "BOOL"
std::size_t bytes_of(Dtype dtype);

struct StoredTensor {
  std::string name;
  Dtype dtype = Dtype::f32;
  std::vector<std::int64_t> shape;  // its product, times bytes_of(dtype), is data.size()
  std::span<const std::byte> data;
};

using Metadata = std::map<std::string, std::string>;

struct Safetensors {
  std::vector<StoredTensor> tensors;  // in the order of their bytes, which they cover without gaps
  Metadata metadata;
};

// The tensors of a whole file, whose bytes must outlive them. Throws Error "NAME: the fault".
Safetensors parse_safetensors(std::span<const std::byte> file, const std::string& name);

// A file in memory. Pages are private to the process (copy on write), so that tensors made of them
// may be written to; the file must not shrink meanwhile.
class MappedSafetensors {
 public:
  // Throws Error: the file cannot be read (Exit::environment), or its content is at fault.
  explicit MappedSafetensors(const std::filesystem::path& path);

  const Safetensors& content() const { return content_; }
  const std::shared_ptr<const void>& mapping() const { return mapping_; }  // keeps the bytes alive

 private:
  std::shared_ptr<const void> mapping_;
  Safetensors content_;
};

// Writes the bytes that Python's safetensors writes for these tensors: ordered by dtype, then by
// name; the header padded with blanks to a multiple of 8. The file appears whole or not at all,
// and is on the disk when this returns. Throws Error (Exit::environment) when it cannot be written.
void write_safetensors(const std::filesystem::path& path, std::vector<StoredTensor> tensors,
                       const Metadata& metadata = {});

}  // namespace archsweep::archs
