#include "archs/weights/pretrained.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "archs/catalog.h"
#include "runner/support/error.h"
#include "runner/support/text.h"

namespace archsweep::archs {

std::string Pretrained::name() const {
  return fmt::format("{}.{}", arch, tag);
}

std::span<const Pretrained> tags_of(std::string_view arch) {
  const auto all = pretrained();
  return {std::ranges::lower_bound(all, arch, {}, &Pretrained::arch),
          std::ranges::upper_bound(all, arch, {}, &Pretrained::arch)};
}

const Pretrained& find_pretrained(std::string_view name) {
  const auto dot = name.find('.');
  const auto arch = name.substr(0, dot);
  const auto tags = tags_of(arch);
  if (tags.empty())
    throw Error(fmt::format("timm has no pretrained weights of {}", get(arch).name));
  const bool by_default = dot == name.npos;
  const auto* entry = find(arch);
  const auto tag = !by_default ? name.substr(dot + 1) : entry ? entry->tag : "";
  const auto at = std::ranges::find(tags, tag, &Pretrained::tag);
  if (at != tags.end()) return *at;
  if (by_default) return tags.front();
  std::vector<std::string> known;
  for (const auto& weights : tags) known.emplace_back(weights.tag);
  throw Error(fmt::format("{} has no weights '{}'{}; there are: {}", arch, tag,
                          did_you_mean(tag, known), fmt::join(known, ", ")));
}

std::string hub_repository(const Pretrained& weights) {
  if (weights.repository == "none")
    throw Error(fmt::format(
        "{}: its weights are not on the hub; convert timm's to safetensors and give the file",
        weights.name()));
  return weights.repository.empty() ? "timm/" + weights.name() : std::string(weights.repository);
}

}  // namespace archsweep::archs
