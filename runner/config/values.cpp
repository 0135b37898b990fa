#include "runner/config/values.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "runner/support/text.h"

namespace archsweep::runner {

void Values::fault(const std::string& place, const std::string& what) {
  if (faults_.size() < 100) faults_.push_back(place + ": " + what);
}

void Values::set(const Key& key, const Node& node) {
  std::visit([&](auto* target) { set(key, node, *target); }, key.target);
}
template <typename T>
requires std::is_arithmetic_v<T>
void Values::set(const Key& key, const Node& node, T& target) {
  const auto value = std::ranges::count(key.words, node.text) ? 0.0 : to_number(node);
  constexpr bool whole = std::is_integral_v<T>;
  if (!value || (whole && (*value != std::floor(*value) || std::abs(*value) > 9e15)))
    return fault(
        node, fmt::format("{}: expected {}{}a {}number, not {}", key.path, fmt::join(key.words, ""),
                          key.words.empty() ? "" : " or ", whole ? "whole " : "", shown(node)));
  if (*value < key.min || *value > key.max)
    return fault(node,
                 key.max == std::numeric_limits<double>::max()
                     ? fmt::format("{}: must be at least {}, not {}", key.path, key.min, node.text)
                     : fmt::format("{}: must be from {} to {}, not {}", key.path, key.min, key.max,
                                   node.text));
  target = static_cast<T>(*value);
}
void Values::set(const Key& key, const Node& node, bool& target) {
  if (node.kind == Node::Kind::scalar && (node.text == "true" || node.text == "false"))
    target = node.text == "true";
  else
    fault(node, fmt::format("{}: expected true or false, not {}", key.path, shown(node)));
}
void Values::set(const Key& key, const Node& node, std::string& target) {
  if (node.kind != Node::Kind::scalar)
    return fault(node, fmt::format("{}: expected a word, not {}", key.path, shown(node)));
  if (!key.words.empty() && std::ranges::find(key.words, node.text) == key.words.end())
    return fault(node, fmt::format("{}: {} is none of {}{}", key.path, shown(node),
                                   fmt::join(key.words, ", "), did_you_mean(node.text, key.words)));
  target = node.text;
}
void Values::set(const Key& key, const Node& node, std::vector<int>& target) {
  if (node.kind != Node::Kind::list || node.items.empty())
    return fault(node, fmt::format("{}: expected a list of numbers, such as [1, 32]", key.path));
  target.clear();
  for (const auto& item : node.items) {
    int value = 0;
    set(key, item, value);
    if (!key.each_once || std::ranges::find(target, value) == target.end()) target.push_back(value);
  }
}
void Values::set(const Key& key, const Node& node, std::vector<std::string>& target) {
  if (node.kind != Node::Kind::list)
    return fault(node, fmt::format("{}: expected a list of words, such as [a, b]", key.path));
  target.clear();
  for (const auto& item : node.items) set(key, item, target.emplace_back());
}

template void Values::set(const Key&, const Node&, int&);
template void Values::set(const Key&, const Node&, double&);
template void Values::set(const Key&, const Node&, std::uint64_t&);

}  // namespace archsweep::runner
