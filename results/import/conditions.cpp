#include "results/import/conditions.h"

#include <span>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "runner/support/text.h"

namespace archsweep::results {
namespace {

// "113" is 1.13, "291" is 2.9.1, as timm's names have them.
std::string torch_version(std::string_view digits) {
  if (digits.size() != 3) return std::string(digits);
  if (digits[0] == '1') return fmt::format("1.{}", digits.substr(1));
  return fmt::format("{}.{}.{}", digits[0], digits[1], digits[2]);
}

std::string cuda_version(std::string_view digits) {
  return fmt::format("{}.{}", digits.substr(0, digits.size() - 1),
                     digits.substr(digits.size() - 1));
}

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

}  // namespace

Conditions conditions(const std::filesystem::path& file) {
  const auto stem = file.stem().string();
  Conditions c;
  if (stem.starts_with("results-")) c.dataset = stem.substr(8);
  const auto parts = split(stem, '-');
  if (parts.size() < 5 || parts[0] != "benchmark") return c;
  constexpr std::pair<std::string_view, std::string_view> precisions[] = {
      {"fp32", "float32"},
      {"fp16", "float16"},
      {"bf16", "bfloat16"},
      {"amp", "amp"},
      {"amp_bf16", "amp_bfloat16"}};
  for (const auto& [short_word, dtype] : precisions)
    if (parts[2] == short_word) c.dtype = dtype;
  c.layout = parts[3] == "nhwc" ? "channels_last" : parts[3] == "nchw" ? "contiguous" : "";
  for (const auto& part : std::span(parts).subspan(4)) {
    const std::string_view digits =
        std::string_view(part).substr(std::min<std::size_t>(2, part.size()));
    if (part.starts_with("pt") && is_number(digits)) {
      c.versions = "PyTorch " + torch_version(digits);
    } else if (part.starts_with("cu") && is_number(digits) && digits.size() > 1) {
      c.versions += fmt::format("{}CUDA {}", c.versions.empty() ? "" : ", ", cuda_version(digits));
    } else if (part == "dynamo") {
      c.versions += ", compiled";
    } else {
      const auto card = part.starts_with("rtx") ? part.substr(3) : part;
      c.device_name +=
          (c.device_name.empty() ? "" : " ") + (is_number(card) ? "RTX " + card : part);
    }
  }
  return c;
}

}  // namespace archsweep::results
