#include "archs/weights/tensors.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include <fmt/format.h>

#include "runner/support/error.h"

namespace archsweep::archs {
namespace {

// In the order of Dtype.
constexpr torch::ScalarType scalar_types[] = {
    torch::kUInt64,      torch::kInt64,  torch::kFloat64, torch::kComplexFloat,
    torch::kFloat32,     torch::kUInt32, torch::kInt32,   torch::kBFloat16,
    torch::kFloat16,     torch::kUInt16, torch::kInt16,   torch::kFloat8_e4m3fn,
    torch::kFloat8_e5m2, torch::kInt8,   torch::kUInt8,   torch::kBool,
};

torch::Tensor tensor_of(const StoredTensor& stored, const std::shared_ptr<const void>& mapping) {
  const auto type = scalar_types[static_cast<int>(stored.dtype)];
  const auto address = reinterpret_cast<std::uintptr_t>(stored.data.data());
  if (stored.data.empty() || address % bytes_of(stored.dtype) != 0) {
    auto copy = torch::empty(stored.shape, type);
    if (!stored.data.empty()) std::memcpy(copy.data_ptr(), stored.data.data(), stored.data.size());
    return copy;
  }
  return torch::from_blob(
      const_cast<std::byte*>(stored.data.data()), stored.shape, [mapping](void*) {}, type);
}

}  // namespace

NamedTensors read_tensors(const std::filesystem::path& path, Metadata* metadata) {
  const MappedSafetensors file(path);
  if (metadata) *metadata = file.content().metadata;
  NamedTensors tensors;
  for (const auto& stored : file.content().tensors)
    tensors.emplace_back(stored.name, tensor_of(stored, file.mapping()));
  return tensors;
}

void write_tensors(const std::filesystem::path& path, const NamedTensors& tensors,
                   const Metadata& metadata) {
  NamedTensors plain;  // keeps the bytes that `stored` points to
  std::vector<StoredTensor> stored;
  for (const auto& [name, given] : tensors) {
    const auto& tensor = plain.emplace_back(name, given.detach().cpu().contiguous()).second;
    const auto at = std::ranges::find(scalar_types, tensor.scalar_type());
    if (at == std::end(scalar_types))
      throw Error(
          fmt::format("{}: tensor '{}' has a dtype that safetensors lacks", path.string(), name));
    stored.push_back(
        {.name = name,
         .dtype = static_cast<Dtype>(at - std::begin(scalar_types)),
         .shape = tensor.sizes().vec(),
         .data = {static_cast<const std::byte*>(tensor.const_data_ptr()), tensor.nbytes()}});
  }
  write_safetensors(path, std::move(stored), metadata);
}

}  // namespace archsweep::archs
