#include "archs/catalog.h"

#include <algorithm>
#include <array>

#include "archs/families.h"
#include "runner/support/error.h"
#include "runner/support/text.h"

namespace archsweep::archs {
namespace {

constexpr auto count = std::apply(
    [](const auto&... family) { return (std::size_t{0} + ... + family.variants.size()); },
    families);

constexpr auto by_name = [] {
  std::array<Entry, count> all{};
  auto next = all.begin();
  auto append = [&](const auto& family) {
    for (const auto& v : family.variants)
      *next++ = {v.name, family.name, v.tag, v.preprocessing, family.input};
  };
  std::apply([&](const auto&... family) { (append(family), ...); }, families);
  std::ranges::sort(all, {}, &Entry::name);
  return all;
}();

static_assert(std::ranges::adjacent_find(by_name, {}, &Entry::name) == by_name.end(),
              "two architectures share a name");

}  // namespace

std::span<const Entry> catalog() {
  static const auto natural = [] {
    auto all = by_name;
    std::ranges::sort(all, natural_less, &Entry::name);
    return all;
  }();
  return natural;
}

const Entry* find(std::string_view name) {
  const auto at = std::ranges::lower_bound(by_name, name, {}, &Entry::name);
  return at != by_name.end() && at->name == name ? &*at : nullptr;
}

const Entry& get(std::string_view name) {
  const auto* entry = find(name);
  if (!entry) throw Error("unknown architecture '" + printable(name, 80) + "'" + suggest(name));
  return *entry;
}

bool is_selected(std::string_view name, std::span<const std::string> globs) {
  const auto excludes = [](const std::string& glob) { return glob.starts_with('!'); };
  bool in = std::ranges::all_of(globs, excludes);
  for (const auto& glob : globs)
    if (!excludes(glob)) in = in || glob_match(glob, name);
  for (const auto& glob : globs)
    if (excludes(glob)) in = in && !glob_match(std::string_view(glob).substr(1), name);
  return in;
}

std::vector<const Entry*> select(std::span<const std::string> globs, Input input) {
  std::vector<const Entry*> chosen;
  for (const Entry& entry : catalog())
    if (entry.input == input && is_selected(entry.name, globs)) chosen.push_back(&entry);
  return chosen;
}

std::string suggest(std::string_view name) {
  std::vector<std::string> names;
  for (const Entry& entry : by_name) names.emplace_back(entry.name);
  return did_you_mean(name, names);
}

}  // namespace archsweep::archs
