#pragma once

// Every architecture's name and facts, from data alone: no LibTorch.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "archs/family.h"

namespace archsweep::archs {

std::span<const Entry> catalog();  // in natural order of the names
const Entry* find(std::string_view name);
// Throws Error, with the nearest name, where there is none.
const Entry& get(std::string_view name);

// Parameters and multiply-accumulates of the architecture as timm builds it (1,000 classes or
// what its weights have, own input size); none of networks for tables, which depend on the columns.
// Data, generated from the built networks and tested against them: archs/facts.cpp.
struct Facts {
  std::string_view name;
  std::int64_t parameters;
  std::int64_t macs;
};
std::optional<Facts> facts(std::string_view name);

// Of the networks that take such input: union of the globs, minus those that begin with '!', in
// natural order; all names when there is no glob to include.
std::vector<const Entry*> select(std::span<const std::string> globs, Input input = Input::image);

// The same for one name, which need not be of the catalog.
bool is_selected(std::string_view name, std::span<const std::string> globs);

// "; did you mean 'resnet50d'?" or "".
std::string suggest(std::string_view name);

}  // namespace archsweep::archs
