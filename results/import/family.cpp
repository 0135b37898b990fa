#include "results/import/family.h"

namespace archsweep::results {

std::string spelled_family(std::string_view architecture) {
  const auto ends = [&](std::size_t at) {
    const auto rest = architecture.substr(at);
    return rest.empty() || rest[0] == '_' || (rest[0] >= '0' && rest[0] <= '9');
  };
  const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
  for (std::size_t n = 1; n <= architecture.size() && is_letter(architecture[n - 1]); ++n) {
    const auto rest = architecture.substr(n);
    if (rest.starts_with("v2") && ends(n + 2)) return std::string(architecture.substr(0, n + 2));
    if (ends(n)) return std::string(architecture.substr(0, n));
  }
  return "";
}

std::string image_model_family(std::string_view architecture, std::string_view tag) {
  auto family = spelled_family(architecture);
  const auto has = [](std::string_view text, std::string_view word) {
    return text.find(word) != text.npos;
  };
  if (has(architecture, "in22") || has(tag, "in22")) family += "_in22";
  if (const auto at = architecture.find("resnet"); at != architecture.npos)
    if (has(architecture.substr(at + 6), "d")) family += "d";
  if (architecture.ends_with("gn")) family += "_gn";
  return family;
}

std::string fine_tuning_family(std::string_view architecture) {
  auto family = spelled_family(architecture);
  return family == "swinv2" ? "swin" : family;
}

}  // namespace archsweep::results
