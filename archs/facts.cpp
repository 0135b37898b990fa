#include <algorithm>
#include <iterator>

#include "archs/catalog.h"

namespace archsweep::archs {
namespace {

// Sorted by name. Written by `archsweep-trial facts`.
constexpr Facts table[] = {
    {"", 0, 0},
};

}  // namespace

std::optional<Facts> facts(std::string_view name) {
  const auto at = std::ranges::lower_bound(table, name, {}, &Facts::name);
  if (at == std::end(table) || at->name != name) return std::nullopt;
  return *at;
}

}  // namespace archsweep::archs
