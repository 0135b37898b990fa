#include "runner/config/augmentation.h"

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "runner/support/text.h"

namespace archsweep::runner {
namespace {

AugmentStep read_step(const std::string& name, const Node* given, const Node& where,
                      Values& values) {
  const auto& kind = *std::ranges::find(augment_kinds(), name, &AugmentKind::name);
  AugmentStep step{name, {}};
  std::vector<std::string> words;
  for (const auto& p : kind.parameters)
    if (!p.name.empty()) step.parameters[std::string(p.name)] = p.value, words.emplace_back(p.name);
  const auto put = [&](const AugmentParameter& p, const Node& value) {
    const std::string path = fmt::format("augmentation.{}.{}", name, p.name);
    values.set(Key{path, Target(static_cast<double*>(nullptr)), "", {}, p.min, p.max}, value,
               step.parameters[std::string(p.name)]);
  };
  if (given && given->kind == Node::Kind::map) {
    for (const auto& [key, value] : given->members) {
      const auto p = std::ranges::find(kind.parameters, key.text, &AugmentParameter::name);
      if (key.text.empty() || p == kind.parameters.end())
        values.fault(key, fmt::format("unknown key 'augmentation.{}.{}'{}", name, key.text,
                                      did_you_mean(key.text, words)));
      else
        put(*p, value);
    }
  } else if (given && given->kind == Node::Kind::scalar) {
    if (words.empty())
      values.fault(*given, fmt::format("augmentation.{}: has no parameters", name));
    else
      put(kind.parameters[0], *given);
  } else if (given && given->kind == Node::Kind::list) {
    values.fault(where,
                 fmt::format("augmentation.{}: expected a value or {{parameter: value}}", name));
  }
  return step;
}

std::vector<AugmentStep> read_steps(const Node& node, Values& values) {
  std::vector<std::string> names;
  for (const auto& kind : augment_kinds()) names.emplace_back(kind.name);
  std::vector<AugmentStep> steps;
  for (const auto& item : node.items) {
    if (item.kind != Node::Kind::scalar &&
        (item.kind != Node::Kind::map || item.members.size() != 1)) {
      values.fault(item, "augmentation: a step is a name, or {name: {parameter: value}}");
      continue;
    }
    const auto& name = item.kind == Node::Kind::scalar ? item : item.members[0].key;
    if (std::ranges::find(names, name.text) == names.end()) {
      values.fault(name, fmt::format("augmentation: unknown step {}{}", shown(name),
                                     did_you_mean(name.text, names)));
      continue;
    }
    if (!augment_kind(name.text).on_batch && !steps.empty() &&
        augment_kind(steps.back().name).on_batch)
      values.fault(name,
                   fmt::format("augmentation: {} works on single images: put it before {}, which "
                               "works on batches",
                               name.text, steps.back().name));
    steps.push_back(read_step(
        name.text, item.kind == Node::Kind::map ? &item.members[0].value : nullptr, item, values));
  }
  return steps;
}

}  // namespace

std::vector<AugmentStep> read_augmentation(const Node& document, Values& values) {
  const auto* node = document.find("augmentation");
  if (!node) return {};
  if (node->kind == Node::Kind::list) return read_steps(*node, values);
  std::vector<std::string> words;
  for (const auto& word : augment_words()) {
    if (node->kind == Node::Kind::scalar && node->text == word.name)
      return read_steps(read_value(std::string(word.steps), node->place), values);
    words.emplace_back(word.name);
  }
  values.fault(*node,
               fmt::format("augmentation: {} is none of {}, or a list of steps{}", shown(*node),
                           fmt::join(words, ", "), did_you_mean(node->text, words)));
  return {};
}

}  // namespace archsweep::runner
