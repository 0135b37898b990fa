#include "runner/trial/logits.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <span>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "archs/weights/safetensors.h"
#include "runner/support/error.h"

namespace archsweep::runner {
namespace {

using archs::Dtype;

constexpr const char* about_key = "archsweep_logits";

template <typename T>
archs::StoredTensor stored(const char* name, Dtype dtype, std::vector<std::int64_t> shape,
                           const std::vector<T>& values) {
  return {name, dtype, std::move(shape), std::as_bytes(std::span(values))};
}

// Where a header has placed it off its alignment too.
template <typename T>
std::vector<T> values_of(const archs::StoredTensor& tensor) {
  std::vector<T> values(tensor.data.size() / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), tensor.data.data(), tensor.data.size());
  return values;
}

const archs::StoredTensor& find(const archs::Safetensors& content, const std::string& name,
                                Dtype dtype, std::size_t rank) {
  const auto at = std::ranges::find(content.tensors, name, &archs::StoredTensor::name);
  if (at == content.tensors.end() || at->dtype != dtype || at->shape.size() != rank)
    throw Error(
        fmt::format("no tensor '{}' of {} and {} dimensions", name, archs::name_of(dtype), rank));
  return *at;
}

KeptLogits checked(const archs::Safetensors& content) {
  if (!content.metadata.contains(about_key))
    throw Error("not of archsweep: no " + std::string(about_key));
  const auto about = nlohmann::json::parse(content.metadata.at(about_key));
  const auto& logits = find(content, "logits", Dtype::f16, 2);
  const auto& labels = find(content, "labels", Dtype::i32, 1);
  const auto& images = find(content, "images", Dtype::u32, 1);
  KeptLogits kept{.class_names = about.at("class_names").get<std::vector<std::string>>(),
                  .split_hash = about.at("split_hash").get<std::string>(),
                  .logits = values_of<std::uint16_t>(logits),
                  .labels = values_of<std::int32_t>(labels),
                  .images = values_of<std::uint32_t>(images)};
  const auto count = logits.shape[0], classes = logits.shape[1];
  if (count < 1 || classes < 2) throw Error("no images, or less than two classes");
  if (labels.shape[0] != count || images.shape[0] != count ||
      std::ssize(kept.class_names) != classes)
    throw Error(
        fmt::format("logits of {} images and {} classes, but {} labels, {} images and {} "
                    "names of classes",
                    count, classes, labels.shape[0], images.shape[0], kept.class_names.size()));
  for (const auto label : kept.labels)
    if (label < 0 || label >= classes) throw Error(fmt::format("a label {}", label));
  const auto odd = std::ranges::find_if(
      kept.logits, [](std::uint16_t bits) { return !std::isfinite(from_float16(bits)); });
  if (odd != kept.logits.end())
    throw Error(
        fmt::format("a logit of image {} is not finite", (odd - kept.logits.begin()) / classes));
  return kept;
}

}  // namespace

// IEEE 754: a sign, 5 bits of exponent, 10 of fraction.
float from_float16(std::uint16_t bits) {
  const int exponent = bits >> 10 & 31, fraction = bits & 1023;
  float value;
  if (exponent == 31)
    value =
        fraction ? std::numeric_limits<float>::quiet_NaN() : std::numeric_limits<float>::infinity();
  else
    value = exponent == 0 ? std::ldexp(float(fraction), -24)
                          : std::ldexp(float(fraction + 1024), exponent - 25);
  return bits & 0x8000 ? -value : value;
}

void write_logits(const std::filesystem::path& file, const KeptLogits& kept) {
  std::error_code ignored;  // writing tells why
  std::filesystem::create_directories(file.parent_path(), ignored);
  const nlohmann::json about{{"class_names", kept.class_names}, {"split_hash", kept.split_hash}};
  const auto count = std::ssize(kept.labels), classes = std::ssize(kept.class_names);
  archs::write_safetensors(
      file,
      {stored("logits", Dtype::f16, {count, classes}, kept.logits),
       stored("labels", Dtype::i32, {count}, kept.labels),
       stored("images", Dtype::u32, {count}, kept.images)},
      {{about_key, about.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)}});
}

KeptLogits read_logits(const std::filesystem::path& file) {
  const archs::MappedSafetensors mapped(file);
  try {
    return checked(mapped.content());
  } catch (const std::exception& e) {
    throw Error(fmt::format("{}: not a trial's validation logits: {}", file.string(), e.what()));
  }
}

}  // namespace archsweep::runner
